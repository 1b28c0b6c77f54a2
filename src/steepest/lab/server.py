"""Server: the lab's sockets and connections, from the first to the last."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

from tornado.netutil import bind_sockets

from steepest.errors import UsageError
from steepest.lab.answers import HTML, Answer
from steepest.lab.connections import Connections
from steepest.lab.exchange import Say
from steepest.lab.hosts import Hosts, bracketed, checked_names, is_loopback
from steepest.lab.jobs import Reader
from steepest.lab.options import Options
from steepest.lab.page import lab_page
from steepest.lab.posts import Bounds, Posts
from steepest.lab.requests import Door
from steepest.lab.sessions import Sessions


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
        return (
            f"port {options.port} is kept for the system. Give one of 1024 and more, or --port 0 for any that is free."
        )
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
        """The address to open in a browser; of a server that listens everywhere, this machine's name."""
        everywhere = self._options.address in ("0.0.0.0", "::")
        return self._address_of(socket.gethostname() if everywhere else bracketed(self._options.address))

    @property
    def url_here(self) -> str:
        """The address to open in a browser on this machine."""
        here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
        return self._address_of(here.get(self._options.address, bracketed(self._options.address)))

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is set; then nothing of any session is left.

        Args:
            stop: ends the server.
            ready: called once answers are given.
        """
        options = self._options
        sessions = Sessions(options.idle_seconds, options.most_folders)
        connections = Connections(self._door(sessions), options, self._log, self._warn)
        connections.http.add_sockets(self._sockets)
        sweeper = asyncio.create_task(_sweep(sessions, options.idle_seconds))
        try:
            ready()
            await stop.wait()
        finally:
            sweeper.cancel()
            sessions.end_all()
            await connections.close()
            # a reader that was being killed may have left something behind
            sessions.end_all()

    def _address_of(self, name: str) -> str:
        return f"http://{name}:{self.port}/"

    def _door(self, sessions: Sessions) -> Door:
        options = self._options
        html, policy = lab_page()
        page = Answer(200, html, HTML, {"Content-Security-Policy": policy})
        bounds = Bounds(options.upload_limit, options.job_seconds, options.idle_seconds)
        reader = Reader(options.job_seconds, options.jobs_at_once)
        posts = Posts(sessions, reader, bounds, self._given, options.token)
        return Door(Hosts(options.address, self.port, checked_names(options.hosts)), page, posts)


async def _sweep(sessions: Sessions, idle_seconds: float) -> None:
    """End idle sessions, soon after they have become so."""
    while True:
        await asyncio.sleep(min(30.0, idle_seconds / 4))
        sessions.end_idle()
