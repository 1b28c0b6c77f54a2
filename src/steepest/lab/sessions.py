"""Sessions: what the server keeps for each page that is open, apart from all others, and when it forgets it."""

import contextlib
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from steepest.lab.answers import Refusal
from steepest.lab.jobs import Job
from steepest.lab.upload import FileName

MOST_SESSIONS = 1_000  # those without a file; each takes a few kilobytes
ENDED = "this session has ended, and its file is gone. Reload the page and open the file again."


@dataclass(eq=False)
class Session:
    """One page's state.

    Args:
        id: secret, known to its page only.
        used: when it was last heard of, on a clock that never jumps.
        folder: its private folder, once a file has been sent.
        name: of the file that was sent last.
        table: that file.
        opened: the payload of its file as opened last, as JSON.
        drawn: the payload of its points, as JSON.
        job: what it waits for now.
    """

    id: str = field(repr=False)
    used: float
    folder: Path | None = None
    name: FileName | None = None
    table: Path | None = None
    opened: bytes | None = field(default=None, repr=False)
    drawn: bytes | None = field(default=None, repr=False)
    job: Job | None = None

    @contextlib.contextmanager
    def working(self, job: Job) -> Iterator[None]:
        """Hold the session's only place for a job; raise Refusal where it is taken."""
        if self.job is not None:
            raise Refusal(409, "this session is busy with a file already. Wait for it, or cancel it.")
        self.job = job
        try:
            yield
        finally:
            self.job = None


class Sessions:
    """All sessions.

    Args:
        idle_seconds: a session that is not heard of for so long ends.
        most_folders: sessions with a file; the one longest unheard of ends for a new one.
        now: the clock.
    """

    def __init__(self, idle_seconds: float, most_folders: int, now: Callable[[], float] = time.monotonic) -> None:
        self._idle, self._most, self._now = idle_seconds, most_folders, now
        self._sessions: dict[str, Session] = {}
        self._root: Path | None = None

    def start(self) -> Session:
        """Return a new session."""
        self.end_idle()
        if len(self._sessions) >= MOST_SESSIONS:
            self._end_oldest(list(self._sessions.values()))
        session = Session(secrets.token_urlsafe(24), self._now())
        self._sessions[session.id] = session
        return session

    def known(self, id: str | None) -> Session | None:
        """Return the session of this ID and note that it was heard of, or None."""
        session = self._sessions.get(id or "")
        if session is None:
            return None
        if self._is_idle(session):
            self.end(session, ENDED)
            return None
        session.used = self._now()
        return session

    def find(self, id: str | None) -> Session:
        """Return the session of this ID; raise Refusal where there is none any more."""
        if id is None:
            raise Refusal(401, "there is no session: the header X-Steepest-Session is missing. Reload the page.")
        session = self.known(id)
        if session is None:
            raise Refusal(410, ENDED)
        return session

    def folder_of(self, session: Session) -> Path:
        """Return the session's private folder, made now if there is none."""
        if session.folder is None:
            holding = [one for one in self._sessions.values() if one.folder is not None]
            if len(holding) >= self._most:
                self._end_oldest(holding)
            if self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="steepest-lab-"))
            session.folder = Path(tempfile.mkdtemp(dir=self._root))
        return session.folder

    def end(self, session: Session, why: str) -> None:
        """End a session: its job, and all it kept."""
        self._sessions.pop(session.id, None)
        if session.job is not None:
            session.job.end(410, why)
        if session.folder is not None:
            shutil.rmtree(session.folder, ignore_errors=True)
        session.folder = session.table = session.opened = session.drawn = None

    def end_idle(self) -> None:
        """End the sessions that have not been heard of for long."""
        for session in list(self._sessions.values()):
            if self._is_idle(session):
                self.end(session, ENDED)

    def end_all(self) -> None:
        """End all sessions and remove the folder they had in common."""
        for session in list(self._sessions.values()):
            self.end(session, "the server has ended.")
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None

    def _is_idle(self, session: Session) -> bool:
        """Whether nobody has been heard of for long; whoever waits for a job is there."""
        return session.job is None and self._now() - session.used > self._idle

    def _end_oldest(self, among: list[Session]) -> None:
        """End the one longest unheard of, one without a job if there is any."""
        self.end(min(among, key=lambda session: (session.job is not None, session.used)), ENDED)
