"""Sweep: many settings judged on held-out rows, exactly, from one pass over the table."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from steepest.analysis.hold_out import open_with_split
from steepest.analysis.scores import effective_parameters, held_out_mse
from steepest.analysis.sweep_result import Sweep
from steepest.data.sources import MissingPolicy, Watch
from steepest.data.split import check_folds
from steepest.descent.record import log_spaced
from steepest.descent.settings import check_epochs
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.modes import Modes
from steepest.objectives.quadratic import LARGEST_PENALTY, ObjectiveName, Quadratic
from steepest.rules.best_rate import at_best_rate, with_learning_rate
from steepest.rules.choice import chosen
from steepest.rules.convergence import first_epoch
from steepest.rules.registry import RULES, is_rule, names_with
from steepest.rules.rule import Rule, RuleChoice, check_learning_rate, check_momentum, has_closed_form
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.partition import Partition
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import as_float, check_list, is_many, shown
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.threads import parallel_map
from steepest.support.words import join_names

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
    rule: RuleChoice | Sequence[RuleChoice] = "gradient",
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
        rule: the name of a rule that has a learning rate, a rule object (its other numbers stay), or several of them. A rule
            without closed form is walked, rate by rate; it needs learning_rates and epochs.
        momentum: β or several, for the rules by name that have one; default 0.9.
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
    table, split = open_with_split(
        data, y, target=target, features=features, weight=weight, missing=missing,
        folds=folds if validation is not None else check_folds(folds), validation=validation,
        group=group, time=time, shuffle=shuffle, seed=seed,
    )  # fmt: skip
    parts = read(table, split, sample_rows=0, watch=watch).partition
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
    parts: Partition,
    *,
    learning_rates: Sequence[float] | None,
    epochs: Sequence[int] | None,
    l2: Sequence[float],
    rule: RuleChoice | Sequence[RuleChoice],
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
    name = coordinates_name(standardize)
    coordinates = parts.whole.coordinates(name, fit_intercept=fit_intercept)
    penalties = tuple(_check_l2(value) for value in check_list("l2", l2, "penalties"))
    wholes = [Quadratic.of(parts.whole, coordinates, objective=objective, l2=value) for value in penalties]
    if not all(quadratic.rank for quadratic in wholes):
        raise DataError("every feature is 0 in every row: no setting moves anything. Give a feature that varies.")
    given = _rules(rule, momentum)
    rules = [template for template, _ in given]
    rates = _rates(learning_rates, wholes[0], rules)
    counts = _counts(epochs, wholes[0], rules)

    Judge = Callable[[Quadratic, Rule], FloatArray]

    def each(quadratics: Sequence[Quadratic], judge: Judge) -> FloatArray:
        return np.stack([np.stack([judge(q, template) for q in quadratics], axis=-1) for template in rules])

    def held_out(train: Triangle, held: Triangle) -> FloatArray:
        inside = train.coordinates(name, fit_intercept=fit_intercept)
        quadratics = [Quadratic.of(train, inside, objective=objective, l2=value) for value in penalties]
        return each(quadratics, partial(held_out_mse, held, inside, rates, counts))

    jobs = [partial(held_out, *fold) for fold in zip(parts.train, parts.test, strict=True)]
    jobs.append(partial(each, wholes, partial(effective_parameters, rates, counts)))
    *of_folds, effective = parallel_map(lambda job: job(), jobs)
    fold_mse = np.stack(of_folds, axis=-1)
    mass = np.array([test.total_weight for test in parts.test])
    with np.errstate(over="ignore", invalid="ignore"):
        scores = np.sqrt(fold_mse @ (mass / mass.sum()))
    limits = np.empty((len(rules), len(penalties)))
    for (i, template), (m, quadratic) in itertools.product(enumerate(rules), enumerate(wholes)):
        limits[i, m] = _limit(template, quadratic)
    names = tuple((template.name, getattr(template, "momentum", None)) for template in rules)
    objects = tuple(template if is_object else None for template, is_object in given)
    return Sweep(
        names, rates, counts, penalties, scores, fold_mse, effective, parts.labels if len(parts.labels) else None,
        limits, parts.whole, objective, standardize, fit_intercept, objects,
    )  # fmt: skip


def _rules(
    rule: RuleChoice | Sequence[RuleChoice], momentum: float | Sequence[float] | None
) -> list[tuple[Rule, bool]]:
    """Each rule at any learning rate, by momentum where it has one, and whether it was given as an object."""
    wanted = check_list("rule", rule, "rules") if isinstance(rule, Iterable) and not isinstance(rule, str) else [rule]
    betas = (0.9,) if momentum is None else tuple(momentum) if is_many(momentum) else (momentum,)
    known, with_momentum = names_with("learning_rate"), names_with("momentum")
    for one in wanted:
        if not is_rule(one) and not (isinstance(one, str) and one in known):
            raise UsageError(f"sweep takes the rules {', '.join(map(repr, known))}, or rule objects; got {shown(one)}.")
    if momentum is not None and not any(one in with_momentum for one in wanted):
        have = join_names([f'"{name}"' for name in with_momentum])
        raise UsageError(Option("momentum") + f" belongs to {have}; {_name_rules(wanted)} has none.")
    nothing = Modes(np.zeros(0), np.zeros((0, 0)))  # nothing is left to choose
    result: list[tuple[Rule, bool]] = []
    for one in wanted:
        if not isinstance(one, str):
            with_learning_rate(one, 1.0)  # or it says why not
            result.append((one, True))
            continue
        own = [check_momentum(beta) for beta in betas] if one in with_momentum else [None]
        result += [(chosen(RULES[one], nothing, 1.0, beta)[0], False) for beta in own]
    return result


def _name_rules(rules: Sequence[object]) -> str:
    names = [f'"{getattr(rule, "name", rule)}"' for rule in rules]
    return f"rule {join_names(names)}"


def _limit(rule: Rule, quadratic: Quadratic) -> float:
    """The stability limit of a rule; inf where it is not known."""
    return rule.stability_limit(float(quadratic.modes.eigenvalues[0])) if has_closed_form(rule) else math.inf


def _rates(given: Sequence[float] | None, quadratic: Quadratic, rules: Sequence[Rule]) -> tuple[float, ...]:
    if given is not None:
        return tuple(_check_rate(rate) for rate in check_list("learning_rates", given, "learning rates"))
    limit = max(_limit(rule, quadratic) for rule in rules)
    if math.isinf(limit):
        raise UsageError("no stability limit is known of a rule without closed form.", remedies.RATES)
    return tuple(np.geomspace(limit / 1000, 1.02 * limit, DEFAULT_RATES).tolist())


def _check_rate(rate: object) -> float:
    """Return a learning rate of the list; raise UsageError in the words of the list where it is none."""
    try:
        return check_learning_rate(rate)
    except UsageError:
        raise UsageError(Option("learning_rates") + f" are finite numbers above 0; got {shown(rate)}.") from None


def _counts(given: Sequence[int] | None, quadratic: Quadratic, rules: Sequence[Rule]) -> tuple[int, ...]:
    if given is not None:
        return tuple(check_epochs(count) for count in check_list("epochs", given, "whole numbers"))
    first, modes = rules[0], quadratic.modes
    if not has_closed_form(first):
        raise UsageError("how long a rule without closed form takes is not known beforehand.", remedies.EPOCHS)
    needed = first_epoch(at_best_rate(first, modes), modes.eigenvalues, 1e-6) or 1000
    return tuple(int(k) for k in log_spaced(max(10, min(10 * needed, 1_000_000)), DEFAULT_EPOCHS)[1:])


def _check_l2(value: float) -> float:
    if not 0 <= as_float(value) < LARGEST_PENALTY:
        raise UsageError(Option("l2") + f" must be finite numbers, 0 or larger (and below 1e150); got {shown(value)}.")
    return as_float(value)


def _refuse_several_targets(triangle: Triangle) -> None:
    if len(triangle.targets) != 1:
        raise UsageError(f"a sweep judges one target; got {len(triangle.targets)}. Sweep them one by one.")
