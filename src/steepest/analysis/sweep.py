"""Sweep: many settings judged on held-out rows, exactly, from one pass over the table."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from steepest.analysis.scores import KINDS, effective_parameters, held_out_mse, make_rule
from steepest.analysis.sweep_result import Sweep
from steepest.data.sources import MissingPolicy, Watch, open_source
from steepest.descent.settings import best_rule, check_epochs
from steepest.descent.trajectory import log_spaced
from steepest.errors import DataError, UsageError
from steepest.objectives.quadratic import ObjectiveName, Quadratic
from steepest.rules.convergence import first_epoch
from steepest.rules.rule import check_learning_rate, check_momentum
from steepest.summaries.coordinates import CoordinatesName
from steepest.summaries.folds import Folds, read_folds
from steepest.summaries.summarize import summarize, triangle_of
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.threads import parallel_map

DEFAULT_RATES, DEFAULT_EPOCHS = 25, 25


@numeric
def sweep(
    data: object,
    y: object = None,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    learning_rates: Sequence[float] | None = None,
    epochs: Sequence[int] | None = None,
    l2: Sequence[float] = (0.0,),
    rule: str | Sequence[str] = "gradient",
    momentum: float | Sequence[float] | None = None,
    folds: int = 5,
    validation: object = None,
    group: object = None,
    time: bool = False,
    shuffle: bool = True,
    objective: ObjectiveName = "half_mse",
    standardize: bool = True,
    fit_intercept: bool = True,
    seed: int = 0,
    watch: Watch | None = None,
) -> Sweep:
    """Judge every combination of learning rate, epochs and l2 on held-out rows, exactly, reading the data once.

    The rows are summed into one triangle a fold; training on all but one fold is merging the others. On each training
    triangle every epoch of every learning rate follows from its modes, and a held-out RMSE costs a product of matrices.
    Standardizing happens inside each training fold: nothing of the held-out rows leaks into it.

    Args:
        data: inputs X (n, d) with y; a data frame, a file or SELECT … with target; or a source.
        y: targets, shape (n,).
        target: name of the target column of a file.
        features: names of the inputs.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        learning_rates: grid of η; default: 25 from a thousandth of the best to just above the stability limit.
        epochs: grid of k; default: 25 log-spaced until nothing moves any more, a million at most.
        l2: grid of penalties, in the coordinates in force.
        rule: "gradient", "heavy_ball" or "nesterov", or several of them.
        momentum: β or several, for the last two; default 0.9.
        folds: K.
        validation: a held-out set instead of folds: (X, y), a path, or a Triangle.
        group: labels of shape (n,), or the name of a column: rows of one group stay together.
        time: the rows are in time order: each fold is predicted from the rows before it.
        shuffle: whether rows are dealt to the folds in a random order; False: K stretches of consecutive rows, for tables
            whose neighbouring rows resemble each other.
        objective: "half_mse", "mse" or "quarter_mse".
        standardize: descend in inputs of mean 0 and standard deviation 1.
        fit_intercept: whether the model has a bias.
        seed: of the folds.
        watch: called after each batch with the rows read and their expected number.

    Returns:
        a Sweep: rmse, best, one_standard_error, table, folds, run().

    Raises:
        UsageError: a grid holds a value outside its range, or options contradict each other.
        DataError: the data cannot be used, or has too few rows for the folds.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> X = generator.normal(size=(60, 3))
        >>> s = sweep(X, X @ [1.0, 2.0, 0.0] + generator.normal(size=60), learning_rates=[0.01, 0.1, 1.0], epochs=[1, 10, 100])
        >>> s.rmse.shape, s.best.learning_rate, s.best.epochs
        ((3, 3, 1), 0.1, 100)

    Source: Stone, "Cross-validatory choice and assessment of statistical predictions", J. R. Stat. Soc. B 36 (1974).
    """
    if validation is not None and not shuffle:
        raise UsageError("a validation set is held out as it is; shuffle=False belongs to folds. Give one of them.")
    if validation is None:
        if triangle_of(data) is not None:
            raise UsageError("a triangle has no rows to make folds of; give the table, or a validation set.")
        source = open_source(data, y, target=target, features=features, weight=weight, group=group, missing=missing)
        by_group = group is not None or source.has_group
        parts = read_folds(source, folds, seed=seed, shuffle=shuffle, by_group=by_group, in_time=time, watch=watch)
    else:
        train = summarize(data, y, target=target, features=features, weight=weight, missing=missing)
        parts = _given_validation(train, validation, target)
    return judge_folds(
        parts,
        learning_rates=learning_rates,
        epochs=epochs,
        l2=l2,
        rule=rule,
        momentum=momentum,
        objective=objective,
        standardize=standardize,
        fit_intercept=fit_intercept,
    )


@numeric
def judge_folds(
    parts: Folds,
    *,
    learning_rates: Sequence[float] | None,
    epochs: Sequence[int] | None,
    l2: Sequence[float],
    rule: str | Sequence[str],
    momentum: float | Sequence[float] | None,
    objective: ObjectiveName,
    standardize: bool,
    fit_intercept: bool,
) -> Sweep:
    """Judge every combination on folds whose triangles are at hand; the grids are as in `sweep`.

    Raises:
        UsageError: a grid holds a value outside its range, or there are several targets.
    """
    _refuse_several_targets(parts.whole)
    name: CoordinatesName = "standardized" if standardize else "raw"
    coordinates = parts.whole.coordinates(name, fit_intercept=fit_intercept)
    penalties = tuple(_check_l2(value) for value in l2)
    wholes = [Quadratic.of(parts.whole, coordinates, objective=objective, l2=value) for value in penalties]
    if not all(quadratic.rank for quadratic in wholes):
        raise DataError("every feature is 0 in every row: no setting moves anything. Give a feature that varies.")
    rules = _rules(rule, momentum)
    rates = _rates(learning_rates, wholes[0], rules)
    counts = _counts(epochs, wholes[0], rules)

    Judge = Callable[[Quadratic, str, float | None], FloatArray]

    def each(quadratics: Sequence[Quadratic], judge: Judge) -> FloatArray:
        return np.stack([np.stack([judge(q, *named) for q in quadratics], axis=-1) for named in rules])

    def held_out(train: Triangle, held: Triangle) -> FloatArray:
        inside = train.coordinates(name, fit_intercept=fit_intercept)
        quadratics = [Quadratic.of(train, inside, objective=objective, l2=value) for value in penalties]
        return each(quadratics, partial(held_out_mse, held, inside, rates, counts))

    jobs = [partial(held_out, *fold) for fold in zip(parts.train, parts.held, strict=True)]
    jobs.append(partial(each, wholes, partial(effective_parameters, rates, counts)))
    *of_folds, effective = parallel_map(lambda job: job(), jobs)
    fold_mse = np.stack(of_folds, axis=-1)
    mass = np.array([held.total_weight for held in parts.held])
    with np.errstate(over="ignore", invalid="ignore"):
        scores = np.sqrt(fold_mse @ (mass / mass.sum()))
    limits = np.empty((len(rules), len(penalties)))
    for (i, (kind, beta)), (m, quadratic) in itertools.product(enumerate(rules), enumerate(wholes)):
        limits[i, m] = make_rule(kind, 1.0, beta).stability_limit(float(quadratic.modes.eigenvalues[0]))
    return Sweep(
        rules, rates, counts, penalties, scores, fold_mse, effective, parts.labels if len(parts.labels) else None,
        limits, parts.whole, objective, standardize, fit_intercept,
    )  # fmt: skip


def _rules(rule: str | Sequence[str], momentum: float | Sequence[float] | None) -> tuple[tuple[str, float | None], ...]:
    names = (rule,) if isinstance(rule, str) else tuple(rule)
    betas = (0.9,) if momentum is None else tuple(np.atleast_1d(np.asarray(momentum)).tolist())
    for name in names:
        if name not in KINDS:
            raise UsageError(f"sweep takes the rules {', '.join(map(repr, KINDS))}; given was {name!r}.")
    if momentum is not None and set(names) == {"gradient"}:
        raise UsageError('momentum belongs to "heavy_ball" and "nesterov"; rule "gradient" has none.')
    pairs = [(name, beta) for name in names for beta in ((None,) if name == "gradient" else betas)]
    return tuple((name, None if beta is None else check_momentum(beta)) for name, beta in pairs)


def _rates(
    given: Sequence[float] | None, quadratic: Quadratic, rules: tuple[tuple[str, float | None], ...]
) -> tuple[float, ...]:
    if given is not None:
        if not len(given):
            raise UsageError("learning_rates is empty; give at least one.")
        return tuple(check_learning_rate(rate) for rate in given)
    limit = max(
        make_rule(kind, 1.0, beta).stability_limit(float(quadratic.modes.eigenvalues[0])) for kind, beta in rules
    )
    return tuple(np.geomspace(limit / 1000, 1.02 * limit, DEFAULT_RATES).tolist())


def _counts(
    given: Sequence[int] | None, quadratic: Quadratic, rules: tuple[tuple[str, float | None], ...]
) -> tuple[int, ...]:
    if given is not None:
        if not len(given):
            raise UsageError("epochs is empty; give at least one.")
        return tuple(check_epochs(count) for count in given)
    kind, beta = rules[0]
    needed = first_epoch(best_rule(kind, quadratic.modes, beta), quadratic.modes.eigenvalues, 1e-6) or 1000
    return tuple(int(k) for k in log_spaced(max(10, min(10 * needed, 1_000_000)), DEFAULT_EPOCHS)[1:])


def _check_l2(value: float) -> float:
    if isinstance(value, (bool, str)) or not 0 <= value < 1e150:
        raise UsageError(f"l2 must be finite numbers, 0 or larger (and below 1e150); given was {value!r}.")
    return float(value)


def _refuse_several_targets(triangle: Triangle) -> None:
    if len(triangle.targets) != 1:
        raise UsageError(f"a sweep judges one target; given were {len(triangle.targets)}. Sweep them one by one.")


def _given_validation(train: Triangle, validation: object, target: str | None) -> Folds:
    """One training triangle and one held-out one, coded alike."""
    held_data, held_y = validation if isinstance(validation, tuple) else (validation, None)
    held = triangle_of(held_data)
    if held is None and held_y is None:
        held = summarize(open_source(held_data, target=target or train.targets, coding=train.coding))
    elif held is None:
        held = summarize(held_data, held_y)
    if len(held.features) != len(train.features):
        raise UsageError(f"the validation set has {len(held.features)} features, the data {len(train.features)}.")
    return Folds((train,), (held,), train, np.zeros(0, dtype=np.int64))
