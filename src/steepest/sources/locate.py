"""Locate: from a path, a glob or a folder to files and the DuckDB call that reads them, decided by their first bytes."""

import difflib
import glob
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steepest.errors import DataError, UsageError

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".json")
PACKED = ("", ".gz", ".zst")
FINGERPRINT_BYTES = 1 << 20  # read from each end of a file, so that a large one is not read twice
FINGERPRINT_FILES = 1_000  # of more files only the sizes count
HEAD_BYTES = 65_536
WIDE = 1_000  # columns from which the reader is told the delimiter: trying all marks would take gigabytes
LINE_ENDS = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}
# what tables are often kept in, or are taken for, and is no table here: first bytes, its name and the remedy
FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "unpack it, or save the sheet as CSV"),
    (b"PK\x05\x06", "an empty zip archive", "give the table itself"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"BZh", "packed by bzip2", "unpack it: bunzip2"),
    (b"\xfd7zXZ", "packed by xz", "unpack it: unxz"),
    (b"\x1f\x8b", "packed twice by gzip", "unpack it once: gunzip"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"PAR1", "a Parquet file that is packed once more", "unpack it"),
    (b"ARROW1", "an Arrow IPC file (Feather)", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"\x89HDF", "an HDF5 file", "write the table as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array", "give it a name that ends in .npy"),
    (b"%PDF", "a PDF document", "write the table as CSV"),
    (b"<!", "an HTML page", "write the table as CSV; a page in its place is often a failed download"),
    (b"<html", "an HTML page", "write the table as CSV; a page in its place is often a failed download"),
    (b"<?xml", "an XML document", "write the table as CSV"),
)
# what people write for a value that is not there; all others are text
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "?", "-")


@dataclass(frozen=True)
class TextOptions:
    """How text files are written, where it cannot be seen or is seen wrongly.

    Args:
        delimiter: one character between fields; default: found in the file.
        decimal: "." or ",".
        encoding: "utf-8", "utf-16" or "latin-1".

    Raises:
        UsageError: a value outside these.
    """

    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or len(self.delimiter) != 1):
            raise UsageError(f"delimiter must be one character; given was {self.delimiter!r}.")
        if self.decimal not in (".", ","):
            raise UsageError(f'decimal must be "." or ","; given was {self.decimal!r}.')
        if self.encoding not in ("utf-8", "utf-16", "latin-1"):
            raise UsageError(f'encoding must be "utf-8", "utf-16" or "latin-1"; given was {self.encoding!r}.')


@dataclass(frozen=True)
class Files:
    """Files of one kind, in the order they are read.

    Args:
        paths: at least one.
        kind: "parquet", "csv" or "json".
        packed: "gzip", "zstd" or "".
        hive: whether folder names such as year=2013 are columns.
        text: how text files are written.
        delimiter: as told, or as seen in a table of very many columns; None to be found by the reader.
        quotes: how fields are quoted, as options for the reader; "" where it has to find out.
    """

    paths: tuple[Path, ...]
    kind: str
    packed: str
    hive: bool
    text: TextOptions
    delimiter: str | None = None
    quotes: str = ""

    @property
    def dialect(self) -> str:
        """DuckDB's options of how text is written, for `read_csv` and `sniff_csv`."""
        options = f"compression='{self.packed or 'none'}', encoding='{self.text.encoding}'"
        if self.delimiter:
            options += ", delim='" + self.delimiter.replace("'", "''") + "'"
        return options + self.quotes

    @property
    def clause(self) -> str:
        """DuckDB's table function; its only parameter is the list of paths."""
        hive = ", hive_partitioning=true" if self.hive else ", hive_partitioning=false"
        if self.kind == "parquet":
            return f"read_parquet(?{hive})"
        if self.kind == "json":
            packed = f", compression='{self.packed or 'none'}'"
            return f"read_json(?, format='auto'{packed}{hive})"
        missing = ", ".join("'" + word.replace("'", "''") + "'" for word in MISSING)
        # the sniffer must see strict lines, and a value that is no number must stay text to be told
        options = f"strict_mode=true, nullstr=[{missing}], {self.dialect}"
        if self.text.decimal == ",":
            options += ", decimal_separator=','"
        return f"read_csv(?, {options}{hive})"

    @property
    def parameters(self) -> list[list[str]]:
        """The list of paths, as the clause's only parameter; a file name is never taken for a pattern."""
        return [[_literal(path) for path in self.paths]]

    def describe(self) -> dict[str, Any]:
        """Say name, size and a fingerprint: sizes of all files, first and last megabyte of the first thousand."""
        sizes = [path.stat().st_size for path in self.paths]
        digest = hashlib.sha256(repr(sizes).encode() if len(sizes) > 1 else str(sizes[0]).encode())
        for path, size in list(zip(self.paths, sizes, strict=True))[:FINGERPRINT_FILES]:
            with path.open("rb") as stream:
                digest.update(stream.read(FINGERPRINT_BYTES))
                if size > FINGERPRINT_BYTES:
                    stream.seek(max(FINGERPRINT_BYTES, size - FINGERPRINT_BYTES))
                    digest.update(stream.read(FINGERPRINT_BYTES))
        several = {"files": len(sizes)} if len(sizes) > 1 else {}
        name = self.paths[0].name
        return {
            "kind": "file",
            "name": name,
            **several,
            "bytes": sum(sizes),
            "sha256_of_size_and_ends": digest.hexdigest(),
        }


