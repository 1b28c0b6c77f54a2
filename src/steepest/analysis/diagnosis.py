"""Diagnosis: what descent on a table will be like, before any run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from steepest.data.sources import MissingPolicy
from steepest.objectives.mode_words import mode_in_words
from steepest.objectives.quadratic import ObjectiveName, Quadratic
from steepest.rules.convergence import first_epoch
from steepest.rules.gradient import GradientRule
from steepest.rules.registry import RULES, best_rules
from steepest.rules.rule import LinearRule, check_learning_rate, label_of
from steepest.summaries.coordinates import Coordinates, CoordinatesName, coordinates_name
from steepest.summaries.open_data import refuse_labels
from steepest.summaries.summarize import summarize
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_flag
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import epochs, join_names, momentum, number, pluralize, table

TOLERANCES = (1e-3, 1e-6, 1e-9)
VIEW_HEADER = ("", "condition number", "stable up to", "best learning rate", "needs")


@dataclass(frozen=True, eq=False)
class Mode(Value):
    """One direction of descent.

    Args:
        eigenvalue: its curvature λ, in units of loss per squared parameter.
        words: what it is made of, in column names.
        direction: unit vector over the parameters, intercept first, shape (p,).
        epochs: epochs to bring it within 1e-6 of its start error at the best gradient rate.
    """

    eigenvalue: float
    words: str
    direction: FloatArray
    epochs: int | None


@dataclass(frozen=True)
class RuleAdvice(Shown):
    """A rule at its best constant settings.

    Args:
        rule: its name.
        learning_rate: the best constant η; of Chebyshev that of the first step.
        momentum: the best β, or None.
        stability_limit: the largest η that does not grow at this momentum.
        factor: the factor by which the slowest mode shrinks an epoch in the long run.
        epochs: epochs to bring every mode within 1e-3, 1e-6 and 1e-9 of its start error.
    """

    rule: str
    learning_rate: float
    momentum: float | None
    stability_limit: float
    factor: float
    epochs: tuple[int | None, ...]

    @property
    def label(self) -> str:
        """The rule's name as words at the beginning of a sentence."""
        words = label_of(RULES[self.rule])
        return words[:1].upper() + words[1:]


