"""Sets: the built-in tables as payloads of pages, each with the run that shows its lesson."""

import json
import warnings
from dataclasses import dataclass

import numpy as np

from steepest.data.examples import EXAMPLES, ExampleData, example
from steepest.data.sample import Sample
from steepest.descent.descend import descend
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataWarning
from steepest.lab.runs import curve
from steepest.objectives.quadratic import ObjectiveName
from steepest.summaries.summarize import summarize
from steepest.summaries.triangle import Triangle
from steepest.views.pages.packing import Json
from steepest.views.pages.payload import Rows, payload


@dataclass(frozen=True)
class Opening:
    """The run a table's page opens with.

    Args:
        id: what addresses call the table.
        learning_rate: η. Away from the best constant rate, which lets the steepest mode swing as long as the slowest crawls.
        epochs: where the page stands at first.
        standardize: whether the inputs are standardized.
        objective: what is minimized.
    """

    id: str
    learning_rate: float
    epochs: int
    standardize: bool = False
    objective: ObjectiveName = "half_mse"


OPENINGS = {
    "tutorial's line": Opening("line", 1e-4, 200_000, objective="quarter_mse"),
    "noisy line": Opening("noisy", 0.1, 100),
    "outliers": Opening("outliers", 0.03, 1_000),
    "two collinear features": Opening("collinear", 1.0, 100),
    "badly scaled": Opening("scaled", 2.5e-7, 1_000_000),
    "polynomial": Opening("polynomial", 0.2, 50_000, standardize=True),
    "two classes": Opening("classes", 0.5, 50),
    "separable classes": Opening("separable", 1.0, 1_000),
    "counts": Opening("counts", 0.05, 100),
}


def payloads() -> list[Json]:
    """Return the payload of each built-in table, as JSON types: that of its run's page, and `id`, `about`, `recipe`.

    The polynomial has a `curve` as well: `x`, 200 places, and `X`, their features (200, d), both packed; `input` names x.

    Example:
        >>> [payload["id"] for payload in payloads()]
        ['line', 'noisy', 'outliers', 'collinear', 'scaled', 'polynomial', 'classes', 'separable', 'counts']
        >>> payloads()[1]["recipe"]
        'steepest.example("noisy line")'
    """
    return [_payload(name) for name in EXAMPLES]


def run_of(name: str) -> tuple[Trajectory, Triangle]:
    """Return the run that the page of a built-in table opens with, and the triangle it learned from."""
    data, opening = example(name), OPENINGS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # that classes are separable is what one of them teaches
        run = descend(
            data.X,
            data.y,
            features=data.features,
            target=data.target,
            learning_rate=opening.learning_rate,
            epochs=opening.epochs,
            standardize=opening.standardize,
            objective=opening.objective,
            loss=data.loss,
        )
    return run, run.problem.triangle


def _payload(name: str) -> Json:
    data, (run, triangle) = example(name), run_of(name)
    content = {
        **payload(run, triangle, _rows(data), title=name),
        "id": OPENINGS[name].id,
        "about": data.about,
        "recipe": f"steepest.example({json.dumps(name)})",
    }
    return content | ({"curve": curve(-1.0, 1.0, len(data.features))} if name == "polynomial" else {})


def _rows(data: ExampleData) -> Rows:
    sample = Sample(data.X, data.y[:, None], np.arange(len(data.X), dtype=np.uint64))
    if data.held_out is None:
        return Rows(sample)
    X, y = data.held_out
    return Rows(sample, summarize(X, y, features=data.features, target=data.target))
