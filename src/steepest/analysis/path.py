"""Path: the sparse models of every penalty, exactly, and the one that predicts held-out rows best, from one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from steepest.analysis.hold_out import open_with_split
from steepest.analysis.loss_path import check_ways, loss_path
from steepest.analysis.path_models import in_own_units
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import check_factors, check_ratios, check_size, penalty_grid
from steepest.data.sources import MissingPolicy, Watch
from steepest.data.split import Folds
from steepest.errors import Option, UsageError
from steepest.objectives.loss_choice import LossChoice, asked_of, choose_loss, settled_loss
from steepest.objectives.penalized import Penalized
from steepest.objectives.solution_path import PathMethod, SolutionPath, adaptive_factors, minima, refit
from steepest.objectives.sparse_loss import check_sparse
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.partition import Partition
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_float, check_flag, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.threads import parallel_map

LARGEST_POWER = 10.0


@numeric
def path(
    data: object,
    y: object = None,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    loss: LossChoice | None = None,
    l1_ratio: float | Sequence[float] = 1.0,
    penalties: Sequence[float] | None = None,
    also: Sequence[float] = (),
    penalty_factors: Mapping[str, float] | Sequence[float] | None = None,
    positive: bool = False,
    adaptive: float | None = None,
    relaxed: bool = False,
    method: PathMethod = "homotopy",
    standardize: bool = False,
    fit_intercept: bool = True,
    folds: int | None = 5,
    validation: object = None,
    group: object = None,
    time: bool = False,
    shuffle: bool = True,
    seed: int = 0,
    watch: Watch | None = None,
) -> Path:
    """Return the lasso or elastic net of every penalty, exactly, with held-out errors, reading the data once.

        minimize Σ weight·(y - b - x·w)² / (2 Σ weight) + penalty·Σ factor·(l1_ratio·|w| + (1 - l1_ratio)/2·w²)

    The penalty is scikit-learn's `alpha`, and glmnet's lambda of a target with standard deviation 1; the bias is never
    penalized. The rows are summed into one triangle a fold; the path of each training triangle is followed from
    one change of its columns to the next, so that every penalty is exact, not only those of a grid.

    Args:
        data: inputs X (n, d) with y; a data frame, a file or SELECT … with target; a source; or a Triangle.
        y: targets, shape (n,).
        target: name of the target column of a file.
        features: names of the inputs.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        loss: "squared"; or "logistic", "poisson" or "huber", whose minimum is found at each of `penalties`, to the conditions of a
            minimum within 1e-9 of the largest penalty; it needs the rows. None: squared, and logistic of a target of two labels.
        l1_ratio: share of the penalty that is l1, from 0.000001 to 1, the lasso. Of several ratios the path is that of the one
            that predicts held-out rows best, and `others` are the rest; the rows are read once all the same.
        penalties: at which held-out rows are predicted; default: 100 from the largest that matters to a thousandth of it.
        also: more penalties at which they are predicted, beside `penalties` or the default ones.
        penalty_factors: how strongly each input is penalized beside the others, by name or in order; 0: not at all. Default 1. The
            name of a column of texts is that of all its levels.
        positive: coefficients of penalized inputs may not be negative.
        adaptive: γ of the adaptive lasso: each factor is divided by |w|^γ of least squares, inside each training fold; usually 1.
        relaxed: fit the inputs that a penalty leaves anew by least squares, without a penalty.
        method: "homotopy", the exact path; or "coordinate_descent" to a duality gap of rounding at each penalty, slower.
        standardize: penalize the coefficients of inputs of standard deviation 1, as glmnet does; False: as they are.
        fit_intercept: whether the model has a bias.
        folds: K; None: hold no rows out.
        validation: a held-out set instead of folds: (X, y), a path, or a Triangle.
        group: labels of shape (n,), or the name of a column: rows of one group stay together. With as many groups as folds
            each group is a fold.
        time: the rows are in time order: each fold is predicted from the rows before it.
        shuffle: whether rows are dealt to the folds in a random order; False: K stretches of consecutive rows.
        seed: of the folds.
        watch: called after each batch with the rows read and their expected number.

    Returns:
        a Path: knots, penalties, coefficients(penalty), bias(penalty), cv_rmse, best, one_standard_error.

    Raises:
        UsageError: an argument is outside its range, or options contradict each other.
        DataError: the data cannot be used, has too few rows for the folds, or the target does not vary with any input.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> X = generator.normal(size=(60, 3))
        >>> p = path(X, X @ [1.0, 2.0, 0.0] + generator.normal(size=60))
        >>> p.knots.round(3)[:3], p.coefficients(0.5).round(3)
        (array([1.5  , 1.182, 0.388]), array([0.529, 1.452, 0.   ]))
        >>> round(p.best.penalty, 3), p.best.active
        (0.02, ('x1', 'x2', 'x3'))

    Source: Tibshirani, "Regression shrinkage and selection via the lasso", J. R. Stat. Soc. B 58 (1996); Efron, Hastie, Johnstone,
    Tibshirani, "Least angle regression", Ann. Stat. 32 (2004), section 3.1.
    """
    if not (loss is None or (isinstance(loss, str) and loss == "squared")):
        check_sparse(choose_loss(loss), "path")
    table, split = open_with_split(
        data, y, target=target, features=features, weight=weight, missing=missing, folds=folds, validation=validation,
        group=group, time=time, shuffle=shuffle, seed=seed, loss=asked_of(loss),
    )  # fmt: skip
    loss, _ = settled_loss(table, loss, has_rows=not isinstance(table, Triangle))
    other = None if isinstance(loss, str) and loss == "squared" else choose_loss(loss)
    if other is not None:
        check_sparse(other, "path")
    if other is None and isinstance(table, Triangle) and isinstance(split, Folds):
        raise UsageError(
            "a triangle has no rows to make folds of.",
            "let " + Option("folds") + " be None",
            "give held-out rows, as validation",
            "give the table itself",
        )
    settings: dict[str, Any] = {
        "l1_ratio": l1_ratio, "penalties": penalties, "also": also, "penalty_factors": penalty_factors, "positive": positive,
        "standardize": standardize, "fit_intercept": fit_intercept,
    }  # fmt: skip
    ways: dict[str, Any] = {"adaptive": adaptive, "relaxed": relaxed, "method": method}
    if other is not None:
        check_ways(other, **ways)
        return loss_path(table, split, other, watch=watch, **settings)
    return path_of_folds(read(table, split, sample_rows=0, watch=watch).partition, **ways, **settings)


@numeric
def path_of_folds(
    parts: Partition,
    *,
    l1_ratio: float | Sequence[float],
    penalties: Sequence[float] | None,
    also: Sequence[float] = (),
    penalty_factors: Mapping[str, float] | Sequence[float] | None,
    positive: bool,
    adaptive: float | None,
    relaxed: bool,
    method: PathMethod,
    standardize: bool,
    fit_intercept: bool,
) -> Path:
    """Return the path of folds whose triangles are at hand; the arguments are as in `path`.

    Raises:
        UsageError: an argument is outside its range, or there are several targets.
        DataError: the target does not vary with any input, or its squares leave float64.
    """
    name = coordinates_name(standardize)
    check_word("method", method, get_args(PathMethod))
    if len(parts.whole.targets) != 1:
        raise UsageError(f"a path is of one target; got {len(parts.whole.targets)}. Follow them one by one.")
    check_size(parts.whole)
    ratios, flag = check_ratios(l1_ratio, bool(parts.test)), check_flag("positive", positive)
    if check_flag("relaxed", relaxed) and flag:
        raise UsageError("least squares on the inputs left knows no sign; give relaxed or positive, not both.")
    factors, power = check_factors(penalty_factors, parts.whole), _check_power(adaptive)

    def problem(triangle: Triangle, ratio: float) -> Penalized:
        coordinates = triangle.coordinates(name, fit_intercept=fit_intercept)
        plain = Penalized.of(triangle, coordinates, factors, ratio, flag)
        return plain if power is None else replace(plain, factors=adaptive_factors(plain, power))

    def follow(ratio: float) -> Path:
        whole = problem(parts.whole, ratio)
        grid = penalty_grid(penalties, whole.largest_penalty, also)

        def held_out(train: Triangle, held: Triangle) -> FloatArray:
            coordinates, own = train.coordinates(name, fit_intercept=fit_intercept), problem(train, ratio)
            ways = minima(own, grid, method)
            weights, biases = in_own_units(train, coordinates, refit(own, ways) if relaxed else ways)
            return held.rmse_of(weights.T, biases) ** 2

        of_folds = parallel_map(lambda fold: held_out(*fold), list(zip(parts.train, parts.test, strict=True)))
        return Path(
            triangle=parts.whole,
            solution=SolutionPath.of(whole, grid, method),
            standardize=standardize,
            fit_intercept=fit_intercept,
            relaxed=relaxed,
            adaptive=power,
            penalties=grid,
            fold_mse=np.stack(of_folds, axis=-1) if of_folds else np.zeros((len(grid), 0)),
            fold_weights=np.array([test.total_weight for test in parts.test]),
            folds=parts.labels if len(parts.labels) else None,
        )

    return best_path([follow(ratio) for ratio in ratios])


def best_path(paths: Sequence[Path]) -> Path:
    """Return the path that predicts held-out rows best, of equal ones the first, with the others beside it."""
    best = min(paths, key=lambda one: float(one.cv_errors.min())) if len(paths) > 1 else paths[0]
    return replace(best, others=tuple(one for one in paths if one is not best))


def _check_power(power: object) -> float | None:
    if power is not None and not 0 < as_float(power) <= LARGEST_POWER:
        raise UsageError(Option("adaptive") + f" must be a number above 0, at most 10; usually 1; got {shown(power)}.")
    return None if power is None else as_float(power)
