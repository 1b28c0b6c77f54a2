"""Jobs: reading a table in a process of its own, which can be ended at any moment without harm to the server."""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from steepest.lab.answers import Refusal

MOST_RESULT = 1 << 26  # bytes; a page's numbers take 4 MB at most
COMMAND = (sys.executable, "-P", "-m", "steepest.lab.reader")  # -P: no module is taken from the current folder
STATUS = {"usage": 400, "data": 422}


class Job:
    """Something a session waits for; `end` stops it from outside, and whoever waits gets a refusal."""

    def __init__(self) -> None:
        self._task: asyncio.Task[bytes] | None = None
        self._ended: Refusal | None = None

    def end(self, status: int, why: str) -> None:
        """Stop: whoever waits gets this status and sentence."""
        self._ended = Refusal(status, why)
        if self._task is not None:
            self._task.cancel()

    def check(self) -> None:
        """Raise Refusal where the job has been ended."""
        if self._ended:
            raise self._ended

    async def run(self, reader: "Reader", request: dict[str, Any], folder: Path) -> bytes:
        """Let the reader do a request, unless the job is ended before it is done."""
        self.check()
        self._task = reader.start(request, folder)
        try:
            return await self._task
        except asyncio.CancelledError:
            self.check()
            raise
        finally:
            self._task = None


class Reader:
    """Starts reading processes, a few at once; others wait for their turn.

    Args:
        seconds: that one may take.
        at_once: how many may run.
    """

    def __init__(self, seconds: float, at_once: int) -> None:
        self._seconds, self._turn = seconds, asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[bytes]] = set()

    def start(self, request: dict[str, Any], folder: Path) -> asyncio.Task[bytes]:
        """Begin with a request; the task gives its result as JSON, or a refusal."""
        task = asyncio.create_task(self._run(request, folder))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def ended(self) -> None:
        """Wait until nothing is left of the processes, all of which have been ended."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, request: dict[str, Any], folder: Path) -> bytes:
        """Return the result of a request as JSON.

        Raises:
            Refusal: the table cannot be used, or reading it took too long or too much memory.
        """
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                *COMMAND,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its readers itself
            )
            try:
                async with asyncio.timeout(self._seconds):
                    return _result(await _talk(process, request))
            except TimeoutError:
                raise Refusal(
                    422,
                    f"reading the table took longer than {self._seconds:g} seconds. Give fewer rows or columns, or start the "
                    "server with a larger --job-seconds.",
                ) from None
            finally:
                await _end(process)


async def _talk(process: asyncio.subprocess.Process, request: dict[str, Any]) -> bytes:
    """Send a request and return what comes back; the way in stays open, so that the reader sees the server's end."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
    parts, size = [], 0
    while part := await process.stdout.read(1 << 16):
        size += len(part)
        if size > MOST_RESULT:
            raise Refusal(422, "what this table comes to is too large for a page. Give fewer columns.")
        parts.append(part)
    return b"".join(parts)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process unless it has ended, and wait until nothing of it is left."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.stdin.close()
    rest = asyncio.gather(process.stdout.read(), process.wait())
    # a job may be cancelled twice, as by its client and then by the server's end: the process is waited for all the same
    cancelled = None
    while not rest.done():
        try:
            await asyncio.shield(rest)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled


def _result(output: bytes) -> bytes:
    """Return the result that follows the reader's first line; raise Refusal where that line says what is wrong."""
    head, _, result = output.partition(b"\n")
    try:
        outcome = json.loads(head)
    except ValueError:
        raise Refusal(
            422,
            "reading the table ended early; it may need more memory than a job may take. Give fewer rows or columns.",
        ) from None
    if outcome["error"]:
        raise Refusal(STATUS[outcome["kind"]], outcome["error"], outcome["field"])
    return result
