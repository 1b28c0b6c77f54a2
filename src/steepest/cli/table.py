"""Options that name a table and its columns, and reading it with a progress bar."""

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from steepest.cli.standard_input import STANDARD_INPUT, as_path
from steepest.cli.text import printable, reading, shorten
from steepest.data.batch import Batch
from steepest.data.sources import FullSource, watched
from steepest.data.split import Share
from steepest.errors import UsageError, without_secrets
from steepest.summaries.open_data import open_alike, open_data
from steepest.summaries.partition import Split
from steepest.summaries.summarize import Summary, notes_of, read
from steepest.summaries.triangle import Triangle

KEYS = (
    "target",
    "features",
    "exclude",
    "weight",
    "offset",
    "exposure",
    "missing",
    "degree",
    "interactions",
    "categorical",
    "delimiter",
    "decimal",
    "encoding",
    "thousands",
    "comment",
    "percent",
    "currency",
    "dates",
    "log_target",
    "database",
    "unseen",
)
BESIDE = ("cluster",)
ALIKE = (
    "weight",
    "missing",
    "delimiter",
    "decimal",
    "encoding",
    "thousands",
    "comment",
    "percent",
    "currency",
    "log_target",
    "unseen",
)
"""What holds of another table of the same columns as well."""


class Names(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """Names separated by commas; one that holds a comma stands in double quotes."""

    name = "a,b,…"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return a tuple of names."""
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in next(csv.reader([value], skipinitialspace=True), []) if name.strip())


def _joined(context: click.Context, param: click.Parameter, lists: Any) -> Any:
    """All names of an option that was given several times; None where it was not given."""
    return tuple(name for names in lists for name in names) if lists else None


class Pair(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """Two names with a colon between."""

    name = "a:b"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the two names."""
        if not isinstance(value, str):
            return value
        first, colon, second = value.partition(":")
        if not (first and colon and second) or ":" in second:
            self.fail(f"{value!r} is no pair of names with one colon between.", param, context)
        return first, second


def table_options(command: Callable[..., Any], *, required: bool = True) -> Callable[..., Any]:
    """Add the argument DATA and the options that say what its columns are; `required`: whether DATA must be given."""
    intercept = click.option(
        "--intercept/--no-intercept",
        "fit_intercept",
        default=True,
        show_default=True,
        help="Whether the model has a bias.",
    )
    return column_options(intercept(command), required=required)


def column_options(command: Callable[..., Any], *, required: bool = True) -> Callable[..., Any]:
    """Add the argument DATA and the options that say what its columns are, and how its text is written."""
    choice, command = click.Choice, text_options(command)
    for option in reversed(
        (
            click.argument("data", required=required),
            click.option("--target", default=None, metavar="NAME", help="The column to predict."),
            click.option(
                "--features",
                type=Names(),
                multiple=True,
                callback=_joined,
                help="The columns to predict from; default: all others.",
            ),
            click.option(
                "--exclude",
                type=Names(),
                multiple=True,
                callback=lambda *given: _joined(*given) or (),
                help="Columns to leave out.",
            ),
            click.option("--weight", default=None, metavar="NAME", help="A column of weights, not negative."),
            click.option(
                "--missing",
                type=choice(["error", "drop", "indicator"]),
                default="error",
                show_default=True,
                help="Missing values: refuse and count them; leave their rows out; or 0 and an indicator column.",
            ),
            click.option("--degree", type=int, default=1, show_default=True, help="Powers of each column of numbers."),
            click.option(
                "--interactions",
                type=Pair(),
                multiple=True,
                help="Products of two columns as features; may be repeated.",
            ),
            click.option(
                "--categorical",
                type=Names(),
                multiple=True,
                callback=lambda *given: _joined(*given) or (),
                help="Columns of numbers that are names of something: codes, postcodes. Text is always taken so.",
            ),
            click.option(
                "--dates",
                type=choice(["days", "parts"]),
                default=None,
                help="Dates as days since 1970-01-01, or as year, month, day, weekday and hour; default: refuse them.",
            ),
            click.option(
                "--log-target",
                is_flag=True,
                help="Fit the natural logarithm of the target; predict gives its own unit back.",
            ),
        )
    ):
        command = option(command)
    return command


def text_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how DATA's text is written, or which database it is in."""
    choice = click.Choice
    for option in reversed(
        (
            click.option(
                "--delimiter", default=None, metavar="CHAR", help="Between fields of a text file; default: found."
            ),
            click.option(
                "--decimal", type=choice([".", ","]), default=".", help="Decimal mark of a text file; default: point."
            ),
            click.option(
                "--encoding",
                type=choice(["utf-8", "utf-16", "latin-1"]),
                default="utf-8",
                show_default=True,
                help="Of a text file.",
            ),
            click.option(
                "--thousands",
                type=choice([",", ".", " ", "'", "_"]),
                default=None,
                help="Separator between thousands in a text file, as in 1,234,567; default: none.",
            ),
            click.option(
                "--comment",
                default=None,
                metavar="CHAR",
                help="Character that begins a comment in a text file, such as #; default: every line is a row.",
            ),
            click.option("--percent", is_flag=True, help="Read percent signs in a column of text: 5% as 0.05."),
            click.option(
                "--currency",
                is_flag=True,
                help="Leave currency signs out in a column of text: $1,234 (with --thousands ,), 5 €.",
            ),
            click.option(
                "--database",
                default=None,
                metavar="DB",
                help="A DuckDB or SQLite file, or postgresql://…; DATA is then a table of it, or SELECT …",
            ),
        )
    ):
        command = option(command)
    return command


cluster_option = click.option(
    "--cluster",
    default=None,
    metavar="local:N|tcp://…",
    help="Let Dask workers share the pass: N processes here, or those of a scheduler. The last digits may differ from a run without.",
)


@dataclass(frozen=True, eq=False)
class Table:
    """DATA, opened once and read as often as needed.

    Args:
        name: path, pattern, folder, SELECT … or table.
        opened: the triangle that it is, or the source of its rows.
    """

    name: str
    opened: Triangle | FullSource

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the table on the way in, a sentence each."""
        if isinstance(self.opened, Triangle):
            return notes_of(self.opened)
        return tuple(self.opened.notes)

    def read(self, split: Split | None = None, **settings: Any) -> Summary:
        """Read all rows with a progress bar; a triangle is not read again.

        Args:
            split: which rows are held out.
            settings: seed, sample_rows, checkpoint and cluster of `summarize.read`.
        """
        if isinstance(self.opened, Triangle):
            summary = read(self.opened, split)
            return replace(summary, data={"kind": "triangle", "name": Path(self.name).name, **summary.data})
        with watching(self.name) as watch:
            summary = read(self.opened, split, watch=watch, **settings)
        return (
            replace(summary, data={**summary.data, "name": STANDARD_INPUT}) if self.name == STANDARD_INPUT else summary
        )

    def training_rows(self, share: Share | None) -> Iterator[Batch]:
        """Yield the rows that are not held out once more, with a progress bar.

        Raises:
            UsageError: DATA is a triangle, whose rows are gone.
        """
        for batch in self.rows():
            yield batch.take(~share.holds_out(batch.positions)) if share else batch

    def rows(self) -> Iterator[Batch]:
        """Yield all rows once more, with a progress bar.

        Raises:
            UsageError: DATA is a triangle, whose rows are gone.
        """
        if isinstance(self.opened, Triangle):
            raise UsageError(
                f"{self.name} is a triangle, and its rows are gone; they are needed again here. Give the table."
            )
        with watching(self.name) as watch:
            yield from watched(self.opened, watch)


def open_table(data: str, options: dict[str, Any], **more: Any) -> Table:
    """Open DATA with the roles and coding that the options say.

    Args:
        data: path, pattern, folder, SELECT … or table.
        options: of `column_options`; others are left alone.
        more: group.
    """
    chosen = {key: options[key] for key in KEYS if key in options}
    table = Table(data, open_data(as_path(data), **chosen, **more))
    if isinstance(table.opened, Triangle) and options.get("missing", "error") != "error":
        raise UsageError("a triangle holds what was summed; --missing belongs to the table it was made from.")
    return table


def take(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a command without those that name the table and its columns."""
    return {key: value for key, value in options.items() if key not in (*KEYS, *BESIDE)}


def open_like(data: str, options: dict[str, Any], like: Triangle | FullSource) -> Table:
    """Open another table of the same columns, coded as `like` is."""
    chosen = {key: options[key] for key in ALIKE if key in options}
    table = Table(data, open_alike(as_path(data), like, **chosen))
    if isinstance(table.opened, Triangle):
        return Table(data, table.opened.select(like.features, like.targets))
    return table


def read_alike(data: str, options: dict[str, Any], like: Triangle | FullSource, **settings: Any) -> Summary:
    """Read another table of the same columns, coded as `like` is; `settings` as `Table.read`."""
    return open_like(data, options, like).read(**settings)


def watching(data: str) -> AbstractContextManager[Callable[[int, int | None], None]]:
    """A progress bar for reading DATA."""
    return reading(f"reading {shorten(shown(data), 30)}")


def shown(data: str) -> str:
    """What DATA is called in what is printed."""
    return "standard input" if data == STANDARD_INPUT else printable(without_secrets(data))


def notes(summary: Summary) -> str:
    """What was done to the table on the way in, a line each."""
    return "".join(f"  {printable(note)}\n" for note in summary.notes)
