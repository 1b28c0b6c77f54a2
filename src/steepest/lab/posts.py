"""Posts: what the page may ask of the server, and what each answer is."""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

import msgspec

from steepest.errors import SteepestError
from steepest.lab.answers import Refusal, as_json, with_payloads
from steepest.lab.form import DEFAULTS, FORM
from steepest.lab.jobs import Job, Reader
from steepest.lab.post_forms import FORMS, MOST_HELD_OUT, Begin, Open, Points, PostForm, Saved, Written, read_form
from steepest.lab.runs import LARGEST, MOST_DEGREE, MOST_POINTS, points_payload
from steepest.lab.sessions import Session, Sessions
from steepest.lab.upload import SUFFIXES, FileName, Upload
from steepest.views.pages.payload import MOST_PARAMETERS


@dataclass(frozen=True)
class Bounds:
    """What may be asked for.

    Args:
        upload_limit: bytes of a file, unpacked.
        job_seconds: of reading a table.
        idle_seconds: until a session ends that is not heard of.
    """

    upload_limit: int
    job_seconds: float
    idle_seconds: float

    def as_json(self) -> dict[str, Any]:
        """What the page tells people beforehand."""
        return {
            "suffixes": list(SUFFIXES),
            "points": MOST_POINTS,
            "largest": LARGEST,
            "degree": MOST_DEGREE,
            "held_out": MOST_HELD_OUT,
            "parameters": MOST_PARAMETERS,
            "job_seconds": self.job_seconds,
            "idle_minutes": self.idle_seconds / 60,
        }


class Posts:
    """Does what the page asks for.

    Args:
        sessions: all of them.
        reader: of tables.
        bounds: what may be asked for.
        given: the payload of the command line's table, as JSON, or None.
        token: that a session has to begin with, or None.
    """

    def __init__(
        self, sessions: Sessions, reader: Reader, bounds: Bounds, given: bytes | None = None, token: str | None = None
    ) -> None:
        self.sessions, self.reader, self.bounds, self.given, self._token = sessions, reader, bounds, given, token
        self._do: dict[str, Callable[[Session, Any], Awaitable[bytes]]] = {
            "/columns": self._columns,
            "/open": self._open,
            "/points": self._points,
            "/cancel": self._cancel,
            "/page": self._page,
            "/end": self._end,
        }

    async def answer(self, path: str, id: str | None, body: bytes) -> bytes:
        """Return the answer to a post of JSON, as JSON, or as HTML for a page; raise Refusal where there is none."""
        if path == "/session":
            return self._session(id, read_form(body, Begin))
        session = self.sessions.find(id)
        try:
            return await self._do[path](session, read_form(body, FORMS[path]))
        finally:
            self.sessions.known(session.id)  # the end of a long job is a sign of life as its beginning was

    def upload(self, id: str | None, name: str | None) -> "Uploading":
        """Begin to take a file; raise Refusal where there is no session or it is busy."""
        session = self.sessions.find(id)
        return Uploading(self, session, FileName.of(name))

    def _session(self, id: str | None, asked: Begin) -> bytes:
        session = self.sessions.known(id)
        if session is None:
            if self._token is not None and not _same(asked.token or "", self._token):
                raise Refusal(401, "this server asks for the token that it printed in its terminal.", "token")
            session = self.sessions.start()
        content = {"session": session.id, "upload_limit": self.bounds.upload_limit, "limits": self.bounds.as_json()}
        return with_payloads(content, given=self.given, opened=session.opened, drawn=session.drawn)

    async def _columns(self, session: Session, asked: Written) -> bytes:
        table, name = _sent(session)
        job = Job()
        with session.working(job):
            request = {"do": "inspect", **_file_request(table, name, self.bounds), **msgspec.structs.asdict(asked)}
            found = await job.run(self.reader, request, table.parent)
        return _listed(name, found)

    async def _open(self, session: Session, asked: Open) -> bytes:
        table, name = _sent(session)
        job = Job()
        with session.working(job):
            request = {
                "do": "open",
                "title": name.title,
                **_file_request(table, name, self.bounds),
                **msgspec.structs.asdict(asked),
            }
            opened = await job.run(self.reader, request, table.parent)
            session.opened = opened
        return with_payloads({}, payload=opened)

    async def _points(self, session: Session, asked: Points) -> bytes:
        try:
            drawn = as_json(points_payload(asked.points, asked.degree))
        except SteepestError as error:
            raise Refusal(400, FORM.message(error), "points") from None
        except (ValueError, ArithmeticError):
            raise Refusal(
                400, "these points are too far apart, or too near, for numbers of 16 digits. Move them.", "points"
            ) from None
        session.drawn = drawn
        return with_payloads({}, payload=drawn)

    async def _cancel(self, session: Session, asked: PostForm) -> bytes:
        job = session.job
        if job is not None:
            job.end(409, "cancelled.")
        return as_json({"cancelled": job is not None})

    async def _page(self, session: Session, asked: Saved) -> bytes:
        from steepest.views.pages.document import document  # noqa: PLC0415 - few pages are saved

        chosen = {"given": self.given, "opened": session.opened, "drawn": session.drawn}[asked.which]
        if chosen is None:
            raise Refusal(400, f"there is no page to save: nothing was {asked.which}.", "which")
        # with another Bokeh than the stored figures are made by this takes seconds; others are served meanwhile
        made = await asyncio.to_thread(document, [loads(chosen)])
        return made.html.encode("utf-8", "replace")

    async def _end(self, session: Session, asked: PostForm) -> bytes:
        self.sessions.end(session, "this session has been ended by its page.")
        return as_json({"ended": True})


