"""Connection: one client's, with what uvicorn leaves unbounded: waiting for a request, for the taking of an answer, and how many."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from steepest.lab.answers import ALWAYS, JSON, Refusal
from steepest.lab.server_settings import ServerSettings

UNREADABLE = Refusal(400, "this is no request of HTTP/1.1.")


class Connection(H11Protocol):
    """A connection that ends where its client lets it wait.

    Of too many connections the one is closed that has waited longest for a request, so that those which never say anything
    cannot keep others out; where none waits for one, the oldest that waits for a body.

    Args:
        settings: bounds.
        options: those of uvicorn.
    """

    def __init__(self, settings: ServerSettings, **options: Any) -> None:
        super().__init__(**options)
        self._settings, self._since = settings, self.loop.time()
        self._limit: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request, and close another connection where there are too many."""
        self._make_room()
        super().connection_made(transport)
        self._wait(self._settings.header_seconds)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a part of the headers give no more time."""
        super().data_received(data)
        if not self.is_idle and not self.flow.write_paused:
            self._wait(None)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if self.is_idle:
            self._since = self.loop.time()
            self._wait(self._settings.header_seconds)

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was sent."""
        super().pause_writing()
        self._wait(self._settings.answer_seconds)

    def resume_writing(self) -> None:
        """The client has taken it."""
        super().resume_writing()
        self._wait(self._settings.header_seconds if self.is_idle else None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        self._wait(None)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with the headers of every answer, unless an answer is on its way."""
        if self.is_idle or not self.cycle.response_started:
            headers = {**ALWAYS, "Content-Type": JSON, "Content-Length": len(UNREADABLE.body), "Connection": "close"}
            lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in headers.items())]
            self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + UNREADABLE.body)
        self.transport.close()

    def shutdown(self) -> None:
        """End at once where the client is in no need of an answer, else once it has it."""
        if self.is_idle or self.cycle.more_body:
            self.transport.abort()
        else:
            super().shutdown()

    def _wait(self, seconds: float | None) -> None:
        """Close the connection after so long, or never."""
        if self._limit is not None:
            self._limit.cancel()
        self._limit = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def _make_room(self) -> None:
        """Close the connection that has waited longest, where there are too many."""
        if len(self.connections) < self._settings.most_connections:
            return
        ours = [one for one in self.connections if isinstance(one, Connection)]
        waiting = [one for one in ours if one.is_idle] or [one for one in ours if one.cycle.more_body]
        if waiting:
            oldest = min(waiting, key=lambda one: one._since)
            self.connections.discard(oldest)
            oldest.transport.abort()
