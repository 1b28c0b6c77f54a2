"""First bytes: what a file is, and what stands in the way of reading it."""

import difflib
import os
import re
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path

from steepest.data.sources.foreign_files import UNKNOWN, foreign_kind, kind_by_name
from steepest.errors import DataError
from steepest.support import remedies

HEAD_BYTES = 65_536
WIDE = 1_000  # columns from which the reader is told the delimiter: trying all marks would take gigabytes
LINE_ENDS = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}


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


def _near_misses(file: Path) -> str:
    try:
        names = [entry.name for entry in file.parent.iterdir()]
    except OSError:
        return f" The folder {file.parent} is not there either."
    near = difflib.get_close_matches(file.name, names, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else " Check the folder and the spelling."


def head_of(file: Path) -> tuple[bytes, str]:
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


def kind_of(file: Path, head: bytes, packed: str, encoding: str) -> tuple[str, str]:
    """Return (kind, packed) of a file by its first bytes; its name only tells JSON lines packed by zstd from CSV.

    Raises:
        DataError: the first bytes are of nothing that can be read.
    """
    if packed == "zstd":
        return ("json" if ".json" in file.name or ".ndjson" in file.name else "csv"), packed
    if head.startswith(b"PAR1") and not packed:
        return "parquet", ""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    foreign = foreign_kind(file, head)
    if foreign:
        raise DataError(f"{file} is {foreign[0]}, no CSV, Parquet or JSON lines file: {foreign[1]}.")
    if encoding == "utf-16":
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
    what, remedy = kind_by_name(file)
    alternate = 4 * more > len(head) and 8 * fewer < more and (what, remedy) == UNKNOWN
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or alternate:
        raise DataError(f"{file} is UTF-16 text.", remedies.encoded("utf-16"), "convert it: iconv -f UTF-16 -t UTF-8")
    if more:
        raise DataError(
            f"{file} holds NUL bytes, so it is {what}; a CSV, Parquet or JSON lines file is needed.", remedy
        )


def _refuse_big_endian(file: Path, head: bytes) -> None:
    """Raise DataError where the high bytes come first, which DuckDB reads as other letters."""
    if head.startswith(b"\xfe\xff") or head[::2].count(0) > head[1::2].count(0):
        raise DataError(f"{file} is big-endian UTF-16, which is not read. Convert it: iconv -f UTF-16BE -t UTF-8.")


def seen_delimiter(head: bytes, decimal: str = ".") -> str | None:
    """The most frequent mark in the first line of a very wide table, or where commas are decimal marks; None for others.

    With a decimal comma in every field the reader would find as many commas in each line as other marks.
    """
    line = head.split(b"\n", 1)[0]
    if decimal == "," and b"," not in line:
        count, mark = max((line.count(mark.encode()), mark) for mark in ";\t|")
        return mark if count else None
    count, mark = max((line.count(mark.encode()), mark) for mark in ",;\t|")
    return mark if count >= WIDE else None


def lines_before(head: bytes, delimiter: str | None = None) -> int:
    """The number of lines before the header that begin with #, and blank ones among them; 0 where there is none.

    A line such as "#,name,score" is the header itself: it has as many fields as the next one, which holds numbers.

    Example:
        >>> lines_before(b"# made by hand\\n# in May\\nx,y\\n1,2\\n"), lines_before(b"#,x,y\\n1,5,3\\n")
        (2, 0)
    """
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()
    count = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), 0)
    last = next((i for i in reversed(range(count)) if lines[i].startswith(b"#")), None)
    if last is None:
        return 0
    marks = [delimiter.encode()] if delimiter else [b",", b";", b"\t", b"|"]
    for mark in marks:
        fields = [field.strip(b' "') for field in lines[count].split(mark)]
        alike = len(fields) > 1 and len(lines[last].split(mark)) == len(fields)
        if alike and any(re.fullmatch(rb"[+-]?\d*[.,]?\d+([eE][+-]?\d+)?", field) for field in fields):
            return last if any(line.strip() for line in lines[:last]) else 0
    return count


def quotes_of(head: bytes) -> str:
    """Quotation marks as nearly everywhere, unless the first lines show others.

    The reader finds them only where its sample has them: quotes in a later line would become part of the values.
    """
    if re.search(rb"(^|[,;\t|\r\n])'", head):
        return ""
    return ", quote='\"'" + (", escape='\"'" if b'\\"' not in head else "")


def refuse_mixed_line_ends(file: Path, head: bytes) -> None:
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


def refuse_other_kinds(paths: Sequence[Path]) -> None:
    """Raise DataError where one of many files is empty, or of another kind than the first, by its first four bytes."""
    kinds: dict[bytes, Path] = {}
    for path in paths:
        with check_file(path).open("rb") as stream:
            magic = stream.read(4)
        kind = next((sign for sign in (b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd") if magic.startswith(sign)), b"")
        kinds.setdefault(kind, path)
    if len(kinds) > 1:
        raise DataError(f"{' and '.join(map(str, kinds.values()))} are of different kinds. Give files of one kind.")
