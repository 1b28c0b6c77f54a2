"""Server: the lab's sockets and connections, from the first to the last."""

import asyncio
import contextlib
import errno
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets

from steepest.errors import UsageError
from steepest.lab.answers import HTML, Answer, Refusal
from steepest.lab.exchange import Exchange, Say
from steepest.lab.hosts import Hosts, bracketed, checked_names, is_loopback
from steepest.lab.jobs import Reader
from steepest.lab.page import lab_page
from steepest.lab.posts import Bounds, Posts
from steepest.lab.requests import Door
from steepest.lab.sessions import Sessions

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
MALFORMED = b"HTTP/1.1 400 Bad Request\r\n\r\n"  # what tornado itself says to a request that it cannot read
UNREADABLE = Refusal(400, "this is no request of HTTP/1.1.").answer.raw()


@dataclass(frozen=True)
class Options:
    """How the server is reached, and what it bears.

    Args:
        address: to listen on.
        port: 0 for any that is free.
        hosts: further names that lead here.
        token: that a session begins with, or None.
        upload_limit: bytes of a file, unpacked.
        job_seconds: of reading a table.
        jobs_at_once: readers that run at the same time.
        idle_seconds: until a session ends that is not heard of.
        most_folders: sessions with a file.
        most_connections: for one more the one longest without a request is closed.
        header_seconds: for the headers of a request, and between two requests.
        body_seconds: for the body of a post.
        upload_seconds: for the body of an upload.
        answer_seconds: that a client may take to receive an answer.
        header_bytes: that the headers of a request may have.
    """

    address: str = "127.0.0.1"
    port: int = 8008
    hosts: tuple[str, ...] = ()
    token: str | None = None
    upload_limit: int = 100_000_000
    job_seconds: float = 120.0
    jobs_at_once: int = 2
    idle_seconds: float = 1800.0
    most_folders: int = 100
    most_connections: int = 500
    header_seconds: float = 20.0
    body_seconds: float = 20.0
    upload_seconds: float = 600.0
    answer_seconds: float = 60.0
    header_bytes: int = 16_384


def new_token() -> str:
    """Return a token that can be typed: four groups of five, 99 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


@contextlib.contextmanager
def listening(options: Options) -> Iterator[list[socket.socket]]:
    """Give the sockets to be served; none is open afterwards.

    Raises:
        UsageError: the port is in use, or the address is none of this machine's.
    """
    if not is_loopback(options.address) and options.token is None:
        raise UsageError(f"address {options.address} can be reached by others, so a token is needed.")
    checked_names(options.hosts)
    try:
        sockets = bind_sockets(options.port, options.address)
    except OSError as error:
        raise UsageError(_why_not(error, options)) from None
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


def _why_not(error: OSError, options: Options) -> str:
    """Say why the server cannot listen there."""
    if error.errno == errno.EADDRINUSE:
        return f"port {options.port} is in use by another program. Give another with --port N, or --port 0 for any that is free."
    if error.errno == errno.EACCES:
        return f"port {options.port} is kept for the system. Give one of 1024 and more, or --port 0 for any that is free."
    return f"address {options.address} is none of this machine's. Leave --address out to be reached from here only."


class Server:
    """Serves the lab on sockets until it is told to stop.

    Args:
        sockets: of `listening`.
        options: as there.
        given: the payload of the command line's table, as JSON, or None.
        log: takes a line for each answer, or None.
        warn: takes a line where something goes wrong inside.
    """

    def __init__(
        self,
        sockets: list[socket.socket],
        options: Options,
        *,
        given: bytes | None = None,
        log: Say | None = None,
        warn: Say = lambda line: None,
    ) -> None:
        self._sockets, self._options, self._given, self._log, self._warn = sockets, options, given, log, warn
        self.port: int = sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """The address to open in the browser."""
        anywhere = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}
        name = anywhere.get(self._options.address, bracketed(self._options.address))
        return f"http://{name}:{self.port}/"

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is set; then nothing of any session is left.

        Args:
            stop: ends the server.
            ready: called once answers are given.
        """
        options = self._options
        sessions = Sessions(options.idle_seconds, options.most_folders)
        server = _Connections(self._door(sessions), options, self._log, self._warn)
        server.http.add_sockets(self._sockets)
        sweeper = asyncio.create_task(_sweep(sessions, options.idle_seconds))
        try:
            ready()
            await stop.wait()
        finally:
            sweeper.cancel()
            server.http.stop()
            sessions.end_all()
            await server.close()
            sessions.end_all()

    def _door(self, sessions: Sessions) -> Door:
        options = self._options
        html, policy = lab_page()
        page = Answer(200, html, HTML, {"Content-Security-Policy": policy})
        bounds = Bounds(options.upload_limit, options.job_seconds, options.idle_seconds)
        reader = Reader(options.job_seconds, options.jobs_at_once)
        posts = Posts(sessions, reader, bounds, self._given, options.token)
        return Door(Hosts(options.address, self.port, checked_names(options.hosts)), page, posts)


class _Connections(HTTPServerConnectionDelegate):
    """Open connections, the one longest without a request first."""

    def __init__(self, door: Door, options: Options, log: Say | None, warn: Say) -> None:
        self._door, self._options, self._log, self._warn = door, options, log, warn
        self._streams: dict[IOStream, None] = {}
        self._exchanges: set[Exchange] = set()
        self.http = _Http(
            self,
            max_header_size=options.header_bytes,
            idle_connection_timeout=options.header_seconds,
            body_timeout=options.body_seconds,
        )

    def opened(self, stream: IOStream) -> None:
        """Take note of a connection, and close another where there are too many."""
        self._streams = {one: None for one in self._streams if not one.closed()}
        while len(self._streams) >= self._options.most_connections:
            oldest = next(iter(self._streams))
            del self._streams[oldest]
            oldest.close()
        self._streams[stream] = None

    def start_request(self, server_conn: object, request_conn: Any) -> Exchange:
        """Give what hears of the next request on a connection."""
        return Exchange(
            self._door, request_conn, self._options.upload_seconds, self._options.answer_seconds, self._log, self._warn
        )

    async def close(self) -> None:
        """Close all connections."""
        await self.http.close_all_connections()


class _Http(HTTPServer):
    """Tornado's server, which also tells of each new connection and gives its own refusals our headers."""

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Take a new connection."""
        self.request_callback.opened(stream)  # type: ignore[union-attr]  # _Connections
        write = stream.write

        def with_headers(data: Any) -> Any:
            return write(UNREADABLE if data == MALFORMED else data)

        stream.write = with_headers  # type: ignore[method-assign]
        super().handle_stream(stream, address)


async def _sweep(sessions: Sessions, idle_seconds: float) -> None:
    """End idle sessions, soon after they have become so."""
    while True:
        await asyncio.sleep(min(30.0, idle_seconds / 4))
        sessions.end_idle()
