"""Verdict: what became of a run, judged by its modes, in a sentence with numbers and what to change."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steepest.descent.trajectory import Trajectory, Verdict, VerdictKind
from steepest.errors import UsageError
from steepest.objectives.quadratic import ObjectiveName, Quadratic
from steepest.rules.best_rate import at_best_rate
from steepest.rules.convergence import AT_LIMIT, first_epoch, remaining
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import LinearRule, Rule, has_closed_form
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.words import epochs, mode_in_words, number, percent

CONVERGED = 1e-6  # share of its start error that every mode must be within
SHOWN_MODES = 5
CRAWLS = 100  # a run that needs more than so many times its epochs crawls


@dataclass(frozen=True, eq=False)
class Judge:
    """What a verdict needs to know beside the trajectory.

    Args:
        triangle: the table.
        quadratic: the objective in the coordinates in force.
        coordinates: these coordinates.
        objective: the objective's name.
        rule: the linear rule.
        start: theta_0 in force, shape (p, t).
    """

    triangle: Triangle
    quadratic: Quadratic
    coordinates: Coordinates
    objective: ObjectiveName
    rule: LinearRule
    start: FloatArray

    @classmethod
    def of(
        cls,
        triangle: Triangle,
        quadratic: Quadratic,
        coordinates: Coordinates,
        objective: ObjectiveName,
        rule: Rule,
        start: FloatArray,
    ) -> "Judge":
        """Return the judge of a run; of a rule without closed form every verdict is "unknown"."""
        return cls(triangle, quadratic, coordinates, objective, rule, start)  # type: ignore[arg-type]

    def __call__(self, run: Trajectory) -> Verdict:
        """Return the verdict of a run; "unknown" where the rule has no closed form."""
        if not has_closed_form(self.rule):
            return Verdict(
                "unknown", f"Unknown: the rule {self.rule.name} has no closed form, so nothing is said of its modes."
            )
        kind = self._kind(run)
        left = self._left(run.epochs)
        verdict = Verdict(
            kind,
            sentence="",
            remaining=left,
            epochs_needed=first_epoch(self.rule, self._eigenvalues, CONVERGED),
            learning_rate=self.rule.learning_rate,
            stability_limit=self.limit,
            best_learning_rate=self.best_rule.learning_rate,
            epochs_at_best=first_epoch(self.best_rule, self._eigenvalues, CONVERGED),
            condition_number=self.quadratic.modes.condition_number,
            standardized_condition_number=self.standardized.modes.condition_number,
            epochs_standardized=self.epochs_standardized,
            last_finite_epoch=run.epochs if run.epochs < run.requested_epochs else None,
            slowest=self._slowest(run.epochs),
        )
        return replace(verdict, sentence=self._sentence(verdict, run), advice=self._advice(verdict))

    def horizon(self, tolerance: float, measure: str) -> int | None:
        """Return the first epoch within a tolerance, by "modes" or by "loss"."""
        if not has_closed_form(self.rule):
            raise UsageError(f"the rule {self.rule.name} has no closed form; look at run.loss() instead.")
        if measure == "modes":
            return first_epoch(self.rule, self._eigenvalues, tolerance)
        return first_epoch(self.rule, self._eigenvalues, tolerance, self._loss_weights)

    @property
    def _eigenvalues(self) -> FloatArray:
        return self.quadratic.modes.eigenvalues

    def _slowest(self, epoch: int) -> tuple[tuple[str, float], ...]:
        """The modes with the largest shares left, in words."""
        if not self._eigenvalues.size:
            return ()
        left = np.abs(self.rule.residual(self._eigenvalues, np.array([epoch])))[0]
        slowest = np.argsort(-left, kind="stable")[:SHOWN_MODES]
        return tuple(zip(self.mode_words(slowest), left[slowest].tolist(), strict=True))

    def mode_words(self, chosen: NDArray[np.intp] | slice = slice(None)) -> tuple[str, ...]:
        """What each moving mode is made of, the steepest first, or only the chosen ones."""
        sizes = self.triangle.input_sizes(self.coordinates)
        names = self.coordinates.parameter_names(self.triangle.features)
        return tuple(mode_in_words(v, sizes, names) for v in self.quadratic.modes.directions.T[chosen])

    def _left(self, epoch: int) -> float:
        """The largest share at an epoch and the one after: momentum passing through the minimum has not arrived."""
        return max(remaining(self.rule, self._eigenvalues, epoch), remaining(self.rule, self._eigenvalues, epoch + 1))

    @property
    def _loss_weights(self) -> FloatArray:
        """λ_i·e_i² summed over the targets, shape (r,)."""
        start_errors = self.quadratic.start_errors(self.start)
        return np.asarray(((np.sqrt(self._eigenvalues)[:, None] * start_errors) ** 2).sum(axis=1))

    @property
    def limit(self) -> float:
        """The stability limit of the rule; inf where no mode moves."""
        return self.rule.stability_limit(float(self._eigenvalues[0])) if self._eigenvalues.size else math.inf

    @cached_property
    def best_rule(self) -> LinearRule:
        """The same rule and momentum at the best constant learning rate."""
        return at_best_rate(self.rule, self.quadratic.modes)

    @cached_property
    def standardized(self) -> Quadratic:
        """The objective of the same table in standardized coordinates."""
        if self.coordinates.name == "standardized":
            return self.quadratic
        coordinates = self.triangle.coordinates("standardized", fit_intercept=self.quadratic.fit_intercept)
        return Quadratic.of(self.triangle, coordinates, objective=self.objective, l2=self.quadratic.l2)

    @property
    def epochs_standardized(self) -> int | None:
        """Epochs to convergence in standardized coordinates, by plain gradient at the best rate there."""
        modes = self.standardized.modes
        return first_epoch(GradientRule(1.0).at_best_rate(modes), modes.eigenvalues, CONVERGED)

    def _kind(self, run: Trajectory) -> VerdictKind:
        rate = self.rule.learning_rate
        if rate > self.limit * (1 + AT_LIMIT):
            return "diverges"
        if rate >= self.limit * (1 - AT_LIMIT):
            return "oscillates"
        if self._left(run.epochs) <= CONVERGED:
            return "converged"
        needed = first_epoch(self.rule, self._eigenvalues, CONVERGED)
        return "crawls" if needed is None or needed > CRAWLS * max(run.epochs, 1) else "unfinished"

    def _sentence(self, verdict: Verdict, run: Trajectory) -> str:
        rate, limit = number(verdict.learning_rate), number(verdict.stability_limit)
        if verdict.kind == "converged":
            return f"Converged: after {epochs(run.epochs)} every mode is within {verdict.remaining:.2g} of its start error."
        if verdict.kind == "oscillates":
            return (
                f"Oscillates: the learning rate {rate} is exactly the stability limit, so the steepest mode swings for ever "
                "without getting smaller."
            )
        if verdict.kind == "diverges":
            with np.errstate(over="ignore", invalid="ignore"):
                growth = float(self.rule.radius(self._eigenvalues).max()) - 1
            left = (
                f"; the parameters left float64 after epoch {run.epochs:,}"
                if verdict.last_finite_epoch is not None
                else ""
            )
            return (
                f"Diverges: the learning rate {rate} is above the stability limit {limit}, so the steepest mode grows "
                f"{'by ' + percent(growth) if growth < 1 else number(growth + 1, 4) + '-fold'} an epoch{left}."
            )
        part, share = self._most_missing(run)
        word = "Unfinished" if verdict.kind == "unfinished" else "Crawls"
        return (
            f"{word}: {percent(share)} of {part} is still missing after {epochs(run.epochs)}; to bring every mode within "
            f"1e-6 of its start error takes {epochs(verdict.epochs_needed)} at this learning rate "
            f"({rate}, {percent(verdict.learning_rate / verdict.stability_limit)} of the stability limit {limit})."
        )

    def _advice(self, verdict: Verdict) -> str:
        if verdict.kind == "converged":
            return ""
        best = f"The best constant rate here is {number(verdict.best_learning_rate)}, which needs {epochs(verdict.epochs_at_best)}."
        if (
            self.coordinates.name == "standardized"
            or verdict.standardized_condition_number > verdict.condition_number / 2
        ):
            return best
        return (
            f"{best} Standardizing the inputs takes the condition number from {number(verdict.condition_number)} to "
            f"{number(verdict.standardized_condition_number)}: {epochs(verdict.epochs_standardized)} "
            f"{'is' if verdict.epochs_standardized == 1 else 'are'} enough."
        )

    def _most_missing(self, run: Trajectory) -> tuple[str, float]:
        """Name the parameter that the slowest remaining mode is mostly made of, and the share of its way still to go.

        The share is (optimum - now) / (optimum - start), in the data's own units.
        """
        left = np.abs(self.rule.residual(self._eigenvalues, np.array([run.epochs])))[0]
        slowest = int(left.argmax())
        parameter = int(np.abs(self.quadratic.modes.directions[:, slowest]).argmax())
        start, now, goal = (
            np.vstack([bias, weights])
            for weights, bias in map(
                self._raw, (self.start, run.path.parameters(np.array([run.epochs]))[0], self.quadratic.minimum)
            )
        )
        row = parameter if self.coordinates.fit_intercept else parameter + 1
        name = "the bias" if row == 0 else f"the weight of {run.features[row - 1]!r}"
        with np.errstate(divide="ignore", invalid="ignore"):
            share = float(np.max(np.abs((goal[row] - now[row]) / (goal[row] - start[row]))))
        return (name, share) if 0 < share <= 1 else ("the slowest mode", float(left[slowest]))

    def _raw(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        weights, bias = self.coordinates.to_raw(theta)
        return weights, bias[None, :]
