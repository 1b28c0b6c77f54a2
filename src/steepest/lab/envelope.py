"""Envelope: what every request and its answer have in common: the guard, headers, refusals and a line for the terminal."""

import asyncio
import contextlib
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steepest.lab.answers import ALWAYS, JSON, Refusal
from steepest.lab.guard import Guard
from steepest.support.words import printable

LINGER_BYTES, LINGER_SECONDS = 1 << 24, 2.0
PIECE = 1 << 16  # bytes of an answer that wait for their client at a time
INTERNAL = Refusal(500, "something went wrong inside the server. Reload the page; its terminal says where it happened.")
CROWDED = Refusal(503, "the server is at work on as much as it can do. Try again in a minute.")

Say = Callable[[str], None]
"""Takes a line for the terminal."""


class Envelope:
    """Middleware around all addresses.

    Args:
        app: answers what the guard lets in, and may raise Refusal.
        guard: lets requests in.
        log: takes a line for each answer, or None.
        warn: takes a line where something goes wrong inside.
    """

    def __init__(self, app: ASGIApp, guard: Guard, log: Say | None, warn: Say) -> None:
        self._app, self._guard, self._log, self._warn, self._open = app, guard, log, warn, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever becomes of it."""
        if scope["type"] != "http":
            return
        exchange, began = _Exchange(scope, receive, send), time.monotonic()
        self._open += 1
        try:
            if self._open > self._guard.settings.most_connections:
                raise CROWDED
            self._guard.check(scope)
            await self._app(scope, exchange.receive, exchange.send)
        except Refusal as refusal:
            await exchange.refuse(refusal)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except Exception as error:
            self._tell(error)
            await exchange.refuse(INTERNAL)
        finally:
            self._open -= 1
            if self._log and exchange.status:
                line, took = f"{scope['method']} {scope['raw_path'].decode('latin-1')}", time.monotonic() - began
                self._log(f"{printable(line[:120])} {exchange.status}, {exchange.sent:,} bytes, {took:.3f} s")

    def _tell(self, error: Exception) -> None:
        """Say in the terminal where it happened, without values: they may be somebody's data."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        self._warn(f"Inside the server: {type(error).__name__} at {Path(place.filename).name}, line {place.lineno}.")


@dataclass
class _Exchange:
    """A request's way in and its answer's way out: what has come, and what has gone."""

    scope: Scope
    incoming: Receive
    outgoing: Send
    status: int = 0
    sent: int = 0
    has_ended: bool = field(default=False)

    async def receive(self) -> Message:
        """Take the next part of the request."""
        message = await self.incoming()
        self.has_ended = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer: the headers of every one, and no more of its body than its client takes."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {name.lower() for name, _ in message["headers"]}
            always = [(name.lower().encode(), value.encode()) for name, value in ALWAYS.items()]
            more = [(name, value) for name, value in always if name not in own]
            await self.outgoing({**message, "headers": [*more, *message["headers"]]})
            return
        body = message.get("body", b"")
        self.sent += len(body)
        for first in range(0, len(body) - PIECE, PIECE):
            await self.outgoing({**message, "body": body[first : first + PIECE], "more_body": True})
        await self.outgoing({**message, "body": body[len(body) and (len(body) - 1) // PIECE * PIECE :]})

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal; where the body is not read to its end, the connection is closed after it.

        A connection that is closed with bytes unread is reset, and the client may never see the answer: so the rest is read
        and thrown away for a while. A client that waits to be told to go on (Expect) sends none.
        """
        if self.status:
            raise refusal  # too late: an answer is on its way already, and is cut
        unread = not self.has_ended
        headers = {**refusal.headers, **({"Connection": "close"} if unread else {})}
        whole = Response(refusal.body, refusal.status, headers, JSON)
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": whole.raw_headers})
        await self.send({"type": "http.response.body", "body": refusal.body, "more_body": unread})
        if unread:
            if not any(name == b"expect" for name, _ in self.scope["headers"]):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._discard(), LINGER_SECONDS)
            await self.send({"type": "http.response.body", "body": b""})

    async def _discard(self) -> None:
        """Read the rest of the body, up to a bound."""
        size = 0
        while not self.has_ended and size <= LINGER_BYTES:
            size += len((await self.receive()).get("body", b""))
