"""`steepest merge`: triangles of the same columns in, the triangle of all their rows out."""

from pathlib import Path

import click

from steepest.cli.finish import choose_summary
from steepest.cli.json_output import echo_json
from steepest.cli.shared_options import json_option, quiet_option
from steepest.cli.text import printable, shorten
from steepest.errors import DataError
from steepest.summaries.origins import unlisted
from steepest.summaries.triangle import Triangle
from steepest.support.words import pluralize


@click.command(name="merge")
@click.argument("triangles", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False), help="The file for the sum.")
@click.option("--force", is_flag=True, help="Replace the file, or count a table a second time.")
@json_option
@quiet_option
def command(triangles: tuple[str, ...], out: str, force: bool, as_json: bool) -> None:
    """Add triangles of the same columns: the triangle of all their rows.

    Example: steepest merge monday.triangle tuesday.triangle -o week.triangle
    """
    choose_summary(out, False, force)
    first, *others = (Triangle.load(path) for path in triangles)
    total = first
    for path, other in zip(triangles[1:], others, strict=True):
        refuse_doubles(total, other, path, force)
        total = total + other
    total.save(out, force=force)
    report(total, out, "", as_json)


def refuse_doubles(total: Triangle, new: Triangle, name: str, force: bool) -> None:
    """Raise DataError when a table that went into one triangle is in the other as well; of those no longer listed, say so."""
    hidden = unlisted(total.origins) + unlisted(new.origins)
    if hidden:
        said = f"{hidden:,} tables that went in earlier are no longer listed; nothing was checked against them."
        click.echo(f"{shorten(name)}: {said}", err=True)
    prints = {origin.get("sha256_of_size_and_ends") for origin in total.origins} - {None}
    double = [o.get("name", "?") for o in new.origins if o.get("sha256_of_size_and_ends") in prints]
    if double and not force:
        raise DataError(
            f"{name}: the rows of {double[0]} are in the sum already. Leave it out, or count them twice with --force."
        )


def report(triangle: Triangle, out: str, notes: str, as_json: bool) -> None:
    """Print what the triangle is of, for people or for programs."""
    file = Path(out)
    if as_json:
        content = {
            "out": str(file),
            "rows": triangle.row_count,
            "total_weight": triangle.total_weight,
            "features": list(triangle.features),
            "targets": list(triangle.targets),
            "origins": list(triangle.origins),
            "sha256": triangle.checksum,
        }
        echo_json("triangle", content)
        return
    d, targets = len(triangle.features), ", ".join(shorten(name) for name in triangle.targets)
    click.echo(f"{pluralize(triangle.row_count, 'row')}, {pluralize(d, 'feature')}, target {targets}")
    if notes:
        click.echo(notes, nl=False)
    if len(triangle.origins) > 1:
        for origin in triangle.origins:
            click.echo(
                f"  {printable(str(origin.get('name') or origin.get('query') or origin.get('kind')))}: {pluralize(origin['rows'], 'row')}"
            )
    click.echo(f"Written: {file}, {file.stat().st_size:,} bytes. Next: steepest fit {file}")
