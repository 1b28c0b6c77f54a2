"""Reader errors: what DuckDB and the databases' drivers say, in words that name the file, the place and the remedy."""

import contextlib
import re
from collections.abc import Iterator

from steepest.errors import DataError, Phrase, UsageError
from steepest.support import remedies

LONGEST_SHOWN = 80  # characters of a name or a value in a message
# what the reader says, and the same for a user
READER_SAYS = (
    ("unterminated quote", "a quote is not closed, or stands inside a field."),
    ("not utf-8 encoded", "a byte that is not UTF-8; the file is not utf-8 encoded."),
    ("is not latin-1 encoded", "the file is not latin-1 encoded."),
    ("is not utf-16 encoded", "the file is not utf-16 encoded."),
    ("Out of Memory Error", "there is not enough memory for a part of it that has to be held at once."),
    ("Maximum line size", "a line is longer than two million bytes."),
    ("state machine", "its line ends are mixed (CR LF, LF, CR), or a quote is not closed."),
    (
        "when sniffing",
        "its lines do not have the same number of fields, with any mark between them; or its line ends are mixed.",
    ),
    ("Conversion Error: CSV Error", "a value that is no number, in a column of numbers."),
    ("end of GZIP stream", "it is packed by gzip and its end is missing."),
    ("TProtocolException", "its metadata is no Parquet metadata."),
    ("No magic bytes found at end", "it begins as a Parquet file and ends as none: its end is missing."),
    ("too small to be a Parquet", "it begins as a Parquet file and ends at once."),
)


def short(value: object) -> str:
    """Return a name or a value from outside for a message: quoted, and cut where it is long."""
    text = str(value)
    return repr(text) if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]!r}… ({len(text):,} characters)"


@contextlib.contextmanager
def telling_errors(label: str) -> Iterator[None]:
    """Turn errors of the reader into a DataError that says where, what and what to do."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except Exception as error:
        if not is_of_the_reader(error):
            raise
        text = str(error).removeprefix("ArrowArrayStream::get_next() failed (5): ")
        raise DataError(
            f"cannot read {label}: {_where(text, label)}{_what(text.replace(label + '/', ''))}",
            *_remedies(text.replace(label, "")),
        ) from None


def is_of_the_reader(error: Exception) -> bool:
    """Whether DuckDB, nanoarrow or a database's driver said it."""
    return type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb", "nanoarrow", "adbc_driver_manager")


def _where(text: str, label: str) -> str:
    """The line of a text file that the reader stopped at, and the file where it is one of several."""
    line = re.search(r"CSV Error on Line: (\d+)", text)
    file = re.search(r"^\s*file\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    place = [file[1]] if file and file[1] != label else []
    return ", ".join([*place, *([f"Line: {line[1]}"] if line else [])]) + ": " * bool(place or line)


def _what(text: str) -> str:
    """What is wrong, in a sentence; the reader's own first words where it is nothing that we know."""
    if found := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        return f"{found[2]} fields where the first line has {found[1]}."
    if found := re.search(
        r'Error when converting column "(.*)"\.\s+Could not convert string "(.*?)" to', text, re.DOTALL
    ):
        return f"column {short(found[1])} holds {short(found[2])}, which is no {_kind(text)} like its other values."
    if found := re.search(r"Main file schema: (.*?)\s+Current file: (.*?)\n\s*(.*)", text):
        return f"{found[2]} does not fit {found[1]}: {found[3].strip().lower()}."
    if found := re.search(r"COLUMN_TYPES error: Columns with names: (.*?) do not exist", text):
        return f"one of its files has no column {found[1]} in its first lines, as the first one has."
    for sign, sentence in READER_SAYS:
        if sign in text:
            return sentence
    sentence = " ".join(re.split(r"Possible |Candidate|\bLINE 1:|Original Line", text)[0].split())
    return sentence[:400] + "." * (not sentence.endswith("."))


def _kind(text: str) -> str:
    """What the values of a column were taken for."""
    return "true or false" if "to 'BOOLEAN'" in text else "number"


def _remedies(text: str) -> tuple[str | Phrase, ...]:
    """What to try; a wrong mark between fields or numbers makes a good file look damaged."""
    if "not utf-8 encoded" in text:
        return remedies.encoded("latin-1"), "convert it to UTF-8"
    if "is not latin-1 encoded" in text or "is not utf-16 encoded" in text:
        return remedies.OTHER_ENCODING, "convert it to UTF-8: iconv -f WINDOWS-1252 -t UTF-8"
    if "GZIP" in text or "frame" in text.lower():
        return ("copy or pack it again",)
    if "state machine" in text or "when sniffing" in text:
        ends = "make all line ends alike (sed 's/\\r$//' FILE > NEW)"
        return ends, "close every quote", remedies.fields_separated(), remedies.OTHER_ENCODING
    if re.search("arquet|hrift|Protocol|Footer|decompression|Prefetch|magic", text):
        return "write the file again", "correct it"
    if re.match("(Binder|Catalog|Parser) Error", text) or "Failed to prepare query" in text:
        return ("correct the query",)
    if re.search("No files found|Cannot open file", text):
        return ("check the path in the query; it is relative to the folder that you are in",)
    if not re.search("CSV|JSON|[Ff]ile|connect|Memory", text):  # the values of a query, a database or a data frame
        return "correct such values", remedies.leave_out()
    if "connect" in text:
        return ("check the address, and that the server runs",)
    if "Maximum line size" in text:
        return ("correct the file: a field or line is larger than may be read",)
    if "Out of Memory" in text:
        return "write it in shorter row groups, lines or fields, which this machine can hold", "select fewer columns"
    if re.search(r"^Original Line: #", text, re.MULTILINE):
        return remedies.COMMENT, "correct that line"
    return "correct the file", remedies.fields_separated(), remedies.DECIMAL_MARK, remedies.leave_out()
