"""Runs: from a table, or from points set by hand, to the payload that a page is made of."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from steepest.data.batch import Batch
from steepest.data.examples import powers
from steepest.data.sources import FullSource, open_source
from steepest.data.sources.reader_errors import short
from steepest.data.split import Share
from steepest.descent.descend import descend
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.lab.form import FORM
from steepest.objectives.loss_choice import LossName
from steepest.objectives.newton import RowReader
from steepest.summaries.summarize import Summary, read
from steepest.summaries.triangle import Triangle
from steepest.views.pages import Rows, problem_with
from steepest.views.pages.packing import Json, packed
from steepest.views.pages.payload import MOST_PARAMETERS, payload

MOST_EPOCHS = 1_000_000
GRID = 200  # places at which a curve is drawn
MOST_POINTS, MOST_DEGREE = 500, 6
LARGEST = 1e11  # of a coordinate: the squares of its sixth power are far from overflow, as penalties too
POWERS = ("", "²", "³", "⁴", "⁵", "⁶")


def run_payload(summary: Summary, title: str, rows: RowReader | None = None) -> Json:
    """Return the payload of a table's run by gradient at the automatic rate, in standardized inputs.

    Args:
        summary: of the table. Where its target holds labels, the run is on logistic or multinomial loss, which `about` says.
        title: of the page.
        rows: gives the rows to learn from again, which labels need.

    Raises:
        UsageError: a page cannot show so many parameters.
    """
    triangle = summary.triangle
    labels = triangle.coding.classes if triangle.coding is not None else ()
    size = (len(triangle.features) + 1) * (len(triangle.targets) if labels else 1)
    if size > MOST_PARAMETERS:
        raise UsageError(
            f"a page holds up to {MOST_PARAMETERS} parameters, and these features make {size:,}: each category and each power "
            "is one, for each class where there are several. Select fewer features."
        )
    run = _run(triangle) if not labels else descend(triangle, rows=rows, loss=_loss_of(triangle), standardize=True)
    made = payload(run, triangle, Rows(summary.sample, summary.test, summary.test_sample), title=title)
    return made | ({"about": about_labels(triangle)} if labels else {})


def _loss_of(triangle: Triangle) -> LossName:
    """The loss that labels were coded for."""
    return "logistic" if len(triangle.targets) == 1 else "multinomial"


def about_labels(triangle: Triangle) -> str:
    """Say which loss a target of labels is fitted by, and what is predicted."""
    classes = triangle.coding.classes if triangle.coding is not None else ()
    predicted = (
        f"the probability of {short(classes[1])}"
        if len(triangle.targets) == 1
        else f"the probability of each of {len(classes):,} classes"
    )
    return f"The target holds labels, so this is a run on {_loss_of(triangle)} loss: predicted is {predicted}."


def points_payload(points: Sequence[tuple[float, float]], degree: int) -> Json:
    """Return the payload of a polynomial through points.

    Args:
        points: pairs (x, y).
        degree: the highest power of x.

    Raises:
        UsageError: fewer than two points, or all with the same x.
    """
    if len(points) < 2:
        raise UsageError(f"a line needs at least 2 points; there {'is' if points else 'are'} {len(points)}. Add some.")
    x, y = np.array(points, dtype=np.float64).T
    if np.ptp(x) == 0:
        raise UsageError(f"all {len(points)} points have the same x, {x[0]:g}, so they show no slope. Move one aside.")
    X = powers(x, degree)
    names = [f"x{POWERS[power]}" for power in range(degree)]
    with collect_warnings() as notes:
        made = run_payload(read(open_source(X, y, features=names, target="y")), "Points")
    rim = np.ptp(x) / 10
    drawn = {"curve": curve(x.min() - rim, x.max() + rim, degree)} if degree > 1 else {}
    return made | notes() | {"id": "drawn", "points": list(points)} | drawn


def curve(low: float, high: float, degree: int) -> Json:
    """Return where the page draws a polynomial: `x`, 200 places from low to high, and `X`, their powers (200, degree), packed."""
    x = np.linspace(low, high, GRID)
    return {"x": packed(x), "X": packed(powers(x, degree)), "input": "x"}


@contextmanager
def collect_warnings() -> Iterator[Callable[[], Json]]:
    """Keep the library's warnings, and give the function that returns them as what a page says about its data."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lambda: {"about": " ".join(dict.fromkeys(FORM.message(one.message) for one in caught))} if caught else {}


def table_payload(source: FullSource, share: Share | None, title: str, id: str, table: Json) -> Json:
    """Return the payload of a table's run; `table` says how code and commands name the table and its columns."""

    def rows() -> Iterator[Batch]:
        for batch in source.batches():
            yield batch if share is None else batch.take(~share.holds_out(batch.positions))

    return run_payload(read(source, share), title, rows) | {"id": id, "table": table}


def _run(triangle: Triangle) -> Trajectory:
    """Descend for as many epochs as it takes, up to a million."""
    run = descend(triangle, standardize=True)
    if run.requested_epochs > MOST_EPOCHS:
        run = descend(triangle, standardize=True, epochs=MOST_EPOCHS)
    wrong = problem_with(run)
    if wrong:
        raise UsageError(wrong)
    return run
