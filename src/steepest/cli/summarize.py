"""`steepest summarize`: a table in, its triangle out, in one pass that can be cut off."""

from typing import Any

import click

from steepest.cli.finish import choose_summary, keep_summary, resumable
from steepest.cli.merge import refuse_doubles, report
from steepest.cli.shared_options import json_option, quiet_option
from steepest.cli.table import cluster_option, column_options, notes, open_table, read_alike
from steepest.errors import UsageError
from steepest.summaries.triangle import Triangle


@click.command(name="summarize")
@column_options
@cluster_option
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False), help="The file for the triangle.")
@click.option("--resume", is_flag=True, help="Go on where an earlier pass was cut off.")
@click.option("--add", is_flag=True, help="Add DATA's rows to the triangle that is in the file, coded as that was.")
@click.option("--force", is_flag=True, help="Replace the file, or count a table a second time.")
@json_option
@quiet_option
def command(data: str, out: str, resume: bool, add: bool, force: bool, as_json: bool, **options: Any) -> None:
    """Reduce DATA to a triangle in one pass and keep it in a file: all that a fit will ever ask of the table.

    A pass that is cut off, even by a power cut, leaves OUT.partial; --resume goes on from there.

    Example: steepest summarize examples/penguins.csv --target body_mass_g -o penguins.triangle
    """
    if add:
        if resume:
            raise UsageError("--add reads a table from its start; it does not go with --resume.")
        triangle, lines = _added(data, out, force, options), ""
        keep_summary(triangle, out, None, force=True)  # to which it was added
    else:
        if resume and options["cluster"]:
            raise UsageError("--resume goes on with a pass on this machine; it does not go with --cluster.")
        state = choose_summary(out, resume, force)
        state = None if options["cluster"] else state  # a pass on a cluster leaves none
        with resumable(state):
            summary = open_table(data, options).read(sample_rows=0, checkpoint=state, cluster=options["cluster"])
        triangle, lines = summary.triangle, notes(summary)
        keep_summary(triangle, out, state, force=force)
    report(triangle, out, lines, as_json)


def _added(data: str, out: str, force: bool, options: dict[str, Any]) -> Triangle:
    """Read DATA with the coding of the triangle in the file, and add it."""
    before = Triangle.load(out)
    new = read_alike(data, options, before, sample_rows=0).triangle
    refuse_doubles(before, new, data, force)
    return before + new
