"""Server: the lab's sockets and connections, from the first to the last."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

from steepest.errors import UsageError
from steepest.lab.answers import HTML, Answer
from steepest.lab.connections import Connections
from steepest.lab.exchange import Say
from steepest.lab.hosts import Hosts, bracketed, checked_names, is_loopback
from steepest.lab.jobs import Reader
from steepest.lab.page import lab_page
from steepest.lab.posts import Bounds, Posts
from steepest.lab.requests import Door
from steepest.lab.server_settings import ServerSettings
from steepest.lab.sessions import Sessions


@contextlib.contextmanager
def listening(settings: ServerSettings) -> Iterator[socket.socket]:
    """Give the socket to be served; it is closed afterwards.

    Raises:
        UsageError: the port is in use, or the address is none of this machine's.
    """
    checked_names(settings.hosts)
    try:
        found = socket.getaddrinfo(settings.address, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = min(found)  # IPv4 where a name has both
        listener = socket.create_server(place[:2], family=family, backlog=128)
    except OSError as error:
        raise UsageError(_why_not(error, settings)) from None
    with listener:
        # by what it was resolved to: even localhost is a name that a machine may give another meaning
        if settings.token is None and not is_loopback(listener.getsockname()[0]):
            raise UsageError(f"address {settings.address} can be reached by others, so a token is needed.")
        listener.setblocking(False)
        yield listener


def _why_not(error: OSError, settings: ServerSettings) -> str:
    """Say why the server cannot listen there."""
    if error.errno == errno.EADDRINUSE:
        return f"port {settings.port} is in use by another program. Give another with --port N, or --port 0 for any that is free."
    if error.errno == errno.EACCES:
        return (
            f"port {settings.port} is kept for the system. Give one of 1024 and more, or --port 0 for any that is free."
        )
    return f"address {settings.address} is none of this machine's. Leave --address out to be reached from here only."


class Server:
    """Serves the lab on sockets until it is told to stop.

    Args:
        listener: of `listening`.
        settings: as there.
        given: the payload of the command line's table, as JSON, or None.
        log: takes a line for each answer, or None.
        warn: takes a line where something goes wrong inside.
    """

    def __init__(
        self,
        listener: socket.socket,
        settings: ServerSettings,
        *,
        given: bytes | None = None,
        log: Say | None = None,
        warn: Say = lambda line: None,
    ) -> None:
        self._listener, self._settings, self._given, self._log, self._warn = listener, settings, given, log, warn
        self.port: int = listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The address to open in a browser; of a server that listens everywhere, this machine's name."""
        everywhere = self._settings.address in ("0.0.0.0", "::")
        return self._address_of(socket.gethostname() if everywhere else bracketed(self._settings.address))

    @property
    def url_here(self) -> str:
        """The address to open in a browser on this machine."""
        here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
        return self._address_of(here.get(self._settings.address, bracketed(self._settings.address)))

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is set; then nothing of any session is left.

        Args:
            stop: ends the server.
            ready: called once answers are given.
        """
        settings = self._settings
        sessions = Sessions(settings.idle_seconds, settings.most_folders)
        reader = Reader(settings.job_seconds, settings.jobs_at_once)
        connections = Connections(self._door(sessions, reader), settings, self._log, self._warn)
        connections.http.add_socket(self._listener)
        sweeper = asyncio.create_task(_sweep(sessions, settings.idle_seconds))
        try:
            ready()
            await stop.wait()
        finally:
            sweeper.cancel()
            sessions.end_all()
            await connections.close()
            await reader.ended()
            # what a reader wrote while it was being killed
            sessions.end_all()

    def _address_of(self, name: str) -> str:
        return f"http://{name}:{self.port}/"

    def _door(self, sessions: Sessions, reader: Reader) -> Door:
        settings = self._settings
        html, policy = lab_page()
        page = Answer(200, html, HTML, {"Content-Security-Policy": policy})
        bounds = Bounds(settings.upload_limit, settings.job_seconds, settings.idle_seconds)
        posts = Posts(sessions, reader, bounds, self._given, settings.token)
        return Door(Hosts(settings.address, self.port, checked_names(settings.hosts)), page, posts)


async def _sweep(sessions: Sessions, idle_seconds: float) -> None:
    """End idle sessions, soon after they have become so."""
    while True:
        await asyncio.sleep(min(30.0, idle_seconds / 4))
        sessions.end_idle()
