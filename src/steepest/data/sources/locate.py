"""Locate: from a path, a glob or a folder to files and the DuckDB call that reads them, decided by their first bytes."""

import glob
import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steepest.data.sources.first_bytes import (
    check_file,
    head_of,
    kind_of,
    lines_before,
    quotes_of,
    refuse_mixed_line_ends,
    refuse_other_kinds,
    seen_delimiter,
)
from steepest.data.sources.partitions import Partition, partitions_of
from steepest.errors import DataError, Option, UsageError
from steepest.support import remedies
from steepest.support.arguments import check_flag, check_word, shown

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".json")
PACKED = ("", ".gz", ".zst")
FINGERPRINT_BYTES = 1 << 20  # read from each end of a file, so that a large one is not read twice
FINGERPRINT_FILES = 1_000  # of more files only the sizes count
# what people write for a value that is not there; all others are text
THOUSANDS = (",", ".", " ", "'", "_")
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "?", "-")


@dataclass(frozen=True)
class TextOptions:
    """How text files are written, where it cannot be seen or is seen wrongly.

    Args:
        delimiter: one character between fields; default: found in the file.
        decimal: "." or ",".
        encoding: "utf-8", "utf-16" or "latin-1".
        thousands: what stands between groups of three digits: ",", ".", " ", "'" or "_"; default: nothing.
        comment: the character with which lines begin that are no rows; default: every line is one.
        percent: whether percent signs are read, 5% as 0.05.
        currency: whether currency signs beside numbers are left out.

    Raises:
        UsageError: a value outside these.
    """

    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"
    thousands: str | None = None
    comment: str | None = None
    percent: bool = False
    currency: bool = False

    def __post_init__(self) -> None:
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or len(self.delimiter) != 1):
            raise UsageError(Option("delimiter") + f" must be one character; got {self.delimiter!r}.")
        check_word("decimal", self.decimal, (".", ","))
        check_word("encoding", self.encoding, ("utf-8", "utf-16", "latin-1"))
        check_flag("percent", self.percent)
        check_flag("currency", self.currency)
        if self.thousands is not None:
            check_word("thousands", self.thousands, THOUSANDS)
        if self.thousands == self.decimal:
            raise UsageError(
                Option("thousands") + " and " + Option("decimal") + f" cannot both be {self.decimal!r}.",
                remedies.DECIMAL_MARK,
            )
        if self.comment is not None and (not isinstance(self.comment, str) or not 0 < len(self.comment.encode()) < 2):
            raise UsageError(Option("comment") + f" must be one ASCII character; got {shown(self.comment)}.")