def locate(data: str | os.PathLike[str], text: TextOptions | None = None) -> Files:
    """Return the files that a path, a pattern or a folder names, and how they are read.

    Raises:
        DataError: nothing there, no regular file, of no known kind, or files of several kinds.
    """
    text = text or TextOptions()
    path = Path(data)
    if os.path.isdir(path):
        paths = sorted(entry for entry in path.rglob("*") if _is_table(entry) and entry.is_file())
        if not paths:
            raise DataError(f"the folder {path} holds no CSV, Parquet or JSON lines file. Give a folder with tables.")
    elif any(mark in str(data) for mark in "*?[") and not os.path.exists(path):
        paths = sorted(Path(name) for name in glob.glob(str(data), recursive=True) if os.path.isfile(name))
        if not paths:
            raise DataError(f"no file matches {data}. Check the folder and the pattern.")
    else:
        paths = [check_file(path)]
    if len(paths) > 1:
        _refuse_other_kinds(paths)
    heads = {file: _head(file) for file in (paths[0], paths[-1])}
    kinds = {_kind(file, head, packed, text): file for file, (head, packed) in heads.items()}
    if len(kinds) > 1:
        raise DataError(
            f"{' and '.join(str(file) for file in kinds.values())} are of different kinds. Give files of one kind."
        )
    kind, packed = next(iter(kinds))
    hive = any("=" in part for part in paths[0].parent.parts[len(path.parts) if os.path.isdir(path) else 0 :])
    head = heads[paths[0]][0]
    if kind == "csv" and text.encoding != "utf-16":
        _refuse_mixed_line_ends(paths[0], head)
    return Files(tuple(paths), kind, packed, hive, text, text.delimiter or _seen_delimiter(head), _quotes(head))


def check_file(path: str | os.PathLike[str]) -> Path:
    """Return `path` when it is a regular file that can be read and holds something.

    Raises:
        DataError: otherwise; a missing file is told with the nearest names in its folder.
    """
    file = Path(path)
    if str(file) == "-":
        raise DataError(
            "standard input (-) cannot be read twice, as a table is. Write it to a file first: cat > table.csv"
        )
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"not found: {file}.{_near_misses(file)}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot open {file}: {getattr(error, 'strerror', None) or error}. Check its name.") from None
    if not stat.S_ISREG(status.st_mode):
        raise DataError(
            f"{file} is a device or pipe; a regular file is needed. Write what it gives to a file first: cat {file} > table.csv"
        )
    if not os.access(file, os.R_OK):
        raise DataError(f"no permission to read {file}. Change its permissions, or copy it to where you may read.")
    if not status.st_size:
        raise DataError(f"{file} is empty: no data rows. Give a table with a header and at least one row.")
    return file


def _is_table(path: Path) -> bool:
    name = path.name.lower()
    return not name.startswith((".", "_")) and name.endswith(
        tuple(end + packed for end in ENDINGS for packed in PACKED)
    )


