"""Further looks at the rows that a run has learned from, and the exact answer refined by them."""

from collections.abc import Iterator
from typing import Any

from steepest.analysis.solve import Solution, refine
from steepest.cli.table import open_table, watching
from steepest.cli.text import shorten, table
from steepest.data.batch import Batch
from steepest.data.sources import watched
from steepest.data.split import held_out
from steepest.errors import UsageError
from steepest.summaries.triangle import Triangle


def rows_again(data: str, triangle: Triangle, options: dict[str, Any]) -> Iterator[Batch]:
    """Yield the rows that the run has learned from once more, coded as they were, with a progress bar.

    Raises:
        UsageError: DATA is a triangle, whose rows are gone.
    """
    source = open_table(data, options, coding=triangle.coding)
    if isinstance(source, Triangle):
        raise UsageError(f"{data} is a triangle, and its rows are gone; they are needed again here. Give the table.")
    with watching(data) as watch:
        for batch in watched(source, watch):
            share = options["test_size"]
            yield batch.take(~held_out(batch.positions, share, options["seed"])) if share else batch


def refined(data: str, triangle: Triangle, options: dict[str, Any]) -> Solution | None:
    """Return the exact answer refined by further looks at DATA, where that is asked for."""
    if not options["refine"]:
        return None
    if options["l2"]:
        raise UsageError(
            "--refine is for the least-squares answer; with --l2 there is another one. Leave one of them out."
        )
    return refine(triangle, lambda: rows_again(data, triangle, options), fit_intercept=options["fit_intercept"])


def refined_lines(solution: Solution, intercept: bool, most: int = 30) -> str:
    """Return the refined answer as a table, and how exact it is."""
    entries = [("bias", float(solution.bias))] if intercept else []
    entries += list(zip(solution.features, solution.weights.tolist(), strict=True))
    if not solution.looks:
        said = "as the first pass has it: the condition number of these columns lets no correction through"
    elif not solution.corrections:
        said = "which another look at the rows leaves as it is"
    else:
        said = f"refined by {solution.looks} more looks at the rows; the last correction was {solution.corrections[-1]:.1e} of it"
    rows = [(shorten(name), repr(value)) for name, value in entries[:most]]
    more = f"\n  … and {len(entries) - most:,} more" if len(entries) > most else ""
    return f"  Exact least-squares answer, {said}:\n{table(('', 'refined'), rows)}{more}"


def as_json(solution: Solution) -> dict[str, Any]:
    """Return the refined answer as JSON types."""
    weights = dict(zip(solution.features, solution.weights.tolist(), strict=True))
    return {
        "weights": weights,
        "bias": solution.bias,
        "corrections": list(solution.corrections),
        "looks": solution.looks,
    }
