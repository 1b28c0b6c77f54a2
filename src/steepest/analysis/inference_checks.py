"""Inference checks: what has no standard errors, refused in words."""

from typing import get_args

from steepest.analysis.coefficient_table import Robust, WeightKind
from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_result import Path
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.problem import Problem
from steepest.support import remedies
from steepest.support.arguments import check_word, shown
from steepest.support.values import Value
from steepest.support.words import join_names, number


def check_words(robust: object, weights: object) -> None:
    """Refuse unknown words."""
    if robust is not None and not (isinstance(robust, str) and robust in get_args(Robust)):
        raise UsageError(Option("robust") + f' is "HC0", "HC1", "HC2", "HC3" or None; got {shown(robust)}.')
    check_word("weights", weights, get_args(WeightKind))


def check_selected(data: object) -> None:
    """Refuse a path, a model of one, or what a model file says of its making where the rows chose its inputs."""
    made = getattr(data, "training", {}) if isinstance(data, Value) else {}
    if isinstance(data, (Path, SparseModel)) or "selection" in made or made.get("l1"):
        raise _after_selection()


def _after_selection() -> UsageError:
    """Why there is no inference on rows that chose the inputs.

    Source: Berk, Brown, Buja, Zhang, Zhao, "Valid post-selection inference", Ann. Stat. 41 (2013), section 1.
    """
    return UsageError(
        "the inputs of a sparse model were chosen on these very rows, so standard errors and p-values from them would be too small.",
        remedies.SPLIT_ROWS,
        "judge the model on held-out rows",
    )


def check_penalty(problem: Problem) -> None:
    """Refuse a penalty."""
    if problem.l1:
        raise _after_selection()
    if problem.l2:
        raise UsageError(
            "standard errors are of the minimum of a loss alone, and "
            + Option("l2", problem.l2)
            + " pulls the coefficients towards 0: they are biased, and no variance tells by how much.",
            remedies.NO_PENALTY,
            "judge the penalized model on held-out rows (sweep)",
        )


def check_data(problem: Problem, weights: WeightKind, size: int) -> None:
    """Refuse tables that leave standard errors of so many coefficients undefined."""
    triangle = problem.triangle
    rows = triangle.total_weight if weights == "frequency" else triangle.row_count
    if not rows > size:
        what = "rows" if weights == "precision" else "rows (the sum of the frequencies)"
        raise DataError(
            f"{number(rows)} {what} and {size} coefficients leave no degree of freedom, so nothing says how sure the coefficients are. "
            "Give more rows than coefficients, or fewer features."
        )
    constant, dependent = problem.constant_features, problem.dependent_features
    if constant or dependent:
        parts = [f"{join_names(constant)} has the same value in every row"] if constant else []
        parts += [f"{join_names(dependent)} can be computed from the other columns"] if dependent else []
        raise DataError(
            f"standard errors are not defined: {'; '.join(parts)}, so many coefficients are equally good. Leave such columns out."
        )


def condition_numbers(problem: Problem) -> tuple[float, float]:
    """Return the condition numbers in raw and in standardized inputs."""
    return problem.in_coordinates("raw").condition_number, problem.standardized.condition_number


def index_of(targets: tuple[str, ...], target: str | None) -> int:
    """Return which target is asked for."""
    if target is None and len(targets) == 1:
        return 0
    if not isinstance(target, str) or target not in targets:
        given = "" if target is None else f"; got {shown(target)}"
        raise UsageError(f"a coefficient table is of one target, of {join_names(targets)}{given}.", remedies.TARGET)
    return targets.index(target)
