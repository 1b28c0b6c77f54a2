"""Locate: from a path, a glob or a folder to files and the DuckDB call that reads them, decided by their first bytes."""

import difflib
import glob
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steepest.errors import DataError, UsageError

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".json")
PACKED = ("", ".gz", ".zst")
FINGERPRINT_BYTES = 1 << 20  # read from each end of a file, so that a large one is not read twice
FINGERPRINT_FILES = 1_000  # of more files only the sizes count
HEAD_BYTES = 65_536
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
    """

    paths: tuple[Path, ...]
    kind: str
    packed: str
    hive: bool
    text: TextOptions

    @property
    def clause(self) -> str:
        """DuckDB's table function; its only parameter is the list of paths."""
        hive = ", hive_partitioning=true" if self.hive else ", hive_partitioning=false"
        if self.kind == "parquet":
            return f"read_parquet(?{hive})"
        packed = f", compression='{self.packed}'" if self.packed else ""
        if self.kind == "json":
            return f"read_json(?, format='newline_delimited', maximum_depth=1{packed}{hive})"
        missing = ", ".join("'" + word.replace("'", "''") + "'" for word in MISSING)
        # the sniffer must see strict lines, and a value that is no number must stay text to be told
        options = f"strict_mode=true, nullstr=[{missing}], encoding='{self.text.encoding}'"
        if self.text.delimiter:
            options += ", delim='" + self.text.delimiter.replace("'", "''") + "'"
        if self.text.decimal == ",":
            options += ", decimal_separator=','"
        return f"read_csv(?, {options}{packed}{hive})"

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
    if path.is_dir():
        paths = sorted(entry for entry in path.rglob("*") if _is_table(entry) and entry.is_file())
        if not paths:
            raise DataError(f"the folder {path} holds no CSV, Parquet or JSON lines file. Give a folder with tables.")
    elif any(mark in str(data) for mark in "*?[") and not path.exists():
        paths = sorted(Path(name) for name in glob.glob(str(data), recursive=True) if os.path.isfile(name))
        if not paths:
            raise DataError(f"no file matches {data}. Check the folder and the pattern.")
    else:
        paths = [check_file(path)]
    # of many files the first and the last are looked at; the reader names one that differs
    kinds = {_kind(file, text): file for file in (paths[0], paths[-1])}
    if len(kinds) > 1:
        raise DataError(
            f"{' and '.join(str(file) for file in kinds.values())} are of different kinds. Give files of one kind."
        )
    kind, packed = next(iter(kinds))
    hive = any("=" in part for part in paths[0].parent.parts[len(path.parts) if path.is_dir() else 0 :])
    return Files(tuple(paths), kind, packed, hive, text)


def check_file(path: str | os.PathLike[str]) -> Path:
    """Return `path` when it is a regular file that can be read and holds something.

    Raises:
        DataError: otherwise; a missing file is told with the nearest names in its folder.
    """
    file = Path(path)
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"not found: {file}.{_near_misses(file)}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot open {file}: {error}.") from None
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{file} is a device or pipe; a regular file is needed.")
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


def _kind(file: Path, text: TextOptions) -> tuple[str, str]:
    """Return (kind, packed) of a file by its first bytes; its name only tells JSON lines and TSV from other text.

    Raises:
        DataError: the first bytes are of nothing that can be read.
    """
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    for magic, packed in ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd")):
        if head.startswith(magic):
            return ("json" if ".json" in file.name or ".ndjson" in file.name else "csv"), packed
    if head.startswith(b"PAR1"):
        return "parquet", ""
    if head.startswith(b"PK\x03\x04"):
        raise DataError(f"{file} is a zip archive or an Excel workbook; unpack it, or save the sheet as CSV.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and text.encoding != "utf-16":
        raise DataError(f"{file} is UTF-16 text. Give encoding utf-16, or convert it: iconv -f UTF-16 -t UTF-8.")
    if b"\0" in head and text.encoding != "utf-16":
        raise DataError(f"{file} holds NUL bytes, so it is no text; a CSV, Parquet or JSON lines file is needed.")
    if not head.strip(b"\xef\xbb\xbf\r\n\t ,;"):
        raise DataError(
            f"{file} holds blank lines only: no data rows. Give a table with a header and at least one row."
        )
    return ("json" if head.lstrip().startswith(b"{") else "csv"), ""
