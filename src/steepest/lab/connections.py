"""Connections: how many are open, which of them is closed for a new one, and what hears of their requests."""

from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.iostream import IOStream

from steepest.lab.answers import Refusal
from steepest.lab.exchange import Exchange, Say
from steepest.lab.requests import Door
from steepest.lab.server_settings import ServerSettings

MALFORMED = b"HTTP/1.1 400 Bad Request\r\n\r\n"  # what tornado itself says to a request that it cannot read
UNREADABLE = Refusal(400, "this is no request of HTTP/1.1.").answer.raw()


class Connections(HTTPServerConnectionDelegate):
    """All open connections.

    Of too many the one is closed that has waited longest without a request under way, so that connections which never say
    anything cannot keep others out; only where all have one, the one whose request came first.

    Args:
        door: lets requests in.
        settings: bounds.
        log: takes a line for each answer, or None.
        warn: takes a line where something goes wrong inside.
    """

    def __init__(self, door: Door, settings: ServerSettings, log: Say | None, warn: Say) -> None:
        self._door, self._settings, self._log, self._warn = door, settings, log, warn
        self._waiting: dict[IOStream, None] = {}
        self._busy: dict[IOStream, None] = {}
        self.http = _Http(
            self,
            max_header_size=settings.header_bytes,
            idle_connection_timeout=settings.header_seconds,
            body_timeout=settings.body_seconds,
        )

    def opened(self, stream: IOStream) -> None:
        """Take note of a connection, and close another where there are too many."""
        while len(self._waiting) + len(self._busy) >= self._settings.most_connections:
            among = self._waiting or self._busy
            oldest = next(iter(among))
            del among[oldest]
            oldest.close()
        self._waiting[stream] = None

    def closed(self, stream: IOStream) -> None:
        """Take note that a connection is no more."""
        self._waiting.pop(stream, None)
        self._busy.pop(stream, None)

    def start_request(self, server_conn: object, request_conn: Any) -> Exchange:
        """Give what hears of the next request on a connection."""
        stream = request_conn.stream

        def hold(busy: bool) -> None:
            self.closed(stream)
            if not stream.closed():
                (self._busy if busy else self._waiting)[stream] = None

        return Exchange(self._door, request_conn, self._settings, hold, self._log, self._warn)

    async def close(self) -> None:
        """Close all connections and wait until that is done."""
        self.http.stop()
        await self.http.close_all_connections()


class _Http(HTTPServer):
    """Tornado's server, which also tells of each new connection and gives its own refusals our headers."""

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Take a new connection."""
        self.request_callback.opened(stream)  # type: ignore[union-attr]  # Connections
        write = stream.write

        def with_headers(data: Any) -> Any:
            return write(UNREADABLE if data == MALFORMED else data)

        stream.write = with_headers  # type: ignore[method-assign]
        super().handle_stream(stream, address)

    def on_close(self, server_conn: Any) -> None:
        """Let go of a connection."""
        self.request_callback.closed(server_conn.stream)  # type: ignore[union-attr]  # Connections
        super().on_close(server_conn)
