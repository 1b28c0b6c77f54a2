"""Server: the lab's socket and uvicorn on it, from the first answer to the last."""

import asyncio
import contextlib
import errno
import functools
import logging
import math
import socket
from collections.abc import Callable, Iterator

import uvicorn

from steepest.errors import UsageError
from steepest.lab.connection import Connection
from steepest.lab.door import application
from steepest.lab.envelope import Say
from steepest.lab.jobs import Reader
from steepest.lab.posts import Bounds, Posts
from steepest.lab.server_settings import ServerSettings, bracketed, is_loopback
from steepest.lab.sessions import Sessions

BACKLOG = 1_024  # connections that the system keeps until they are taken
LAST_SECONDS = 1  # that clients have for answers under way when the server ends


@contextlib.contextmanager
def listening(settings: ServerSettings) -> Iterator[socket.socket]:
    """Give the socket to be served; it is closed afterwards.

    Raises:
        UsageError: the port is in use, or the address is none of this machine's.
    """
    try:
        found = socket.getaddrinfo(settings.address, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = min(found)  # IPv4 where a name has both
        listener = socket.create_server(place[:2], family=family, backlog=BACKLOG)
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
        server = _Uvicorn(self._config(sessions, reader), ready)

        async def end() -> None:
            await stop.wait()
            sessions.end_all()
            server.should_exit = True

        try:
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(_sweep(sessions, settings.idle_seconds)), group.create_task(end())]
                await server.serve(sockets=[self._listener])
                for task in others:
                    task.cancel()
        finally:
            sessions.end_all()
            await server.drop_connections()
            await reader.ended()
            # what a reader wrote while it was being killed
            sessions.end_all()

    def _address_of(self, name: str) -> str:
        return f"http://{name}:{self.port}/"

    def _config(self, sessions: Sessions, reader: Reader) -> uvicorn.Config:
        """What uvicorn needs to know: no logs, no headers of its own, and our bounds of connections."""
        settings = self._settings
        bounds = Bounds(settings.upload_limit, settings.job_seconds, settings.idle_seconds)
        posts = Posts(sessions, reader, bounds, self._given, settings.token)
        return uvicorn.Config(
            application(posts, settings, self.port, log=self._log, warn=self._warn),
            http=functools.partial(Connection, settings),  # type: ignore[arg-type]
            loop="none",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.CRITICAL + 1,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=math.ceil(settings.header_seconds),
            timeout_graceful_shutdown=LAST_SECONDS,
            h11_max_incomplete_event_size=settings.header_bytes,
        )


class _Uvicorn(uvicorn.Server):
    """Uvicorn's server, which leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield

    async def drop_connections(self) -> None:
        """Drop what connections are left, as of clients that do not take their answer."""
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.01)


async def _sweep(sessions: Sessions, idle_seconds: float) -> None:
    """End idle sessions, soon after they have become so."""
    while True:
        await asyncio.sleep(min(30.0, idle_seconds / 4))
        sessions.end_idle()
