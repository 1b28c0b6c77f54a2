"""`steepest export`: a fitted model as Python, SQL, an Excel formula or ONNX."""

import os
import sys
from pathlib import Path

import click

from steepest.errors import UsageError
from steepest.export import export
from steepest.files import write_whole


@click.command(name="export")
@click.argument("run", type=click.Path())
@click.option(
    "--to",
    required=True,
    type=click.Choice(["python", "sql", "excel", "onnx"]),
    help="A module, a query, a formula, or a graph.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False),
    default=None,
    help="The file to write; default: stdout. onnx needs one.",
)
@click.option("--table", default=None, help='With sql: the table\'s name, or schema.table; default "data".')
@click.option("--force", is_flag=True, help="Replace the file.")
def command(run: str, to: str, out: str | None, table: str | None, force: bool) -> None:
    """Write the model of RUN, a run folder or its model.json, in another language, for places where steepest is not.

    Example: steepest export runs/penguins --to sql --table penguins -o penguins.sql
    """
    if out is None and to == "onnx":
        raise UsageError("an ONNX model is no text. Name a file: -o model.onnx")
    if out is None and force:
        raise UsageError("--force replaces the file given with -o; there is none. Leave it out.")
    if out is not None:
        _refuse_existing(Path(out), force)
    content = export(run, to, table=table)  # type: ignore[call-overload]  # click has checked the word
    if out is None:
        _print(content)
        return
    data = content if isinstance(content, bytes) else content.encode()
    write_whole(out, data)
    click.echo(f"Written: {out}, {len(data):,} bytes.")


def _refuse_existing(file: Path, force: bool) -> None:
    """Raise UsageError where the file cannot be written, before anything is done."""
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write into {file.parent}. Give a file in a folder that can be written.")
    if file.exists() and not force:
        raise UsageError(f"{file} exists already. Give another name, or replace it with --force.")


def _print(text: str) -> None:
    """Print a text as UTF-8 whatever the terminal is: other letters would be other names."""
    odd = next((c for c in text if not c.isprintable() and c != "\n"), None)
    if odd is not None and sys.stdout.isatty():
        raise UsageError(
            f"a name or category holds the character {odd!r}, which may steer a terminal. Write to a file: -o FILE"
        )
    click.echo(text.encode(), nl=False)
