"""Run folders: everything a run leaves behind, written whole or not at all."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from steepest.analysis.smearing import Smearing
from steepest.data.sources.log_target import own_names
from steepest.descent.trajectory import Trajectory
from steepest.models.model import Model
from steepest.models.path_file import write_path
from steepest.objectives.loss_choice import numbers_of
from steepest.rules import registry as rules
from steepest.summaries.triangle import Triangle
from steepest.support.array_file import write_arrays
from steepest.support.files import whole_folder
from steepest.support.version import __version__
from steepest.views.pages import Rows, page_of_rows, problem_with, thinned
from steepest.views.plots import (
    Display,
    LossContourDisplay,
    LossCurveDisplay,
    ModeDecayDisplay,
    save,
)

ROWS = "steepest-rows"
CURVE_POINTS = 1_000  # epochs in trajectory.parquet; any other follows from triangle and settings


def write(
    path: str | os.PathLike[str],
    run: Trajectory,
    triangle: Triangle,
    *,
    pictures: Mapping[str, Display] | None = None,
    plot_format: str = "svg",
    rows: Rows | None = None,
    record: Mapping[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    smearing: Smearing | None = None,
    force: bool = False,
) -> Path:
    """Write a run folder: it appears complete, or not at all.

        model.json           the fitted model, every bit of it
        run.json             settings, why automatic ones got their values, verdict, data, versions, timings
        trajectory.parquet   epoch, loss, rmse, bias, weights at about 1,000 log-spaced epochs
        triangle             the table's triangle: every other epoch and setting follows from it
        path                 of a run that went step by step: the epochs it kept, in the inputs in force
        loss.svg             the loss over epochs, and the optimum's floor
        modes.svg            what is left of each mode (runs in closed form)
        contour.svg          the loss over the first two parameters and the path across it (two parameters or more)
        more pictures        those of `pictures`, by their names: predictions, residuals, qq, validation
        report.html          the interactive page, in one file
        rows, held_out       some rows, and the held-out rows' triangle: what the page is made of beside the run

    Args:
        path: the folder to make.
        run: a run of one target.
        triangle: of the rows it learned from.
        pictures: more of them by name, such as that of predictions.
        plot_format: of all pictures, "svg" or "png".
        rows: some rows and the held-out ones' triangle, for the page, or None for neither.
        record: more for run.json (JSON types).
        data: where the rows came from (JSON types).
        smearing: of a run on logarithms, or None.
        force: replace a folder that is there.

    Returns:
        the folder's path.

    Raises:
        UsageError: the folder exists, or cannot be written.
        DataError: the model is not finite.
    """
    model = Model.of(run, data, smearing)
    content = model.to_bytes()
    with whole_folder(path, force=force) as folder:
        (folder / "model.json").write_bytes(content)
        (folder / "run.json").write_text(
            _as_json({**describe(run), "data": data or {}, **(record or {})}), encoding="utf-8"
        )
        _write_trajectory(run, folder / "trajectory.parquet")
        triangle.save(folder / "triangle")
        write_path(folder / "path", run)
        for name, display in {**_pictures(run), **(pictures or {})}.items():
            save(display, folder / f"{name}.{plot_format}", plot_format)
        told = replace(rows or Rows(), measures=(record or {}).get("measures"))
        write_page(run, triangle, told, folder, Path(path).name)
    return Path(path)


def write_page(run: Trajectory, triangle: Triangle, rows: Rows, folder: Path, title: str) -> None:
    """Write the page and what it is made of; nothing for a run that has none, as one of 1,000 features."""
    if problem_with(run):
        return
    if rows.held_out is not None:
        rows.held_out.save(folder / "held_out")
    if rows.sample is not None and len(rows.sample.X):
        sample = thinned(rows.sample)
        arrays = {"X": sample.X, "y": sample.y, "positions": sample.positions}
        write_arrays(folder / "rows", ROWS, {"seed": sample.seed}, arrays)
    page_of_rows(run, rows, title=title).save(folder / "report.html")


def describe(run: Trajectory) -> dict[str, Any]:
    """Return settings, result and verdict of a run as JSON types, in the data's own units; NaN and inf become null."""
    verdict = asdict(run.verdict)
    last, classes = run.last, run.coding.classes if run.coding is not None else ()
    return {
        "steepest": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "features": list(run.features),
        "target": own_names(run.problem.triangle)[0] if classes else run.targets[0],
        **({"classes": list(classes)} if classes else {}),
        **({} if run.coding is None or run.coding.offset is None else {"offset": run.coding.offset.as_json()}),
        **({} if run.problem.is_quadratic else {"loss_numbers": numbers_of(getattr(run.problem, "loss", None))}),
        "objective": run.objective,
        "coordinates": run.coordinates.name,
        "fit_intercept": run.coordinates.fit_intercept,
        "l2": run.l2,
        "l1": run.l1,
        "rule": rules.as_json(run.rule),
        "epochs": run.epochs,
        "requested_epochs": run.requested_epochs,
        "engine": run.engine,
        "automatic": dict(run.reasons),
        "weights": {name: _each(values) for name, values in zip(run.features, last.weights, strict=True)},
        "bias": _each(last.bias),
        "loss": finite(last.loss),
        "rmse": finite(last.rmse),
        "optimum": None
        if run.problem.separation is not None
        else {
            "weights": dict(zip(run.features, run.optimum.weights.tolist(), strict=True)),
            "bias": _each(run.optimum.bias),
            "rmse": run.optimum.rmse,
        },
        "verdict": {key: finite(value) for key, value in verdict.items() if key != "slowest"}
        | {"slowest": [{"mode": words, "remaining": finite(left)} for words, left in run.verdict.slowest]}
        | {"text": str(run.verdict)},
    }


