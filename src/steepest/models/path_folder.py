"""Path folders: what a path of sparse models leaves behind, written whole or not at all."""

import csv
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from steepest.analysis.path_choice import choose_model
from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_order import order_of_inputs
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice
from steepest.models.model import Model
from steepest.models.run_folder import finite
from steepest.support.files import whole_folder
from steepest.views.plots import CoefficientPathDisplay, Display, HeldOutPathDisplay, save


def write(
    folder: str | os.PathLike[str],
    path: Path,
    choose: PathChoice | float,
    *,
    data: dict[str, Any] | None = None,
    record: Mapping[str, Any] | None = None,
    plot_format: str = "svg",
    force: bool = False,
) -> FilePath:
    """Write the folder of a path: it appears complete, or not at all.

        model.json           the chosen model, with the columns that it uses
        path.json            settings, the penalties with their errors, the order of the inputs, the choice
        path.csv             every one of the penalties: errors, inputs in use, bias, each coefficient
        triangle             the table's triangle: every other penalty follows from it
        coefficients.svg     the coefficients over the penalty
        held_out_error.svg   the held-out error over the penalty, where rows were held out
        report.html          the interactive page, in one file

    Args:
        folder: to make.
        path: what `steepest.path` gave.
        choose: which model is kept, as `Model.of_path`.
        data: where the rows came from (JSON types).
        record: more for path.json (JSON types).
        plot_format: of the pictures, "svg" or "png".
        force: replace a folder that is there.

    Raises:
        UsageError: the folder exists, or cannot be written; an unknown choice.
    """
    model = Model.of_path(path, choose, only_in_use=True, data=data).to_bytes()
    content = {**describe(path, choose), "data": data or {}, **(record or {})}
    with whole_folder(folder, force=force) as scratch:
        (scratch / "model.json").write_bytes(model)
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
        (scratch / "path.json").write_text(text + "\n", encoding="utf-8")
        _write_table(path, scratch / "path.csv")
        path.triangle.save(scratch / "triangle")
        for name, display in _pictures(path).items():
            save(display, scratch / f"{name}.{plot_format}", plot_format)
        path.page(choose=choose, title=FilePath(folder).name).save(scratch / "report.html")
    return FilePath(folder)


def describe(path: Path, choose: PathChoice | float) -> dict[str, Any]:
    """Return settings, errors, order and choice of a path as JSON types; what is not known is null."""
    chosen, reason = choose_model(path, choose)
    held_out = path.fold_mse.shape[1] > 0
    in_use = (path.coefficients(path.penalties) != 0).sum(axis=1)
    own, held = path.error_names
    columns = (path.penalties, in_use, getattr(path, own)(path.penalties), getattr(path, held), path.standard_errors)
    names = ("penalty", "in_use", own, held, "standard_error")
    return {
        "rows": path.triangle.row_count,
        "features": list(path.features),
        "target": path.triangle.targets[0],
        "loss": "squared" if own == "rmse" else path.measure.removesuffix(" loss"),
        "l1_ratio": path.l1_ratio,
        "other_l1_ratios": [{"l1_ratio": one.l1_ratio, held: float(one.cv_errors.min())} for one in path.others],
        "standardize": path.standardize,
        "fit_intercept": path.fit_intercept,
        "positive": path.solution.problem.positive,
        "relaxed": path.relaxed,
        "adaptive": path.adaptive,
        "folds": path.fold_mse.shape[1],
        "largest_penalty": path.largest_penalty,
        "knots": len(path.knots),
        "table": [
            dict(zip(names, map(finite, row), strict=True))
            for row in zip(*(column.tolist() for column in columns), strict=True)
        ],
        "order": [
            {"input": name, "penalty": None if math.isinf(penalty) else penalty}
            for name, penalty in order_of_inputs(path)
        ],
        "best": _model(path, path.best) if held_out else None,
        "one_standard_error": _model(path, path.one_standard_error) if held_out else None,
        "chosen": {**_model(path, chosen), "reason": reason},
    }


def _model(path: Path, model: SparseModel) -> dict[str, Any]:
    """A model as JSON types: weights of the inputs in use, all others are 0."""
    numbers = ("penalty", "degrees_of_freedom", *path.error_names, "standard_error")
    weights = dict(zip(model.features, model.coefficients.tolist(), strict=True))
    return {
        **{name: finite(getattr(model, name)) for name in numbers},
        "bias": model.bias,
        "weights": {name: weights[name] for name in model.active},
    }


def _write_table(path: Path, file: FilePath) -> None:
    """Write what `to_frame` holds as CSV, each number in the shortest form that reads back to the same bits."""
    columns = path.columns()
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True):
            writer.writerow("" if isinstance(value, float) and math.isnan(value) else value for value in row)


def _pictures(path: Path) -> dict[str, Display]:
    pictures: dict[str, Display] = {"coefficients": CoefficientPathDisplay.from_path(path)}
    if path.fold_mse.shape[1]:
        pictures["held_out_error"] = HeldOutPathDisplay.from_path(path)
    return pictures
