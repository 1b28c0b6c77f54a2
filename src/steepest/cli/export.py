"""`steepest export`: a fitted model as Python, SQL, an Excel formula or ONNX."""

import sys

import click

from steepest.errors import UsageError
from steepest.models.export import export
from steepest.support.files import refuse_existing_file, write_whole


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
        refuse_existing_file(out, force=force)
    content = export(run, to, table=table)  # type: ignore[call-overload]  # click has checked the word
    if out is None:
        _print(content)
        return
    data = content if isinstance(content, bytes) else content.encode()
    write_whole(out, data, force=force)
    click.echo(f"Written: {out}, {len(data):,} bytes.")


def _print(text: str) -> None:
    """Print a text as UTF-8 whatever the terminal is: other letters would be other names."""
    odd = next((c for c in text if not c.isprintable() and c != "\n"), None)
    if odd is not None and sys.stdout.isatty():
        raise UsageError(
            f"a name or category holds the character {odd!r}, which may steer a terminal. Write to a file: -o FILE"
        )
    click.echo(text.encode(), nl=False)
