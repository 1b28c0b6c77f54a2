"""Options that name a table and its columns, and reading it with a progress bar."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from steepest.cli.text import printable, reading, shorten
from steepest.data.sample import Sample
from steepest.data.sources import Source, open_source
from steepest.errors import UsageError
from steepest.summaries.summarize import Summary, read, triangle_of
from steepest.summaries.triangle import Triangle

KEYS = (
    "target",
    "features",
    "exclude",
    "weight",
    "missing",
    "degree",
    "interactions",
    "categorical",
    "delimiter",
    "decimal",
    "encoding",
    "database",
    "unseen",
)
BESIDE = ("cluster",)


class Names(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """Names separated by commas; one that holds a comma stands in double quotes."""

    name = "a,b,…"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return a tuple of names."""
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in next(csv.reader([value], skipinitialspace=True), []) if name.strip())


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
                "--features", type=Names(), default=None, help="The columns to predict from; default: all others."
            ),
            click.option("--exclude", type=Names(), default=(), help="Columns to leave out."),
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
                default=(),
                help="Columns of numbers that are names of something: codes, postcodes. Text is always taken so.",
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
    help="Let Dask workers share the pass: N processes here, or those of a scheduler.",
)


def open_table(data: str, options: dict[str, Any], **more: Any) -> Source | Triangle:
    """Return what DATA is: a triangle, or a source with the roles and coding that the options say.

    Args:
        data: path, pattern, folder, SELECT … or table.
        options: of `column_options`; others are left alone.
        more: group, coding, unseen.
    """
    held = None if options["database"] else triangle_of(data)
    if held is not None:
        return _selected(held, options)
    chosen = {key: options[key] for key in KEYS if key in options}
    return open_source(data, **{**chosen, **more})


def take(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a command without those that name the table and its columns."""
    return {key: value for key, value in options.items() if key not in (*KEYS, *BESIDE)}


def read_table(data: str, options: dict[str, Any], **settings: Any) -> Summary:
    """Read DATA once with a progress bar; a triangle is not read again.

    Args:
        data: path, pattern, folder, SELECT … or table.
        options: of `column_options`.
        settings: of `read`: test_size, seed, sample_rows, state.
    """
    source = open_table(data, options)
    if isinstance(source, Triangle):
        if settings.get("test_size"):
            raise UsageError(f"{data} is a triangle and has no rows to hold out. Give the table, or --test FILE.")
        notes = tuple(str(source.coding).splitlines()) if source.coding else ()
        origin = {
            "kind": "triangle",
            "name": Path(data).name,
            "sha256": source.checksum,
            "origins": list(source.origins),
        }
        return Summary(source, None, Sample.empty(source.features, source.targets), notes, origin)
    with watching(data) as watch:
        return read(source, watch=watch, cluster=options.get("cluster"), **settings)


def read_alike(data: str, options: dict[str, Any], like: Triangle) -> Triangle:
    """Read another table of the same columns, coded as `like` was, into a triangle."""
    held = triangle_of(data)
    if held is not None:
        return held.select(like.features, like.targets)
    chosen = {**options, "target": like.targets[0], "features": None, "exclude": (), "database": None}
    source = open_table(data, chosen, coding=like.coding)
    with watching(data) as watch:
        return read(source, sample_rows=0, watch=watch).triangle  # type: ignore[arg-type]  # no triangle, as seen above


def watching(data: str) -> AbstractContextManager[Callable[[int, int | None], None]]:
    """A progress bar for reading DATA."""
    return reading(f"reading {shorten(data, 30)}")


def notes(summary: Summary) -> str:
    """What was done to the table on the way in, a line each."""
    return "".join(f"  {printable(note)}\n" for note in summary.notes)


def _selected(triangle: Triangle, options: dict[str, Any]) -> Triangle:
    """Return a triangle of the columns that are asked for."""
    for key in ("weight", "interactions"):
        if options.get(key):
            raise UsageError(f"a triangle holds what was summed; --{key} belongs to the table it was made from.")
    if options.get("degree", 1) != 1 or options.get("missing", "error") != "error":
        raise UsageError(
            "a triangle holds what was summed; --degree and --missing belong to the table it was made from."
        )
    targets = (options["target"],) if options["target"] else triangle.targets
    features = options["features"] or [name for name in triangle.features if name not in targets]
    features = tuple(name for name in features if name not in options["exclude"])
    same = (features, targets) == (triangle.features, triangle.targets)
    return triangle if same else triangle.select(features, targets)
