"""Run reader: a run folder's run, as it was, from its settings and its triangle."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.sample import Sample
from steepest.descent.descend import descend
from steepest.descent.minibatch import from_json
from steepest.descent.trajectory import Trajectory
from steepest.errors import ModelFileError, SteepestError, UsageError
from steepest.models.model import load
from steepest.models.path_file import read_path
from steepest.models.run_folder import ROWS
from steepest.objectives.problem import Problem
from steepest.rules import registry as rules
from steepest.summaries.triangle import Triangle
from steepest.support.array_file import read_arrays
from steepest.support.arrays import FloatArray
from steepest.views.pages import Page, Rows, StoredPage, page_of_rows

SAME = 1e-6  # a run that went step by step, and its closed form, agree far better than this


def report(path: str | os.PathLike[str], *, title: str = "") -> Page:
    """Return the interactive page of a run folder; of another loss than squares, and of a path, the one that was written with it.

    Args:
        path: the folder that `steepest fit`, `steepest demo` or `steepest path` wrote.
        title: what the page is called, where it is made anew; default: the folder's name.

    Raises:
        UsageError: there is no such folder, or the run has no page.
        ModelFileError: a file in it is damaged, or they do not belong together.
    """
    folder = Path(path)
    if (folder / "path.json").is_file():
        return _page_of_path(folder)
    _check_folder(folder)
    if loss_of_folder(folder) != "squared":
        return _stored_page(folder)
    run = read(folder)
    return page_of_rows(run, read_rows(folder), title=title or folder.resolve().name)


def _check_folder(folder: Path) -> None:
    if (folder / "path.json").is_file():
        raise UsageError(
            f"{folder} holds a path of sparse models, and a path is no run: nothing descended.",
            "look at its report.html, or its path.csv",
            "name the folder of a run",
        )
    if not (folder / "run.json").is_file() or not (folder / "triangle").is_file():
        raise UsageError(
            f"{folder} is no run folder: run.json and triangle are missing. Give one that `steepest fit` wrote."
        )


def loss_of_folder(folder: Path) -> str:
    """Return the name of the loss that a folder's run is on."""
    return load(folder).loss


def _page_of_path(folder: Path) -> Page:
    """Return the page that `path` wrote: held-out errors are not to be had again without the rows."""
    file = folder / "report.html"
    if not file.is_file():
        raise UsageError(
            f"{folder} has no report.html, and its held-out errors are not to be had again without the table's rows.",
            "look at its path.csv and its pictures",
            "follow the path again (steepest path)",
        )
    return StoredPage({"title": folder.resolve().name}, content=file.read_text(encoding="utf-8"))


def _stored_page(folder: Path) -> Page:
    """Return the page that `fit` wrote of a run on another loss than squares: no other could be made without the rows."""
    file = folder / "report.html"
    if not file.is_file() and read_record(folder).get("l1"):
        raise UsageError(
            f"{folder} has no report.html: a page computes runs without an l1 penalty, and this run has one.",
            "look at its run.json and its pictures",
        )
    if not file.is_file():
        raise UsageError(
            f"{folder} has no report.html, and a run on {loss_of_folder(folder)} loss has no page without the table's rows, which a run "
            "folder does not keep.",
            "look at its run.json and its pictures",
            "fit the table again",
        )
    return StoredPage({"title": folder.resolve().name}, content=file.read_text(encoding="utf-8"))


def read_record(folder: Path) -> dict[str, Any]:
    """Return a folder's run.json.

    Raises:
        UsageError: there is no such folder.
        ModelFileError: it is damaged.
    """
    _check_folder(folder)
    file = folder / "run.json"
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        missing = [key for key in ("verdict", "rule", "features", "target", "options", "data") if key not in record]
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{file} is no JSON ({error}). Fit again.") from error
    if missing:
        raise ModelFileError(f"{file} does not say how the run went ({missing[0]!r} is missing). Fit again.")
    return dict(record)


def read_curve(folder: Path, column: str) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the epochs of a folder's trajectory.parquet, shape (K,), and one of its columns at them, shape (K,).

    Raises:
        ModelFileError: the file is missing or damaged.
    """
    import duckdb  # noqa: PLC0415 - a run is read

    file = folder / "trajectory.parquet"
    selected = f'SELECT epoch, "{column}" FROM read_parquet(?) ORDER BY epoch'
    try:
        with duckdb.connect(":memory:") as connection:
            found = connection.execute(selected, [str(file)]).fetchnumpy()
    except duckdb.Error as error:
        raise ModelFileError(f"{file} cannot be read ({error}). Fit again.") from error
    return np.asarray(found["epoch"], dtype=np.int64), np.asarray(found[column], dtype=np.float64)


def read(folder: Path) -> Trajectory:
    """Return the run of a folder: descended again in closed form, or as its path was kept."""
    _check_folder(folder)
    _refuse_other_losses(folder)
    triangle = Triangle.load(folder / "triangle")
    try:
        record: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        run = _walked(folder, triangle, record) if (folder / "path").is_file() else _descended(triangle, record)
    except UsageError as error:  # its rule may be somebody's own
        raise ModelFileError(f"{folder / 'run.json'}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, SteepestError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{folder / 'run.json'} does not say how the run went ({error}). Fit again.") from error
    model = load(folder)
    there = np.append(np.ravel(run.weights), run.bias), np.append(np.ravel(model.weights), model.bias)
    if there[0].shape != there[1].shape or not np.allclose(*there, rtol=SAME, atol=SAME * np.abs(there[1]).max()):
        raise ModelFileError(f"the model in {folder} is not where its run.json and triangle lead. Fit again.")
    return run


def _refuse_other_losses(folder: Path) -> None:
    """Raise UsageError where a run is on another loss than squares: its rows would be needed, and no folder keeps them."""
    loss = loss_of_folder(folder)
    if loss != "squared":
        raise UsageError(
            f"{folder} holds a run on {loss} loss, which needs the table's rows to be gone through again; a run folder does not keep them.",
            "look at its run.json and its pictures",
            "fit the table again",
        )


def _descended(triangle: Triangle, record: dict[str, Any]) -> Trajectory:
    return descend(
        triangle,
        rule=rules.from_json(record["rule"]),
        epochs=record["requested_epochs"],
        l2=record["l2"],
        objective=record["objective"],
        standardize=record["coordinates"] == "standardized",
        fit_intercept=record["fit_intercept"],
    )


def _walked(folder: Path, triangle: Triangle, record: dict[str, Any]) -> Trajectory:
    problem = Problem.of(
        triangle,
        record["coordinates"],
        objective=record["objective"],
        l2=record["l2"],
        l1=record.get("l1", 0.0),
        fit_intercept=record["fit_intercept"],
    )
    start, iterates = read_path(folder / "path", problem.quadratic)
    return Trajectory(problem, from_json(record["rule"]), start, iterates, record["requested_epochs"])


def read_rows(folder: Path) -> Rows:
    """Return the rows and held-out rows that a folder keeps, as far as it does."""
    sample = None
    if (folder / "rows").is_file():
        header, arrays = read_arrays(folder / "rows", ROWS)
        try:
            sample = Sample(arrays["X"], arrays["y"], arrays["positions"], int(header["seed"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{folder / 'rows'} holds no rows. Fit again.") from error
    held_out = Triangle.load(folder / "held_out") if (folder / "held_out").is_file() else None
    return Rows(sample, held_out)
