"""Upload: a table on its way from the browser into a private folder, unpacked and counted as it comes."""

import asyncio
import contextlib
import os
import tempfile
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steepest.lab.answers import Refusal
from steepest.support.words import printable

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet")
LONGEST_NAME = 255
PIECE = 1 << 20  # bytes unpacked before others get their turn


@dataclass(frozen=True)
class FileName:
    """The name of a table in the browser's machine: shown as text, and only its suffix decides anything.

    Args:
        text: for people, without control characters.
        suffix: one of SUFFIXES.
    """

    text: str
    suffix: str

    @classmethod
    def of(cls, header: str | None) -> "FileName":
        """Read the header X-Steepest-Name, the file's name as `encodeURIComponent` writes it.

        Raises:
            Refusal: there is none, it is no such text, or its suffix is of no table.
        """
        if header is None:
            raise Refusal(400, "the header X-Steepest-Name is missing: the file's name.", "name")
        try:
            name = urllib.parse.unquote(header, errors="strict")
        except UnicodeDecodeError:
            raise Refusal(400, "X-Steepest-Name is not what encodeURIComponent writes.", "name") from None
        name = printable(name.replace("\\", "/").rpartition("/")[2])
        if not 0 < len(name) <= LONGEST_NAME:
            raise Refusal(400, f"a file's name has 1 to {LONGEST_NAME} characters; this has {len(name):,}.", "name")
        suffix = max((end for end in SUFFIXES if name.lower().endswith(end)), key=len, default=None)
        if suffix is None:
            raise Refusal(400, f"{name}: a table ends in one of {', '.join(SUFFIXES)}. Give such a file.", "name")
        return cls(name, suffix)

    @property
    def title(self) -> str:
        """The name without its suffix."""
        return self.text[: -len(self.suffix)] or self.text


class Upload:
    """A file being written; `feed` takes the pieces as they come, `finish` gives the whole file.

    Args:
        folder: private to the session.
        name: of the file.
        limit: bytes, unpacked.
    """

    def __init__(self, folder: Path, name: FileName, limit: int) -> None:
        self.name, self.limit = name, limit
        self.received, self.unpacked = 0, 0
        self._member: zlib._Decompress | None = None
        self._whole = False
        # a name of our own, whatever the browser's is
        descriptor, path = tempfile.mkstemp(prefix="uploaded-", suffix=name.suffix.removesuffix(".gz"), dir=folder)
        self.path, self._file = Path(path), os.fdopen(descriptor, "wb")

    async def feed(self, chunk: bytes) -> None:
        """Write a piece of the body.

        Raises:
            Refusal: the file is too large, or no gzip file although its name says so.
        """
        self.received += len(chunk)
        self._refuse_large(self.received)
        if not self.name.suffix.endswith(".gz"):
            self._write(chunk)
            return
        try:
            await self._unpack(chunk)
        except zlib.error:
            raise Refusal(422, f"{self.name.text} is not packed by gzip, or damaged. Copy or pack it again.") from None

    def finish(self) -> Path:
        """Close the file and return it.

        Raises:
            Refusal: the end of a packed file is missing.
        """
        if self._member is not None:
            raise Refusal(422, f"{self.name.text} is packed by gzip and its end is missing. Copy or pack it again.")
        self._close()
        self._whole = True
        return self.path

    def drop(self) -> None:
        """Close and remove what was written; after `finish` this does nothing."""
        if not self._whole:
            with contextlib.suppress(Refusal):
                self._close()
            self.path.unlink(missing_ok=True)

    async def _unpack(self, chunk: bytes) -> None:
        """Unpack one gzip member after the other, a bounded piece at a time."""
        while chunk:
            if self._member is None:
                # zeros may follow the last member
                chunk = chunk.lstrip(b"\0") if self.unpacked else chunk
                if not chunk:
                    return
                self._member = zlib.decompressobj(wbits=31)
            self._write(self._member.decompress(chunk, PIECE))
            while not self._member.eof and not self._member.unconsumed_tail:
                more = self._member.decompress(b"", PIECE)
                if not more:
                    return
                self._write(more)
            done = self._member.eof
            chunk = self._member.unused_data if done else self._member.unconsumed_tail
            self._member = None if done else self._member
            await asyncio.sleep(0)

    def _write(self, content: bytes) -> None:
        self.unpacked += len(content)
        self._refuse_large(self.unpacked)
        with _room():
            self._file.write(content)

    def _close(self) -> None:
        with _room():
            self._file.close()

    def _refuse_large(self, count: int) -> None:
        if count > self.limit:
            raise too_large(self.limit)


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Say that the disk is full, without saying where."""
    try:
        yield
    except OSError:
        raise Refusal(507, "there is no room for the file where the server keeps its files.") from None


def too_large(limit: int) -> Refusal:
    """The refusal of a file beyond the limit."""
    return Refusal(
        413,
        f"the file is larger than {limit / 1e6:g} MB, counted unpacked. Give fewer rows or columns, or start the server with "
        "a larger --upload-limit.",
    )
