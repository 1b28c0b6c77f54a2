"""`steepest report`: a run folder as one interactive page."""

import webbrowser
from pathlib import Path

import click

from steepest.cli.shared_options import quiet_option
from steepest.models.run_reader import report
from steepest.support.files import refuse_existing_file


@click.command(name="report")
@click.argument("run", type=click.Path())
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False),
    default="report.html",
    show_default=True,
    help="The file to write.",
)
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
@click.option("--force", is_flag=True, help="Replace the file.")
@quiet_option
def command(run: str, out: str, opened: bool, force: bool) -> None:
    """Write RUN, a run folder or the folder of a path, as one HTML file: sliders, and pictures that follow them.

    The file works from disk and asks the network for nothing. That of a run holds up to 300 of the table's rows.

    Example: steepest report runs/penguins -o penguins.html --open
    """
    target = Path(out)
    refuse_existing_file(target, force=force)
    report(run).save(target, force=force)
    click.echo(f"Written: {out}, {target.stat().st_size:,} bytes.")
    if opened:
        webbrowser.open(target.resolve().as_uri())