class Uploading:
    """A file on its way into a session: `feed` its pieces, then `answer`; `drop` it where it does not come to that."""

    def __init__(self, posts: Posts, session: Session, name: FileName) -> None:
        self._posts, self._session, self._job = posts, session, Job()
        self._place = session.working(self._job)
        self._place.__enter__()
        try:
            self._file = Upload(posts.sessions.folder_of(session), name, posts.bounds.upload_limit)
        except BaseException:
            self._place.__exit__(None, None, None)
            raise

    async def feed(self, chunk: bytes) -> None:
        """Take a piece of the file."""
        self._job.check()
        await self._file.feed(chunk)

    async def answer(self) -> bytes:
        """Look into the whole file and say what it holds; it then takes the place of the session's earlier one.

        One that cannot be read as files are usually written does so too: "/columns" may then be asked with how this one is.
        """
        name = self._file.name
        self._job.check()
        table = self._file.finish()
        request = {"do": "inspect", **_file_request(table, name, self._posts.bounds)}
        try:
            found = await self._job.run(self._posts.reader, request, table.parent)
        except BaseException as error:
            if isinstance(error, Refusal) and error.field in DEFAULTS:
                self._keep(table)
            else:
                table.unlink(missing_ok=True)
            raise
        self._keep(table)
        return _listed(name, found)

    def _keep(self, table: Path) -> None:
        session = self._session
        if session.table is not None:
            session.table.unlink(missing_ok=True)
        session.table, session.name = table, self._file.name
        self._posts.sessions.known(session.id)

    def drop(self) -> None:
        """Leave the session's place, and remove what is left of an unfinished file."""
        self._file.drop()
        self._place.__exit__(None, None, None)


def _sent(session: Session) -> tuple[Path, FileName]:
    """The file that a session holds; raise Refusal where it holds none."""
    if session.table is None or session.name is None:
        raise Refusal(400, "no file has been sent in this session. Choose one first.")
    return session.table, session.name


def _file_request(table: Path, name: FileName, bounds: Bounds) -> dict[str, Any]:
    """What every job on a file must know."""
    return {"path": os.fspath(table), "name": name.text, "limit": bounds.upload_limit}


def _listed(name: FileName, found: bytes) -> bytes:
    """The answer that lists a file's columns."""
    return as_json({"name": name.text})[:-1] + b"," + found[1:]


def _same(given: str, token: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return hmac.compare_digest(given.strip().lower().encode(), token.encode())
