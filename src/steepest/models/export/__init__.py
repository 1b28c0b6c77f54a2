"""Exports: a fitted model as Python, SQL, an Excel formula or ONNX, for places where steepest is not."""

import importlib
import os
from typing import Literal, Protocol, get_args, overload

from steepest.descent.trajectory import Trajectory
from steepest.errors import Option, UsageError
from steepest.models.model import Model, load
from steepest.support.arguments import check_path, check_word

Target = Literal["python", "sql", "excel", "onnx"]


class Fitted(Protocol):
    """An estimator of ours after `fit`; asked for by what it has, since scikit-learn need not be there."""

    trajectory_: Trajectory


Exportable = Model | Fitted | str | os.PathLike[str]


@overload
def export(model: Exportable, to: Literal["python", "sql", "excel"], *, table: str | None = None) -> str: ...
@overload
def export(model: Exportable, to: Literal["onnx"], *, table: str | None = None) -> bytes: ...
@overload
def export(model: Exportable, to: Target, *, table: str | None = None) -> str | bytes: ...
def export(model: Exportable, to: Target, *, table: str | None = None) -> str | bytes:
    """Return a model in another language: raw columns in, bias + Σ weight · feature out, in the data's own units.

    | to | gives | an unknown category, or a value missing that never was |
    |---|---|---|
    | `"python"` | a module with `predict(row)` that imports nothing but `math` | ValueError |
    | `"sql"` | `SELECT t.*, … AS "prediction"`, standard SQL in double precision | NULL |
    | `"excel"` | a formula for row 2, with 15 digits a number | #N/A |
    | `"onnx"` | bytes of a graph in double precision | NaN |

    Args:
        model: a model, its file, the run folder that holds it, or a fitted estimator of ours.
        to: the language.
        table: for "sql", the table's name, or schema.table; default "data".

    Raises:
        UsageError: an unknown language, a model that the language cannot say, or the package onnx is not installed.
        DataError: the model's parts do not fit together, or are not finite.
        ModelFileError: the file is damaged or foreign.

    Example:
        >>> import numpy as np
        >>> model = Model(("dose", "age"), ("response",), np.array([[0.5], [-2.0]]), np.array([1.25]))
        >>> print(export(model, to="sql", table="trial").partition("known.\\n")[2].rstrip())
        SELECT t.*,
          (1.25e0
           + 0.5e0 * (t."dose" + 0e0)
           + -2.0e0 * (t."age" + 0e0)) AS "prediction"
        FROM "trial" AS t
        >>> print(export(model, to="excel").splitlines()[-1])
        =IF(COUNT(A2,B2)<2,NA(),1.25+0.5*A2+-2*B2)
    """
    check_word("to", to, get_args(Target))
    if table is not None and to != "sql":
        raise UsageError(
            Option("table") + f" names the table of the SQL query; it has no meaning for {to}.", "leave it out"
        )
    model = _model(model)
    module = importlib.import_module(f"steepest.models.export.{to}")
    result: str | bytes = module.export(model) if table is None else module.export(model, table)
    return result


def _model(given: Exportable) -> Model:
    """Return the model that was given, is in a file, or is in a fitted estimator."""
    if isinstance(given, Model):
        return given
    run = getattr(given, "trajectory_", None)
    if isinstance(run, Trajectory):
        return Model.of(run)
    if hasattr(type(given), "fit"):
        raise UsageError(
            f"this {type(given).__name__} holds no run of steepest.", "call fit on one of its estimators first"
        )
    return load(check_path("model", given))