def _each(values: Any) -> Any:
    """A number, or one for each class, as JSON types."""
    return finite(float(values)) if np.ndim(values) == 0 else [finite(value) for value in np.asarray(values).tolist()]


def finite(value: Any) -> Any:
    """Return None for NaN and inf, which JSON does not know."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _pictures(run: Trajectory) -> dict[str, Display]:
    """The pictures that follow from the run alone."""
    title = _title(run)
    pictures: dict[str, Display] = {"loss": LossCurveDisplay.from_trajectory(run, title=title)}
    if run.engine == "modes" and run.mode_words:
        pictures["modes"] = ModeDecayDisplay.from_trajectory(run, title=title)
    has_minimum = run.problem.separation is None  # which the contour is drawn around
    if has_minimum and len(run.coordinates.parameter_names(run.features)) > 1 and np.ndim(run.last.weights) == 1:
        pictures["contour"] = LossContourDisplay.from_trajectory(run, title=title)
    return pictures


def _title(run: Trajectory) -> str:
    return f"{run.rule.name}, {run.epochs:,} epochs: {run.verdict.kind}"


def _write_trajectory(run: Trajectory, path: Path) -> None:
    """Write about CURVE_POINTS epochs as Parquet; a feature's column is named "weight of NAME"."""
    import duckdb  # noqa: PLC0415 - a run is written

    chosen = run.some_epochs(CURVE_POINTS)
    weights, bias = run.parameters(chosen)
    names = ["bias", *(f"weight of {name}" for name in run.features)]
    if bias.ndim > 1:  # a column for each class
        names = [f"{name} for {target}" for name in names for target in run.targets]
        bias, weights = bias.T, weights.reshape(len(chosen), -1)
    columns = [chosen, run.loss(chosen), run.rmse(chosen), *np.atleast_2d(bias), *weights.T]
    names = ["epoch", "loss", "rmse", *names]
    table = {f"c{j}": np.ascontiguousarray(column) for j, column in enumerate(columns)}
    selected = ", ".join(f"c{j} AS " + '"' + name.replace('"', '""') + '"' for j, name in enumerate(names))
    with duckdb.connect(":memory:") as connection:
        connection.register("trajectory", table)
        # the path is a literal here, COPY takes no parameter; quotes in it are doubled
        target = str(path).replace("'", "''")
        connection.execute(f"COPY (SELECT {selected} FROM trajectory ORDER BY c0) TO '{target}' (FORMAT parquet)")


def free_name(parent: str | os.PathLike[str], stem: str) -> Path:
    """Return parent/stem, or parent/stem-2, -3 … where that exists already; the stem holds only safe characters."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in stem).strip(".")[:60] or "run"
    number = 1
    while True:
        path = Path(parent) / (safe if number == 1 else f"{safe}-{number}")
        if not path.exists():
            return path
        number += 1
