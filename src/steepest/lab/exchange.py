"""Exchange: one request and its answer over one connection, whatever becomes of either side."""

import asyncio
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, ResponseStartLine

from steepest.lab.answers import Answer, Refusal
from steepest.lab.requests import UPLOAD, Door, Request
from steepest.lab.server_settings import ServerSettings
from steepest.support.words import printable

LINGER_BYTES, LINGER_SECONDS = 1 << 24, 2.0
INTERNAL = Refusal(500, "something went wrong inside the server. Reload the page; its terminal says where it happened.")

Say = Callable[[str], None]
"""Takes a line for the terminal."""


class Exchange(HTTPMessageDelegate):
    """What tornado tells of one request.

    Args:
        door: lets requests in.
        connection: to answer on.
        settings: of these the times that an upload and an answer may take.
        hold: called with True once the request is let in, and with False when there is nothing more to do for it.
        log: takes a line for each answer, or None.
        warn: takes a line where something goes wrong inside.
    """

    def __init__(
        self,
        door: Door,
        connection: HTTP1Connection,
        settings: ServerSettings,
        hold: Callable[[bool], None],
        log: Say | None,
        warn: Say,
    ) -> None:
        self._door, self._connection, self._settings, self._hold = door, connection, settings, hold
        self._log, self._warn, self._began = log, warn, 0.0
        self._method, self._line = "", ""
        self._request: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent: asyncio.Future[None] | None = None  # done once the answer has been taken by the client
        self._discarded = 0

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        """Let the request in, or refuse it at once."""
        self._began = time.monotonic()
        self._method, self._line = start_line.method, f"{start_line.method} {start_line.path}"
        # bodies are counted here, with an answer that says so
        self._connection.set_max_body_size(sys.maxsize)
        if start_line.path == UPLOAD:
            self._connection.set_body_timeout(self._settings.upload_seconds)
        try:
            self._request = self._door.let_in(start_line.method, start_line.path, start_line.version, headers)
            self._hold(True)
        except Refusal as refusal:
            self._refuse(refusal, sends_body="Expect" not in headers)
        except Exception as error:
            self._refuse(self._internal(error), sends_body="Expect" not in headers)

    async def data_received(self, chunk: bytes) -> None:
        """Take a piece of the body; what comes after a refusal is thrown away, up to a bound."""
        if self._request is None:
            self._discarded += len(chunk)
            if self._discarded > LINGER_BYTES:
                self._connection.close()
            return
        try:
            await self._request.feed(chunk)
        except Refusal as refusal:
            self._refuse(refusal)
        except Exception as error:
            self._refuse(self._internal(error))

    def finish(self) -> None:
        """The whole request is there: answer it."""
        if self._sent is not None:
            # "Connection: close" has been said: nothing more is read once the client has the answer
            self._sent.add_done_callback(lambda _: self._connection.close())
            return
        self._connection.set_close_callback(self.on_connection_close)
        self._task = asyncio.create_task(self._answer())

    def on_connection_close(self) -> None:
        """The client is gone: what it waits for is not done any further."""
        if self._task is not None:
            self._task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._drop()

    async def _answer(self) -> None:
        """Do what the request asks for and send the answer."""
        assert self._request is not None
        try:
            answer = await self._request.answer()
        except Refusal as refusal:
            answer = refusal.answer
        except Exception as error:
            answer = self._internal(error).answer
        finally:
            self._drop()
        timer = self._send(answer, self._settings.answer_seconds)
        if self._sent is not None:
            self._sent.add_done_callback(lambda _: timer.cancel())
        self._connection.finish()

    def _refuse(self, refusal: Refusal, sends_body: bool = True) -> None:
        """Answer before the body is there, and close the connection once the client has had time to read that.

        A connection that is closed with bytes unread is reset, and the client may never see the answer. A client that waits
        to be told to go on (Expect) sends none.
        """
        self._drop()
        self._send(refusal.answer, LINGER_SECONDS, {"Connection": "close"})
        if not sends_body:
            self._connection.finish()

    def _send(self, answer: Answer, seconds: float, headers: dict[str, str] | None = None) -> asyncio.TimerHandle:
        """Write an answer, and close the connection where it is not taken in time."""
        start = ResponseStartLine("HTTP/1.1", answer.status, answer.reason)
        # the page is written apart from the headers: tornado then keeps no copy of it for each connection
        sent = self._connection.write_headers(start, HTTPHeaders({**answer.all_headers, **(headers or {})}))
        if self._method != "HEAD":
            sent = self._connection.write(answer.body)
        self._sent = sent
        self._timer = asyncio.get_running_loop().call_later(seconds, self._connection.close)
        if self._log:
            took = time.monotonic() - self._began
            self._log(f"{printable(self._line[:120])} {answer.status}, {len(answer.body):,} bytes, {took:.3f} s")
        return self._timer

    def _drop(self) -> None:
        """Let go of what the request holds, once."""
        request, self._request = self._request, None
        if request is not None:
            request.drop()
            self._hold(False)

    def _internal(self, error: Exception) -> Refusal:
        """Say in the terminal where it happened, without values: they may be somebody's data."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        self._warn(f"Inside the server: {type(error).__name__} at {Path(place.filename).name}, line {place.lineno}.")
        return INTERNAL