def _literal(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _near_misses(file: Path) -> str:
    try:
        names = [entry.name for entry in file.parent.iterdir()]
    except OSError:
        return f" The folder {file.parent} is not there either."
    near = difflib.get_close_matches(file.name, names, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else " Check the folder and the spelling."


def _head(file: Path) -> tuple[bytes, str]:
    """Return a file's first bytes, unpacked (none of zstd), and how it is packed: "gzip", "zstd" or "".

    Raises:
        DataError: it is empty, or packed by gzip and damaged.
    """
    check_file(file)
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return b"", "zstd"
    if not head.startswith(b"\x1f\x8b"):
        return head, ""
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise DataError(f"{file} is packed by gzip and damaged ({error}). Copy or pack it again.") from None
    if not unpacked:
        raise DataError(f"{file} is packed by gzip and holds nothing, or its end is missing. Copy or pack it again.")
    return unpacked, "gzip"


def _kind(file: Path, head: bytes, packed: str, text: TextOptions) -> tuple[str, str]:
    """Return (kind, packed) of a file by its first bytes; its name only tells JSON lines packed by zstd from CSV.

    Raises:
        DataError: the first bytes are of nothing that can be read.
    """
    if packed == "zstd":
        return ("json" if ".json" in file.name or ".ndjson" in file.name else "csv"), packed
    if head.startswith(b"PAR1") and not packed:
        return "parquet", ""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what, remedy in FOREIGN:
        # letters alone may be the name of a column; beside control characters they are not
        if start.startswith(magic) and (not magic.isalnum() or min(head) < 9):
            raise DataError(f"{file} is {what}, no CSV, Parquet or JSON lines file: {remedy}.")
    if text.encoding == "utf-16":
        _refuse_big_endian(file, head)
    else:
        _refuse_binary(file, head)
    if not head.strip(b"\xef\xbb\xbf\r\n\t ,;"):
        raise DataError(
            f"{file} holds blank lines only: no data rows. Give a table with a header and at least one row."
        )
    return ("json" if re.match(rb"\[?\s*{", start) else "csv"), packed


def _refuse_binary(file: Path, head: bytes) -> None:
    """Raise DataError where NUL bytes say that this is UTF-16, or no text at all."""
    fewer, more = sorted((head[::2].count(0), head[1::2].count(0)))
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or (4 * more > len(head) and 8 * fewer < more):
        raise DataError(f"{file} is UTF-16 text. Give encoding utf-16, or convert it: iconv -f UTF-16 -t UTF-8.")
    if more:
        raise DataError(f"{file} holds NUL bytes, so it is no text; a CSV, Parquet or JSON lines file is needed.")


def _refuse_big_endian(file: Path, head: bytes) -> None:
    """Raise DataError where the high bytes come first, which DuckDB reads as other letters."""
    if head.startswith(b"\xfe\xff") or head[::2].count(0) > head[1::2].count(0):
        raise DataError(f"{file} is big-endian UTF-16, which is not read. Convert it: iconv -f UTF-16BE -t UTF-8.")


def _seen_delimiter(head: bytes) -> str | None:
    """The most frequent mark in the first line of a very wide table; None for others."""
    line = head.split(b"\n", 1)[0]
    count, mark = max((line.count(mark.encode()), mark) for mark in ",;\t|")
    return mark if count >= WIDE else None


def _quotes(head: bytes) -> str:
    """Quotation marks as nearly everywhere, unless the first lines show others.

    The reader finds them only where its sample has them: quotes in a later line would become part of the values.
    """
    if re.search(rb"(^|[,;\t|\r\n])'", head):
        return ""
    return ", quote='\"'" + (", escape='\"'" if b'\\"' not in head else "")


def _refuse_mixed_line_ends(file: Path, head: bytes) -> None:
    """Raise DataError where two of the first lines end differently: the reader cannot tell lines then, nor say so."""
    bare = re.sub(rb'"[^"]*("|$)', lambda found: re.sub(rb"\r\n|[\r\n]", b"\0", found[0]), head)
    whole = bare[:-1] if bare.endswith(b"\r") and len(head) >= HEAD_BYTES else bare
    first = None
    for end in re.finditer(rb"\r\n|[\r\n]", whole):
        first = first or end[0]
        if end[0] != first:
            line = len(re.findall(rb"\r\n|[\r\n\0]", whole[: end.start()])) + 1
            raise DataError(
                f"line {line} of {file} ends with {LINE_ENDS[end[0]]}, and the lines before it with {LINE_ENDS[first]}. Make all line "
                f"ends alike, such as by: tr -s '\\r' '\\n' < {file.name} > new.csv"
            )


def _refuse_other_kinds(paths: Sequence[Path]) -> None:
    """Raise DataError where one of many files is empty, or of another kind than the first, by its first four bytes."""
    kinds: dict[bytes, Path] = {}
    for path in paths:
        with check_file(path).open("rb") as stream:
            magic = stream.read(4)
        kind = next((sign for sign in (b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd") if magic.startswith(sign)), b"")
        kinds.setdefault(kind, path)
    if len(kinds) > 1:
        raise DataError(f"{' and '.join(map(str, kinds.values()))} are of different kinds. Give files of one kind.")