@numeric
@dataclass(frozen=True, eq=False)
class View(Value):
    """The table in one kind of coordinates.

    Args:
        coordinates: the inputs in force.
        quadratic: the objective in them.
        features: names of the inputs.
        sizes: signed typical size of each parameter's input, shape (p,).
    """

    coordinates: Coordinates
    quadratic: Quadratic
    features: tuple[str, ...]
    sizes: FloatArray

    @property
    def name(self) -> CoordinatesName:
        """raw, centred or standardized."""
        return self.coordinates.name

    @property
    def condition_number(self) -> float:
        """κ = λ_max / λ_min over the moving modes."""
        return self.quadratic.modes.condition_number

    @property
    def stability_limit(self) -> float:
        """2 / λ_max, the limit of plain gradient descent; inf where nothing moves."""
        values = self.quadratic.modes.eigenvalues
        return GradientRule(1.0).stability_limit(float(values[0])) if values.size else float("inf")

    @property
    def best_learning_rate(self) -> float:
        """2 / (λ_max + λ_min), the best constant rate of plain gradient descent."""
        return GradientRule(1.0).at_best_rate(self.quadratic.modes).learning_rate

    def _told(self) -> Iterator[str]:
        yield f" of {self.name} inputs: condition number {number(self.condition_number)}"
        yield f"stable up to {number(self.stability_limit)}, best learning rate {number(self.best_learning_rate)}"

    def epochs_to(self, tolerance: float, learning_rate: float | None = None) -> int | None:
        """Return the first epoch at which plain gradient descent has every mode within the tolerance, or None.

        Args:
            tolerance: largest share of its start error that a mode may keep, above 0.
            learning_rate: η; default the best.

        Raises:
            UsageError: an argument is outside its range.
        """
        rate = self.best_learning_rate if learning_rate is None else check_learning_rate(learning_rate)
        return first_epoch(GradientRule(rate), self.quadratic.modes.eigenvalues, tolerance)

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The moving modes, steepest first."""
        modes, names = self.quadratic.modes, self.coordinates.parameter_names(self.features)
        rule = GradientRule(1.0).at_best_rate(modes)
        return tuple(
            Mode(float(value), mode_in_words(v, self.sizes, names), v, first_epoch(rule, np.array([value]), 1e-6))
            for value, v in zip(modes.eigenvalues, modes.directions.T, strict=True)
        )

    @cached_property
    def rules(self) -> tuple[RuleAdvice, ...]:
        """Every linear rule that is registered, at its best constant settings."""
        return tuple(self._advice(rule) for rule in best_rules(self.quadratic.modes))

    def _advice(self, rule: LinearRule) -> RuleAdvice:
        values = self.quadratic.modes.eigenvalues
        return RuleAdvice(
            rule.name,
            rule.learning_rate,
            getattr(rule, "momentum", None),
            rule.stability_limit(float(values[0])) if values.size else float("inf"),
            float(rule.radius(values).max()) if values.size else 0.0,
            tuple(first_epoch(rule, values, tolerance) for tolerance in TOLERANCES),
        )


@numeric
@dataclass(frozen=True, eq=False)
class Diagnosis(Value):
    """What descent on a table will be like; made by `steepest.diagnose`, and `str()` says it in sentences.

    Args:
        features: names of the inputs.
        targets: names of the targets.
        row_count: rows with a weight above 0.
        objective: "half_mse", "mse" or "quarter_mse".
        l2: the penalty.
        views: raw, centred (where there is an intercept) and standardized coordinates, by name.
        in_force: the name of the view that the short attributes speak of.
        constant: features with the same value in every row.
        dependent: features that can be computed from the others.
        rank: directions with curvature, of `size` parameters.
        size: number of parameters of each target.
        learning_rate: a rate to judge, or None.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    row_count: int
    objective: str
    l2: float
    views: dict[str, View]
    in_force: str
    constant: tuple[str, ...]
    dependent: tuple[str, ...]
    rank: int
    size: int
    learning_rate: float | None = None

    @property
    def view(self) -> View:
        """The coordinates in force."""
        return self.views[self.in_force]

    @property
    def raw(self) -> View:
        """The inputs as they are."""
        return self.views["raw"]

    @property
    def centred(self) -> View | None:
        """The inputs less their means; None without an intercept."""
        return self.views.get("centred")

    @property
    def standardized(self) -> View:
        """The inputs at mean 0 and standard deviation 1."""
        return self.views["standardized"]

    @property
    def condition_number(self) -> float:
        """κ in the coordinates in force."""
        return self.view.condition_number

    @property
    def stability_limit(self) -> float:
        """The limit of plain gradient descent in the coordinates in force."""
        return self.view.stability_limit

    @property
    def best_learning_rate(self) -> float:
        """The best constant rate of plain gradient descent in the coordinates in force."""
        return self.view.best_learning_rate

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The moving modes in the coordinates in force, steepest first."""
        return self.view.modes

    def epochs_to(self, tolerance: float, learning_rate: float | None = None) -> int | None:
        """Return the epochs that plain gradient descent needs in the coordinates in force, see `View.epochs_to`."""
        return self.view.epochs_to(tolerance, learning_rate)

    def _told(self) -> Iterator[str]:
        first, *more = self.sentences()
        yield f": {first}"
        yield from table(VIEW_HEADER, self._rows()).splitlines()
        yield from [sentence for sentence in more if sentence.startswith(("Constant", "Collinear", "No direction"))]
        yield from self._about_given_rate()
        if self.modes:
            yield f"slowest: {self.modes[-1].words}"

    def _repr_html_(self) -> str:
        """What a notebook shows: each kind of coordinates with its limits, and the sentences."""
        first, *more = self.sentences()
        return html_table(first, VIEW_HEADER, self._rows(), more)

    def _rows(self) -> list[tuple[str, ...]]:
        """Each kind of coordinates in texts, with what gradient descent needs there."""
        return [
            (
                f"{name} inputs",
                number(view.condition_number),
                number(view.stability_limit),
                number(view.best_learning_rate),
                epochs(view.epochs_to(1e-6)),
            )
            for name, view in self.views.items()
        ]

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """Return the diagnosis as plain sentences with numbers."""
        sentences = [
            f"{pluralize(self.row_count, 'row')}, {pluralize(len(self.features), 'feature')}, {pluralize(self.size, 'parameter')}, effective rank {self.rank}; "
            f"objective {self.objective}, {self.in_force} inputs."
        ]
        if self.constant:
            problem = f"{join_names(self.constant)} cannot be told from the intercept"
            sentences.append(f"Constant: {problem}; leave {_them(self.constant)} out.")
        if self.dependent:
            problem = f"{join_names(self.dependent)} can be computed from the other columns"
            sentences.append(f"Collinear: {problem}; leave {_them(self.dependent)} out, or set l2 above 0.")
        if not self.modes:
            return [*sentences, "No direction has curvature: nothing will move at any learning rate."]
        steepest, slowest = self.modes[0], self.modes[-1]
        sentences += [
            f"The condition number is {number(self.condition_number)}: the steepest mode is {steepest.words} (λ = {number(steepest.eigenvalue)}), "
            f"the slow one {slowest.words} (λ = {number(slowest.eigenvalue)}).",
            f"Gradient descent is stable up to the learning rate {number(self.stability_limit)}; the best constant one is "
            f"{number(self.best_learning_rate)}, which shrinks every mode's error to a millionth of its starting value in {epochs(self.epochs_to(1e-6))}.",
        ]
        sentences += self._about_given_rate()
        sentences += self._about_momentum()
        return sentences + self._about_standardizing()

    def _about_given_rate(self) -> list[str]:
        if self.learning_rate is None:
            return []
        if self.learning_rate > self.stability_limit:
            return [
                f"At {number(self.learning_rate)} the run diverges: that is {number(self.learning_rate / self.stability_limit, 4)} times the limit."
            ]
        needed = self.epochs_to(1e-6, self.learning_rate)
        share = self.learning_rate / self.stability_limit
        return [f"At {number(self.learning_rate)}, {number(100 * share, 3)}% of the limit, it takes {epochs(needed)}."]

    def _about_momentum(self) -> list[str]:
        best = min(
            (r for r in self.view.rules if r.epochs[1] is not None), key=lambda r: r.epochs[1] or 0, default=None
        )
        plain = self.epochs_to(1e-6)
        if best is None or plain is None or best.epochs[1] is None or best.epochs[1] > 0.8 * plain:
            return []
        heavy = next(r for r in self.view.rules if r.momentum is not None)
        return [
            f"{heavy.label} with momentum {momentum(heavy.momentum or 0.0)} and rate {number(heavy.learning_rate)} needs {epochs(heavy.epochs[1])}; "
            f"the quickest rule is {best.rule} with {epochs(best.epochs[1])}."
        ]

    def _about_standardizing(self) -> list[str]:
        standard = self.standardized
        if self.in_force == "standardized":
            return []
        better = standard.condition_number < self.condition_number / 2
        change = "would reduce the condition number to" if better else "would leave the condition number at"
        needed = standard.epochs_to(1e-6)
        enough = "one epoch is" if needed == 1 else f"{epochs(needed)} are"
        return [
            f"Standardizing the inputs {change} {number(standard.condition_number)}; then {enough} enough, "
            f"at the rate {number(standard.best_learning_rate)}."
        ]


@numeric
def diagnose(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    learning_rate: float | None = None,
    objective: ObjectiveName = "half_mse",
    l2: float = 0.0,
    standardize: bool = False,
    fit_intercept: bool = True,
) -> Diagnosis:
    """Say what gradient descent on a table will be like, before any run: limits, best rates, epochs, slow directions.

    Args:
        data: inputs X (n, d) with y; a data frame, a file or SELECT … with target; a Triangle or the path of one; or a source.
        y: targets, shape (n,) or (n, t).
        target: name or names of the target columns of a file.
        features: names of the inputs.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        learning_rate: a rate to judge as well.
        objective: "half_mse", "mse" or "quarter_mse"; a learning rate means nothing without it.
        l2: ridge penalty, in the coordinates in force.
        standardize: let the short attributes speak of standardized inputs; all coordinates are there anyway.
        fit_intercept: whether the model has a bias.

    Returns:
        a Diagnosis: condition_number, stability_limit, best_learning_rate, modes, epochs_to(), raw, centred,
        standardized; `str()` gives sentences.

    Raises:
        DataError: the data cannot be used.
        UsageError: a setting is outside its range.

    Example:
        >>> import numpy as np
        >>> x = np.arange(1.0, 301.0).reshape(-1, 1)
        >>> d = diagnose(x, 0.5 * x[:, 0] + 2, objective="quarter_mse", learning_rate=1e-4)
        >>> round(d.condition_number), round(d.stability_limit, 9), d.epochs_to(1e-6, learning_rate=1e-4)
        (121212, 0.000132666, 1110807)
        >>> d.modes[-1].words, d.standardized.epochs_to(1e-6)
        ('the intercept against x1', 1)

    Source: Nesterov, "Introductory Lectures on Convex Optimization", 2004, section 2.1.5.
    """
    rate = None if learning_rate is None else check_learning_rate(learning_rate)
    triangle = summarize(data, y, target=target, features=features, weight=weight, missing=missing)
    refuse_labels(triangle)
    chosen, fit_intercept = coordinates_name(standardize), check_flag("fit_intercept", fit_intercept)
    names: list[CoordinatesName] = ["raw", "centred", "standardized"] if fit_intercept else ["raw", "standardized"]
    views: dict[str, View] = {name: _view(triangle, name, objective, l2, fit_intercept) for name in names}
    # whether columns depend on each other is not a question of coordinates, nor of the penalty that hides it
    bare = replace(views["raw"].quadratic, l2=0.0)
    constant = triangle.constant_features if fit_intercept else ()
    dependent = tuple(name for name in bare.dependent(triangle.features) if name not in (*constant, "intercept"))
    return Diagnosis(
        triangle.features,
        triangle.targets,
        triangle.row_count,
        objective,
        float(l2),
        views,
        chosen,
        constant,
        dependent,
        bare.rank,
        bare.size,
        rate,
    )


def _view(triangle: Triangle, name: CoordinatesName, objective: ObjectiveName, l2: float, fit_intercept: bool) -> View:
    coordinates = triangle.coordinates(name, fit_intercept=fit_intercept)
    quadratic = Quadratic.of(triangle, coordinates, objective=objective, l2=l2)
    return View(coordinates, quadratic, triangle.features, triangle.input_sizes(coordinates))


def _them(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"
