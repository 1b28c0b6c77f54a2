"""Trajectory: a whole run as a value: any epoch, the curve, how it ended and what to make of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.data.coding import Coding
from steepest.data.inputs import in_order
from steepest.descent import closed_form, loop, run_words
from steepest.descent.closed_form import ClosedIterates
from steepest.descent.facts import Facts
from steepest.descent.iterates import Ending, EngineName, Iterates, Numbers
from steepest.descent.judge import Measure, epochs_to, judge
from steepest.descent.record import log_spaced
from steepest.descent.settings import check_epochs
from steepest.descent.state import Scalar, State
from steepest.descent.verdict import Verdict
from steepest.errors import UsageError
from steepest.objectives.problem import Problem
from steepest.rules.rule import Rule
from steepest.summaries.coordinates import Coordinates
from steepest.support import remedies
from steepest.support.arguments import as_int, shown
from steepest.support.arrays import FloatArray
from steepest.support.frame import Library, frame
from steepest.support.numerics import numeric
from steepest.support.values import Value

if TYPE_CHECKING:
    from steepest.analysis.coefficient_table import Inference, Robust, WeightKind
    from steepest.views.pages import Page
    from steepest.views.plots import Display, PlotKind

MOST_EPOCHS_AT_ONCE = 20_000_000
CHUNK = 1 << 20  # numbers worked on together when a whole curve is asked for: 8 MB


@numeric
@dataclass(frozen=True, eq=False)
class Trajectory(Value):
    """A run of gradient descent: what was minimized, how, from where, and where the parameters were. Made by `descend`.

    Args:
        problem: the table, the coordinates in force, the loss and the penalty.
        rule: the rule with its numbers.
        start: theta_0 in force, shape (p, t).
        iterates: the parameters in force at any epoch.
        requested_epochs: what was asked for; larger than `epochs` when the run ended before.
        reasons: why each automatic setting got its value.

    Numbers of a run with one target have no target axis: weights (d,), bias a float, curves (K,). With several
    targets it is the last one: (d, t), (t,), (K, t).
    """

    problem: Problem = field(repr=False)
    rule: Rule
    start: FloatArray = field(repr=False)
    iterates: Iterates = field(repr=False)
    requested_epochs: int
    reasons: dict[str, str] = field(default_factory=dict)

    def _told(self) -> Iterator[str]:
        yield from run_words.lines(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the weights beside the exact minimum, and the verdict."""
        return run_words.table(self)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the d inputs."""
        return self.problem.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the t targets."""
        return self.problem.targets

    @property
    def objective(self) -> str:
        """The loss: "half_mse", "mse", "quarter_mse", or the name of another than squares."""
        return self.problem.loss_name

    @property
    def coordinates(self) -> Coordinates:
        """The inputs in which the descent was done."""
        return self.problem.coordinates

    @property
    def l2(self) -> float:
        """The ridge penalty, in the coordinates in force."""
        return self.problem.l2

    @property
    def l1(self) -> float:
        """The lasso penalty, in the coordinates in force."""
        return self.problem.l1

    @property
    def coding(self) -> Coding | None:
        """How the features were made from a table's columns, or None where nobody said."""
        return self.problem.triangle.coding

    @property
    def epochs(self) -> int:
        """The last epoch of the run."""
        return int(self.iterates.epochs[-1])

    @property
    def engine(self) -> EngineName:
        """ "modes" where every epoch is known from a formula, "loop" where the run was walked step by step."""
        return self.iterates.engine

    @property
    def ended(self) -> Ending:
        """Why the run has no more epochs; `str()` is the sentence."""
        return self.iterates.ended

    def at(self, epoch: int) -> State:
        """Return the run at one epoch.

        Raises:
            UsageError: the epoch is not a whole number from 0 to the last, or a loop did not record it.
        """
        if as_int(epoch) is None:
            raise UsageError(f"an epoch is a whole number from 0 to {self.epochs:,}; got {shown(epoch)}.")
        known = self._check_epochs([epoch])
        return self._state(epoch, self.iterates.parameters(known)[0])

    @cached_property
    def last(self) -> State:
        """The state at the last epoch."""
        return self._state(self.epochs, self.iterates.final)

    def _state(self, epoch: int, theta: FloatArray) -> State:
        with np.errstate(over="ignore", invalid="ignore"):
            weights, bias = self.problem.to_raw(theta)
        loss, rmse, gradient_norm = (self._scalar(cost[0]) for cost in self.iterates.costs(np.array([epoch])))
        kind = getattr(self.problem, "loss", None)
        return State(int(epoch), self._squeeze(weights), self._scalar(bias), loss, rmse, gradient_norm, kind)

    @property
    def weights(self) -> FloatArray:
        """Weights at the last epoch, in the data's own units."""
        return self.last.weights

    @property
    def bias(self) -> Scalar:
        """Bias at the last epoch, in the target's units."""
        return self.last.bias

    @cached_property
    def optimum(self) -> State:
        """The exact state of the smallest loss, which the run heads for; its epoch is -1: no epoch reaches it.

        Raises:
            DataError: the loss has no minimum, since columns tell the classes apart.
        """
        self.problem.check_minimum()
        quadratic = self.problem.quadratic
        weights, bias = self.problem.to_raw(quadratic.minimum)
        value, rmse, slope = quadratic.costs_at_minimum
        return State(
            -1,
            self._squeeze(weights),
            self._scalar(bias),
            self._scalar(value),
            self._scalar(rmse),
            self._scalar(np.linalg.norm(slope, axis=0)),
            loss_kind=getattr(self.problem, "loss", None),
        )

    @property
    def _facts(self) -> Facts:
        return Facts(self.problem, self.rule, self.start, self.iterates)

    @cached_property
    def verdict(self) -> Verdict:
        """What became of the run and what to change; `str()` is the sentence."""
        return judge(self._facts)

    def loss(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return the objective at the given epochs (default: every epoch there is, from 0), shape (K,) or (K, t)."""
        return self._squeeze(self._in_chunks(self.iterates.loss, self._check_epochs(epochs)))

    def rmse(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return √(Σ w r² / Σ w) at the given epochs (default: every epoch there is), shape (K,) or (K, t)."""
        return self._squeeze(self._in_chunks(self.iterates.metric, self._check_epochs(epochs)))

    def parameters(self, epochs: Sequence[int] | Numbers | range | None = None) -> tuple[FloatArray, FloatArray]:
        """Return (weights, biases) in the data's own units at the given epochs: (K, d) and (K,), or with t behind."""
        theta = self._in_chunks(self.iterates.parameters, self._check_epochs(epochs))
        with np.errstate(over="ignore", invalid="ignore"):
            weights, bias = self.problem.to_raw(theta)
        return self._squeeze(weights), self._squeeze(bias)

    def some_epochs(self, points: int) -> Numbers:
        """Return about `points` of the epochs that are known, evenly spaced on a log axis, the first and the last among them.

        Raises:
            UsageError: the number of points is not a whole one, 1 or larger.
        """
        if not 1 <= (as_int(points) or 0) <= MOST_EPOCHS_AT_ONCE:
            raise UsageError(f"points is a whole number from 1 to {MOST_EPOCHS_AT_ONCE:,}; got {shown(points)}.")
        known = self.iterates.epochs
        return (
            log_spaced(self.epochs, points) if isinstance(known, range) else known[log_spaced(len(known) - 1, points)]
        )

    def states(self, epochs: Sequence[int] | Numbers | range | None = None) -> Iterator[State]:
        """Yield the run's states one after the other: of the given epochs, or of every one there is, from 0."""
        yield from (self.at(int(epoch)) for epoch in self._check_epochs(epochs))

    def extend(self, epochs: int) -> "Trajectory":
        """Return the same run with so many epochs more.

        One that was walked is walked again from its start, since what its rule remembers is not kept; callbacks and stops
        belong to a call of `descend` and are not called again.

        Raises:
            UsageError: the number is not a whole one, 1 or larger.
        """
        if isinstance(epochs, bool) or not isinstance(epochs, (int, np.integer)) or epochs < 1:
            raise UsageError(f"a run is extended by a whole number of epochs, 1 or larger; got {epochs!r}.")
        count = check_epochs(self.epochs + int(epochs))
        if isinstance(self.iterates, ClosedIterates):
            longer: Iterates = closed_form.run(self.problem, self.iterates.rule, self.start, count)
        else:
            longer = loop.run(self.problem.quadratic, self.rule, self.start, count)
        return replace(self, iterates=longer, requested_epochs=count, reasons={**self.reasons, "epochs": "extended"})

    def effective_parameters(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return how many parameters' worth of the data the run has taken in at the given epochs, shape (K,).

        Early stopping is a penalty: from 0 at the start to the number of moving modes at the end.

        Raises:
            UsageError: the run went step by step and has no closed form.
        """
        if not isinstance(self.iterates, ClosedIterates):
            raise UsageError("a run that went step by step has no effective parameters.", remedies.CLOSED_FORM)
        return self._in_chunks(self.iterates.effective_parameters, self._check_epochs(epochs))

    def remaining(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return the share of its start error each mode still has, shape (K, r), the steepest mode first.

        |p_k(λ_i)|                                                           known beforehand
        |v_iᵀ(minimum - theta_k)| / |v_iᵀ(minimum - theta_0)|                measured, where the run was walked

        Raises:
            DataError: the loss has no minimum, since columns tell the classes apart.
        """
        self.problem.check_minimum()
        return self._in_chunks(self.iterates.remaining, self._check_epochs(epochs))

    @property
    def mode_words(self) -> tuple[str, ...]:
        """What each mode is made of, in column names, the steepest first."""
        return self.problem.mode_words()

    def history(self, epochs: Sequence[int] | Numbers | range | None = None, library: Library | None = None) -> Any:
        """Return the run's course as a data frame: epoch, loss, rmse, bias and a column a feature, a row an epoch.

        Args:
            epochs: which ones; default: about 100 that are known, evenly spaced on a log axis.
            library: "pandas", "polars" or "pyarrow"; by default the first of them that is installed.

        With several targets each column stands once a target, as "loss of y1". Two columns of one name cannot be: a
        feature that is called as one of the others is, "loss" or "rmse" say, has "weight of " in front.

        Raises:
            UsageError: the library is unknown or not installed; an epoch was not run or not kept.

        Example:
            >>> import steepest
            >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], learning_rate=0.1, epochs=9)
            >>> run.history([0, 9], "polars").columns
            ['epoch', 'loss', 'rmse', 'bias', 'x1']
        """
        return frame(run_words.history(self, epochs), library)

    def plot(
        self, kind: "PlotKind" = "loss", X: object = None, y: object = None, *, ax: Any = None, **options: Any
    ) -> "Display":
        """Draw a picture of the run and return it; a notebook shows it by itself.

        Args:
            kind: "loss", "modes" or "contour"; "predictions", "residuals" or "qq" of rows; "roc", "precision_recall",
                "calibration", "confusion" or "boundary" of rows with classes.
            X: rows to predict, shape (n, d): an array or a data frame of the features; for kinds of rows.
            y: their targets, shape (n,).
            ax: matplotlib's axes to draw on; default: a figure of its own.
            options: what else `from_trajectory` of the picture's class takes, such as title.

        Raises:
            UsageError: the kind is unknown, the rows are missing, or the picture has no such option.

        Example:
            >>> import steepest
            >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], learning_rate=0.1, epochs=9)
            >>> run.plot("loss")
            LossCurveDisplay of the loss to epoch 9: 4.58333 to 0.128344
        """
        from steepest.views.plots import plot  # noqa: PLC0415 - a picture of a run, above it in the house

        return plot(self, kind, X, y, ax=ax, **options)

    def epochs_to(self, tolerance: float, measure: Measure = "modes") -> int | None:
        """Return the first epoch within a tolerance, also beyond the end of the run, or None when there is none.

            measure="modes":   max |p_k(λ_i)| ≤ tolerance                  every moving mode
            measure="loss":    (J_k - J*) / (J_0 - J*) ≤ tolerance         hides the slow ones

        Of a rule without closed form it is the first epoch that was kept of the run itself, as measured. On other losses than squares
        "modes" is the distance to the minimum, measured as far as the run was walked and by the modes at the minimum beyond; under an
        l1 penalty it is measured, as far as the run went.

        Raises:
            UsageError: the tolerance is not above 0, the measure unknown, or a run without closed form has not come so far.
        """
        return epochs_to(self._facts, tolerance, measure)

    def summary(
        self,
        confidence: float = 0.95,
        robust: "Robust | None" = None,
        data: object = None,
        y: object = None,
        weights: "WeightKind" = "precision",
        target: str | None = None,
    ) -> "Inference":
        """Return the coefficient table of the exact answer: standard errors, t, p, intervals, R², F; of other losses deviances.

            covariance = s²·(XᵀWX)⁻¹          s² = Σ w·r² / (n - p)          squared loss
            covariance = (Σ w·ℓ''·x·xᵀ)⁻¹     at the minimum                 logistic, multinomial, Poisson

        It is about `optimum`, where the run heads for; where the run is elsewhere, a note says how far.

        Args:
            confidence: share of the intervals that hold the true coefficient.
            robust: "HC0" … "HC3": standard errors that hold where the errors' variance differs from row to row; needs data. Of other
                losses "HC0" and "HC1", from the rows that the run keeps.
            data: the run's own rows once more, for robust errors and Durbin-Watson: X with y, a source from
                `open_source` (with its weights), or an iterator of its batches.
            y: targets, with an array.
            weights: what a weight of 2 means: "precision" (half the variance, as R's lm; two trials, twice the exposure) or
                "frequency" (the row twice).
            target: which one, where there are several; of several classes the one that the others are compared with.

        Raises:
            UsageError: an option is outside its range; l2 is above 0, so that the coefficients are biased.
            DataError: columns depend on each other, there are no more rows than coefficients, or data are other rows.

        Example:
            >>> import steepest
            >>> table = steepest.descend([[1.0], [2.0], [3.0], [4.0]], [3.0, 4.0, 6.0, 8.0]).summary()
            >>> table.names, table.standard_errors.round(6)
            (('intercept', 'x1'), array([0.474342, 0.173205]))
        """
        from steepest.analysis.infer import infer_run  # noqa: PLC0415 - a question asked of a run, above it in the house

        return infer_run(self, target, confidence, robust, data, y, weights)

    def page(self, X: object = None, y: object = None, *, held_out: object = None, title: str = "") -> "Page":
        """Return the run as an interactive page: sliders for every setting, pictures that follow them.

        A notebook shows it by itself; `.save("report.html")` writes one file that works from disk without a network.

        Args:
            X: rows to show, shape (n, d), as the run learned from them; a picture of them needs some.
            y: their targets, shape (n,), or labels of classes.
            held_out: held-out rows, a Triangle or (X, y), for their error along the run; of another loss than squares (X, y).
            title: what the page is called.

        Raises:
            UsageError: several targets, or more than 250 parameters.
            DataError: the rows have other columns.

        Example:
            >>> import steepest
            >>> page = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5]).page([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5])
            >>> page.html[:15]
            '<!DOCTYPE html>'
        """
        from steepest.views.pages import page  # noqa: PLC0415 - a picture of a run, above it in the house

        return page(self, X, y, held_out=held_out, title=title)

    def predict(
        self, X: ArrayLike, *, offset: ArrayLike | None = None, exposure: ArrayLike | None = None
    ) -> FloatArray:
        """Return the last state's predictions for X (n, d), an array or a data frame of the features: (n,), or (n, t).

        They are of what `targets` names: of a logarithm, where one was fitted; `Model.predict` gives the target itself.

        Args:
            X: inputs, shape (n, d).
            offset: of a run with an offset, that of these rows, shape (n,); default: 0, as is an exposure of 1.
            exposure: e^offset instead, above 0, shape (n,).

        Raises:
            DataError: X has other columns, or holds NaN or inf; there is not one offset a row.
            UsageError: both offset and exposure are given, or the run is on squared loss.
        """
        return self.last.predict(in_order(X, self.features), offset=offset, exposure=exposure)

    def _check_epochs(self, epochs: Sequence[int] | Numbers | range | None) -> range | Numbers:
        if epochs is None:
            return self.iterates.epochs
        wanted = np.asarray(epochs)
        if (
            wanted.dtype.kind not in "iu"
            or wanted.ndim != 1
            or (wanted.size and not 0 <= wanted.min() <= wanted.max() <= self.epochs)
        ):
            raise UsageError(
                f"epochs of this run are given as a list of whole numbers from 0 to {self.epochs:,}; got {shown(epochs)}."
            )
        known = self.iterates.epochs
        if not isinstance(known, range):
            unknown = wanted[~np.isin(wanted, known)]
            if unknown.size:
                raise UsageError(
                    f"epoch {unknown[0]} was not recorded ({len(known):,} of {self.epochs + 1:,} epochs were). "
                    "Pass record=Record(every=1), or record=Record(epochs=(...)) with the epochs you want."
                )
        return epochs if isinstance(epochs, range) else wanted.astype(np.int64)

    def _in_chunks(self, compute: Callable[[range | Numbers], FloatArray], epochs: range | Numbers) -> FloatArray:
        """Compute a long curve piece by piece, so that its intermediate arrays stay small."""
        if len(epochs) > MOST_EPOCHS_AT_ONCE:
            raise UsageError(
                f"{len(epochs):,} epochs at once are more than memory should hold. Name those you want: loss([0, 10, 100])."
            )
        size = max(64, CHUNK // max(1, self.start.size))
        if len(epochs) <= size:
            return compute(epochs)
        return np.concatenate([compute(epochs[start : start + size]) for start in range(0, len(epochs), size)])

    def _squeeze(self, values: FloatArray) -> FloatArray:
        return values[..., 0] if values.shape[-1] == 1 else values

    def _scalar(self, values: FloatArray) -> Scalar:
        return float(values[0]) if values.shape == (1,) else values
