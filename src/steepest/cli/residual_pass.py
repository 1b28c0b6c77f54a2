"""The exact answer on the command line, refined by further passes over the rows' residuals."""

from typing import Any

from steepest.analysis.solve import Solution, refine
from steepest.cli.table import Table
from steepest.cli.text import shorten, table
from steepest.data.split import Share
from steepest.errors import UsageError
from steepest.summaries.triangle import Triangle


def refined(data: Table, share: Share | None, triangle: Triangle, options: dict[str, Any]) -> Solution | None:
    """Return the exact answer refined by further passes over DATA, where that is asked for.

    Args:
        data: the table.
        share: of its rows that was held out.
        triangle: of the others.
        options: of `fit`.
    """
    if not options["refine"]:
        return None
    if options["l1"] or options["l2"]:
        raise UsageError(
            f"--refine is for the least-squares answer; with --{'l1' if options['l1'] else 'l2'} there is another one. Leave one of them out."
        )
    return refine(triangle, lambda: data.training_rows(share), fit_intercept=options["fit_intercept"])


def refined_lines(solution: Solution, intercept: bool, most: int = 30) -> str:
    """Return the refined answer as a table, and how exact it is."""
    entries = [("bias", float(solution.bias))] if intercept else []
    entries += list(zip(solution.features, solution.weights.tolist(), strict=True))
    if not solution.looks:
        how = "as the first pass has it: the condition number of these columns lets no correction through"
    elif not solution.corrections:
        how = "which another look at the rows leaves as it is"
    else:
        how = f"refined by {solution.looks} more looks at the rows; the last correction was {solution.corrections[-1]:.1e} of it"
    rows = [(shorten(name), repr(value)) for name, value in entries[:most]]
    more = f"\n  … and {len(entries) - most:,} more" if len(entries) > most else ""
    return f"  Exact least-squares answer, {how}:\n{table(('', 'refined'), rows)}{more}"


def as_json(solution: Solution) -> dict[str, Any]:
    """Return the refined answer as JSON types."""
    weights = dict(zip(solution.features, solution.weights.tolist(), strict=True))
    return {
        "weights": weights,
        "bias": solution.bias,
        "corrections": list(solution.corrections),
        "looks": solution.looks,
    }