@dataclass(frozen=True)
class Files:
    """Files of one kind, in the order they are read.

    Args:
        paths: at least one.
        kind: "parquet", "csv" or "json".
        packed: "gzip", "zstd" or "".
        partitions: columns that are in the names of the folders, such as year=2013.
        text: how text files are written.
        delimiter: as told, or as seen in a table of very many columns; None to be found by the reader.
        quotes: how fields are quoted, as options for the reader; "" where it has to find out.
        skip: lines before the header, where somebody has counted them; None where the reader has to look for it.
        types: DuckDB's types of columns, in place of those that the reader would take from its first lines.
        missing: how a text file writes a value that is not there.
        united: whether Parquet files of different types are read with types that hold both.
    """

    paths: tuple[Path, ...]
    kind: str
    packed: str
    partitions: tuple[Partition, ...]
    text: TextOptions
    delimiter: str | None = None
    quotes: str = ""
    skip: int | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = MISSING
    united: bool = False

    @property
    def dialect(self) -> str:
        """DuckDB's options of how text is written, for `read_csv` and `sniff_csv`."""
        options = f"compression='{self.packed or 'none'}', encoding='{self.text.encoding}'"
        # left to itself the reader takes rows for comments where a field begins with #
        options += f", comment={literal(self.text.comment or '')}"
        if self.delimiter:
            options += f", delim={literal(self.delimiter)}"
        if self.skip is not None:
            options += f", skip={self.skip}"
        return options + self.quotes

    @property
    def clause(self) -> str:
        """DuckDB's table function; its only parameter is the list of paths."""
        if self.kind == "parquet":
            return f"read_parquet(?{', union_by_name=true' if self.united else ''}{self._hive})"
        if self.kind == "json":
            return self._json(self.types)
        types = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in self.types.items())
        return self._csv(f", types={{{types}}}" if types else "")

    @property
    def written(self) -> str | None:
        """The same with every field as the text that stands in the file; None where there is no text."""
        if self.kind == "csv":
            return f"read_csv(?, strict_mode=true, {self.dialect}, all_varchar=true, header=true{self._hive})"
        return self._json(dict.fromkeys(self.types, "VARCHAR")) if self.kind == "json" else None

    @property
    def whole(self) -> str | None:
        """The same with types that hold every value of the file, found by reading it all; None where there is no text."""
        return self._csv(", sample_size=-1") if self.kind == "csv" else None

    @property
    def _hive(self) -> str:
        # the reader would take the folders above the data for columns too, and let them replace those of the files
        return ", hive_partitioning=false"

    def _csv(self, types: str) -> str:
        missing = ", ".join(map(literal, self.missing))
        # the sniffer must see strict lines, and a value that is no number must stay text to be told
        options = f"strict_mode=true, nullstr=[{missing}], {self.dialect}"
        if self.text.decimal == ",":
            options += ", decimal_separator=','"
        if self.text.thousands:
            options += f", thousands={literal(self.text.thousands)}"
        return f"read_csv(?, {options}{types}{self._hive})"

    def _json(self, types: Mapping[str, str]) -> str:
        # a late fraction, or a late key, is seen only by reading all of it
        columns = "sample_size=-1, maximum_sample_files=1000000000"
        if types:
            columns = f"columns={{{', '.join(f'{literal(name)}: {literal(kind)}' for name, kind in types.items())}}}"
        return f"read_json(?, format='auto', {columns}, compression='{self.packed or 'none'}'{self._hive})"

    @property
    def parameters(self) -> list[list[str]]:
        """The list of paths, as the clause's only parameter; a file name is never taken for a pattern."""
        return [[_pathname(path) for path in self.paths]]

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


def locate(data: str | os.PathLike[str], text: TextOptions | None = None, named: Collection[str] = ()) -> Files:
    """Return the files that a path, a pattern or a folder names, and how they are read.

    Args:
        data: the path.
        text: how text files are written.
        named: columns that are asked for by name, and may be in the names of the folders.

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
        refuse_other_kinds(paths)
    heads = {file: head_of(file) for file in (paths[0], paths[-1])}
    kinds = {kind_of(file, head, packed, text.encoding): file for file, (head, packed) in heads.items()}
    if len(kinds) > 1:
        raise DataError(
            f"{' and '.join(str(file) for file in kinds.values())} are of different kinds. Give files of one kind."
        )
    kind, packed = next(iter(kinds))
    head = heads[paths[0]][0]
    if kind == "csv" and text.encoding != "utf-16":
        refuse_mixed_line_ends(paths[0], head)
    partitions = partitions_of(path, paths, named)
    delimiter = text.delimiter or seen_delimiter(head, text.decimal)
    skip = None
    if kind == "csv" and not text.comment:
        skip = _same_before(paths, delimiter, text.encoding)
    return Files(tuple(paths), kind, packed, partitions, text, delimiter, quotes_of(head), skip)


def _same_before(paths: Sequence[Path], delimiter: str | None, encoding: str) -> int | None:
    """The number of comment lines before the header, the same in all files, as the reader knows one number; None for 0.

    Raises:
        DataError: two files differ in it.
    """
    first = None
    for path in paths:
        head = head_of(path)[0]
        if encoding == "utf-16":
            head = head.decode("utf-16", errors="ignore").encode()
        count = lines_before(head, delimiter)
        first = count if first is None else first
        if count != first:
            raise DataError(
                f"{path} has {count} lines before its header, and {paths[0]} has {first}. Give files that begin alike."
            )
    return first or None


def _is_table(path: Path) -> bool:
    name = path.name.lower()
    return not name.startswith((".", "_")) and name.endswith(
        tuple(end + packed for end in ENDINGS for packed in PACKED)
    )


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _pathname(path: Path) -> str:
    """A path in which DuckDB sees no pattern."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
