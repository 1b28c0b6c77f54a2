"""Requests: one by one checked from their headers alone, before any of their body is read."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from tornado.httputil import HTTPHeaders

from steepest.lab.answers import JSON, Answer, Refusal
from steepest.lab.hosts import Hosts
from steepest.lab.posts import CHECKS, Posts
from steepest.lab.strict_json import MOST_BYTES
from steepest.lab.upload import too_large

PAGE, UPLOAD = "/", "/upload"
OCTETS = "application/octet-stream"
METHODS = {PAGE: "GET, HEAD", UPLOAD: "POST", **dict.fromkeys(CHECKS, "POST")}
"""All addresses there are; none of them is a file's."""


class Request(Protocol):
    """A request that has been let in: pieces of its body, then an answer; or it is dropped."""

    def feed(self, chunk: bytes) -> Awaitable[None]:
        """Take a piece of the body."""
        ...

    def answer(self) -> Awaitable[Answer]:
        """Return the answer to the whole request."""
        ...

    def drop(self) -> None:
        """Let go of what the request holds; called once, after the answer or in place of it."""
        ...


@dataclass(frozen=True)
class Door:
    """Lets requests in, or refuses them.

    Args:
        hosts: names of this server.
        page: the page with its policy.
        posts: what posts do.
    """

    hosts: Hosts
    page: Answer
    posts: Posts

    def let_in(self, method: str, target: str, version: str, headers: HTTPHeaders) -> Request:
        """Return a request to be fed and answered.

        Raises:
            Refusal: by its headers it is none of those that are done here.
        """
        length = refuse_odd_framing(method, version, headers)
        host = self.hosts.refuse_foreign(headers.get_list("Host"))
        if method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, "only GET, HEAD and POST are known here.", headers={"Allow": "GET, HEAD, POST"})
        if target not in METHODS:
            raise Refusal(404, "there is nothing at this address.")
        if method not in METHODS[target].split(", "):
            raise Refusal(405, f"this address takes {METHODS[target]} only.", headers={"Allow": METHODS[target]})
        if method != "POST":
            return _Page(self.page)
        self.hosts.refuse_other_origin(host, headers.get_list("Origin"), headers.get_list("Sec-Fetch-Site"))
        _refuse_other_kinds(headers, OCTETS if target == UPLOAD else JSON)
        session = _only(headers, "X-Steepest-Session")
        if target != UPLOAD:
            if length is not None and length > MOST_BYTES:
                raise _too_long()
            return _Post(self.posts, target, session)
        if length is not None and length > self.posts.bounds.upload_limit:
            raise too_large(self.posts.bounds.upload_limit)
        return self.posts.upload(session, _only(headers, "X-Steepest-Name"))


def refuse_odd_framing(method: str, version: str, headers: HTTPHeaders) -> int | None:
    """Return the length that a request says its body has, or None where it is sent in chunks or there is none.

    Two programs that disagree on where a request ends can be made to take one for two; so only what is plain is taken.

    Raises:
        Refusal: 400 for anything else.
    """
    lengths, codings = headers.get_list("Content-Length"), headers.get_list("Transfer-Encoding")
    if len(lengths) > 1 or (lengths and codings) or len(codings) > 1:
        raise Refusal(400, "the length of the body is given more than once.")
    if lengths and not (lengths[0].isascii() and lengths[0].isdecimal() and len(lengths[0]) <= 15):
        raise Refusal(400, "Content-Length is no whole number.")
    if codings and (codings[0].lower() != "chunked" or version != "HTTP/1.1"):
        raise Refusal(400, "Transfer-Encoding can be chunked only, in HTTP/1.1.")
    length = int(lengths[0]) if lengths else None
    if method in ("GET", "HEAD") and (codings or length):
        raise Refusal(400, f"{method} has no body.")
    return length


def _refuse_other_kinds(headers: HTTPHeaders, expected: str) -> None:
    kind, _, parameter = (_only(headers, "Content-Type") or "").partition(";")
    if kind.strip().lower() != expected or parameter.strip().lower() not in ("", "charset=utf-8"):
        raise Refusal(415, f"the body must have Content-Type: {expected}.")
    if (_only(headers, "Content-Encoding") or "identity").lower() != "identity":
        raise Refusal(415, "the body must be sent as it is, without Content-Encoding.")


def _only(headers: HTTPHeaders, name: str) -> str | None:
    """The value of a header that is given once, or None."""
    given = headers.get_list(name)
    if len(given) > 1:
        raise Refusal(400, f"the header {name} is given {len(given)} times.")
    return given[0] if given else None


def _too_long() -> Refusal:
    return Refusal(413, f"the body is longer than {MOST_BYTES:,} bytes; what is asked for here is shorter.")


class _Page:
    """The page, for everybody alike."""

    def __init__(self, page: Answer) -> None:
        self._page = page

    async def feed(self, chunk: bytes) -> None:
        """A GET has no body."""

    async def answer(self) -> Answer:
        """The page."""
        return self._page

    def drop(self) -> None:
        """Nothing is held."""


class _Post:
    """A post of JSON, collected up to a bound."""

    def __init__(self, posts: Posts, path: str, session: str | None) -> None:
        self._posts, self._path, self._session, self._body = posts, path, session, bytearray()

    async def feed(self, chunk: bytes) -> None:
        """Take a piece of the body."""
        if len(self._body) + len(chunk) > MOST_BYTES:
            raise _too_long()
        self._body += chunk

    async def answer(self) -> Answer:
        """Do what is asked."""
        return await self._posts.answer(self._path, self._session, bytes(self._body))

    def drop(self) -> None:
        """Nothing is held."""
