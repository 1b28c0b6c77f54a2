"""Door: the lab's nine addresses: the page, seven posts of JSON and the upload of a file."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive

from steepest.lab.answers import JSON, Refusal
from steepest.lab.envelope import Envelope, Say
from steepest.lab.guard import UPLOAD, Guard
from steepest.lab.page import lab_page
from steepest.lab.post_forms import FORMS, MOST_BYTES
from steepest.lab.posts import Posts
from steepest.lab.server_settings import ServerSettings
from steepest.lab.upload import too_large

METHODS = {"/": "GET, HEAD", UPLOAD: "POST", **dict.fromkeys(FORMS, "POST")}
"""All addresses there are; none of them is a file's."""
SAVED = "/page"  # the only post that is answered by a page


def application(
    posts: Posts, settings: ServerSettings, port: int, *, log: Say | None = None, warn: Say = lambda line: None
) -> Starlette:
    """Return the lab as an application of ASGI.

    Args:
        posts: what posts do.
        settings: names of the server, and bounds.
        port: of the server.
        log: takes a line for each answer, or None.
        warn: takes a line where something goes wrong inside.
    """
    html, policy = lab_page()
    page = Response(html, headers={"Content-Security-Policy": policy}, media_type="text/html")

    async def show(request: Request) -> Response:
        return page

    async def post(request: Request) -> Response:
        body = bytearray()
        async with _within(settings.body_seconds):
            _refuse_length(request, MOST_BYTES, _too_long())
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_long()
        path = request.url.path
        said = await _unless_gone(request, posts.answer(path, _session(request), bytes(body)))
        return Response(said, media_type="text/html" if path == SAVED else JSON)

    async def upload(request: Request) -> Response:
        _refuse_length(request, settings.upload_limit, too_large(settings.upload_limit))
        uploading = posts.upload(_session(request), request.headers.get("X-Steepest-Name"))
        try:
            async with _within(settings.upload_seconds):
                async for chunk in request.stream():
                    await uploading.feed(chunk)
            return Response(await _unless_gone(request, uploading.answer()), media_type=JSON)
        finally:
            uploading.drop()

    routes = [Route("/", show), Route(UPLOAD, upload, methods=["POST"])]
    routes += [Route(path, post, methods=["POST"]) for path in FORMS]
    return Starlette(routes=routes, middleware=[Middleware(Envelope, Guard(settings, port, METHODS), log, warn)])


def _session(request: Request) -> str | None:
    return request.headers.get("X-Steepest-Session")


def _refuse_length(request: Request, most: int, refusal: Refusal) -> None:
    """Refuse a body by its length, before any of it is sent."""
    if int(request.headers.get("Content-Length", 0)) > most:
        raise refusal


def _too_long() -> Refusal:
    return Refusal(413, f"the body is longer than {MOST_BYTES:,} bytes; what is asked for here is shorter.")


@contextlib.asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """Refuse a body that takes longer to come."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Refusal(408, f"the body did not come within {seconds:g} seconds. Try again.") from None


async def _unless_gone(request: Request, work: Coroutine[Any, Any, bytes]) -> bytes:
    """Return what the work comes to; it is cancelled where its client leaves: nobody else could take the result."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_left(request.receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _left(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
