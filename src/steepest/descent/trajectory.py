"""Trajectory: a whole run as a value: any epoch, the curve, how it ended and what to make of it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind
from steepest.data.coding import Coding
from steepest.data.inputs import in_order
from steepest.errors import DataTypeError, UsageError
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray

Scalar = float | FloatArray
Numbers = NDArray[np.int64]
MOST_EPOCHS_AT_ONCE = 20_000_000
CHUNK = 1 << 20  # numbers worked on together when a whole curve is asked for: 8 MB


class Surface(Protocol):
    """What a trajectory asks of the objective it descends: loss, gradient and RMSE at any parameters (..., p, t)."""

    def value(self, theta: FloatArray) -> FloatArray:
        """The objective, shape (..., t)."""
        ...

    def gradient(self, theta: FloatArray) -> FloatArray:
        """Its gradient, shape (..., p, t)."""
        ...

    def rmse(self, theta: FloatArray) -> FloatArray:
        """Root mean squared error, shape (..., t)."""
        ...

    @property
    def minimum(self) -> FloatArray:
        """The exact minimum, shape (p, t)."""
        ...


class Path(Protocol):
    """Where the parameters were: known at every epoch from a formula, or recorded at some from a loop."""

    @property
    def epochs(self) -> range | Numbers:
        """The epochs that can be asked for, ascending."""
        ...

    def parameters(self, epochs: range | Numbers) -> FloatArray:
        """Theta at the given epochs, shape (K, p, t)."""
        ...

    def loss(self, epochs: range | Numbers) -> FloatArray:
        """The objective at the given epochs, shape (K, t)."""
        ...

    def rmse(self, epochs: range | Numbers) -> FloatArray:
        """√(Σ w r² / Σ w) at the given epochs, shape (K, t)."""
        ...

    def gradient_norm(self, epochs: range | Numbers) -> FloatArray:
        """‖∇J‖ in the coordinates in force at the given epochs, shape (K, t)."""
        ...


class Page(Protocol):
    """The interactive page of a run: a notebook shows it, `save` writes it."""

    @property
    def html(self) -> str:
        """One HTML document that asks the network for nothing."""
        ...

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> object:
        """Write it to one file."""
        ...


@dataclass(frozen=True)
class Record:
    """Which epochs a loop keeps: memory is yours to choose.

    Args:
        every: keep every n-th epoch; 1 keeps all.
        points: keep about so many epochs, evenly spaced on a log axis, instead.
        epochs: keep exactly these, instead.

    The start and the last epoch are always kept.

    Example:
        >>> Record(every=4).choose(10)
        array([ 0,  4,  8, 10])
        >>> Record(points=6).choose(1000)
        array([   0,    1,    4,   16,   63,  251, 1000])
    """

    every: int | None = None
    points: int | None = None
    epochs: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("every", "points", "epochs") if getattr(self, name) is not None]
        if len(given) != 1:
            raise UsageError(f"Record takes one of every, points and epochs; given were {given or 'none'}.")
        if self.every is not None and self.every < 1:
            raise UsageError(f"Record(every=...) must be 1 or larger; given was {self.every!r}.")

    def choose(self, last: int) -> Numbers:
        """Return the epochs to keep of a run of `last` epochs, ascending."""
        if self.every is not None:
            inner = np.arange(0, last + 1, self.every, dtype=np.int64)
        elif self.points is not None:
            inner = log_spaced(last, self.points)
        else:
            inner = np.array([k for k in self.epochs or () if 0 <= k <= last], dtype=np.int64)
        return np.unique(np.concatenate([[0, last], inner]).astype(np.int64))


def log_spaced(last: int, points: int) -> Numbers:
    """Return 0 and about `points` epochs from 1 to `last`, evenly spaced on a log axis, without repetition."""
    if last < 1:
        return np.array([0], dtype=np.int64)
    steps = np.round(np.geomspace(1, last, max(2, points)))
    return np.unique(np.concatenate([[0], steps, [last]]).astype(np.int64))


@dataclass(frozen=True, eq=False)
class State:
    """The run at one epoch, in the data's own units.

    Args:
        epoch: number of updates done.
        weights: shape (d,), or (d, t) for several targets; target units per feature unit.
        bias: a float, or shape (t,); target units.
        loss: the objective including the penalty.
        rmse: √(Σ w r² / Σ w), target units.
        gradient_norm: ‖∇J‖ in the coordinates in force.
    """

    epoch: int
    weights: FloatArray
    bias: Scalar
    loss: Scalar
    rmse: Scalar
    gradient_norm: Scalar

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return X @ weights + bias for X of shape (n, d): shape (n,), or (n, t) for several targets.

        Raises:
            DataError: X has another number of columns.
        """
        if hasattr(X, "columns"):
            raise DataTypeError(
                "a state does not know the columns' names. Give X.to_numpy(), or ask the run: run.predict."
            )
        inputs = in_order(X, [f"x{j + 1}" for j in range(len(self.weights))])
        return np.asarray(inputs @ self.weights + self.bias)


VerdictKind = Literal["converged", "unfinished", "crawls", "oscillates", "diverges", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What became of a run, decided from its modes and not from its loss; `str()` is the sentence.

    Args:
        kind: converged, unfinished, crawls (unfinished beyond any patience), oscillates (exactly at the stability
            limit), diverges, or unknown (no modes).
        sentence: one or two sentences with numbers.
        advice: what to change, and what that would give.
        remaining: largest share of its start error that any moving mode still has, max |p_k(λ_i)|.
        epochs_needed: epochs to bring that to 1e-6 at this rate, None where no number is enough.
        learning_rate: η of the run.
        stability_limit: the largest learning rate that does not grow.
        best_learning_rate: the best constant rate for this rule and momentum.
        epochs_at_best: epochs to 1e-6 at that rate.
        condition_number: κ of the coordinates in force.
        standardized_condition_number: κ with every feature at mean 0 and standard deviation 1.
        epochs_standardized: epochs to 1e-6 there, at the best rate there.
        last_finite_epoch: where a diverging run left float64, else None.
        slowest: what each of the slowest modes (five at most) is made of, and the share it still has, the slowest first.
    """

    kind: VerdictKind
    sentence: str
    advice: str = ""
    remaining: float = float("nan")
    epochs_needed: int | None = None
    learning_rate: float = float("nan")
    stability_limit: float = float("nan")
    best_learning_rate: float = float("nan")
    epochs_at_best: int | None = None
    condition_number: float = float("nan")
    standardized_condition_number: float = float("nan")
    epochs_standardized: int | None = None
    last_finite_epoch: int | None = None
    slowest: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".strip()


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A run of gradient descent: settings, path and verdict. Made by `steepest.descend`.

    Args:
        features: names of the d inputs.
        targets: names of the t targets.
        objective: "half_mse", "mse" or "quarter_mse".
        coordinates: the inputs in which the descent was done.
        rule: the rule with its numbers.
        l2: the penalty, in the coordinates in force.
        epochs: the last epoch of the run.
        requested_epochs: what was asked for; larger than `epochs` when the run left float64.
        engine: "modes" or "loop".
        surface: the objective as a function of the parameters in force.
        path: the parameters in force at any epoch.
        judge: computes the verdict of this run.
        horizon: computes the first epoch within a tolerance.
        words: says what each mode is made of.
        statistician: makes the coefficient table of the exact answer.
        pager: makes the interactive page.
        reasons: why each automatic setting got its value.
        coding: how the features were made from a table's columns, or None where nobody said.

    Numbers of a run with one target have no target axis: weights (d,), bias a float, curves (K,). With several
    targets it is the last one: (d, t), (t,), (K, t).
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    objective: str
    coordinates: Coordinates
    rule: object
    l2: float
    epochs: int
    requested_epochs: int
    engine: str
    surface: Surface = field(repr=False)
    path: Path = field(repr=False)
    judge: "Callable[[Trajectory], Verdict]" = field(repr=False)
    horizon: "Callable[[float, str], int | None]" = field(repr=False)
    words: "Callable[[], tuple[str, ...]]" = field(repr=False)
    statistician: "Callable[..., Inference]" = field(repr=False)
    pager: "Callable[..., Page]" = field(repr=False)
    reasons: dict[str, str] = field(default_factory=dict)
    coding: Coding | None = field(default=None, repr=False)

    def at(self, epoch: int) -> State:
        """Return the run at one epoch.

        Raises:
            UsageError: the epoch is not a whole number from 0 to the last, or a loop did not record it.
        """
        chosen = self._check_epochs([epoch])
        with np.errstate(over="ignore", invalid="ignore"):
            weights, bias = self.coordinates.to_raw(self.path.parameters(chosen)[0])
        return State(
            int(epoch),
            self._squeeze(weights),
            self._scalar(bias),
            self._scalar(self.path.loss(chosen)[0]),
            self._scalar(self.path.rmse(chosen)[0]),
            self._scalar(self.path.gradient_norm(chosen)[0]),
        )

    @cached_property
    def last(self) -> State:
        """The state at the last epoch."""
        return self.at(self.epochs)

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
        """The exact least-squares (ridge) state that the run heads for; its epoch is -1: no epoch reaches it."""
        theta = self.surface.minimum
        weights, bias = self.coordinates.to_raw(theta)
        return State(
            -1,
            self._squeeze(weights),
            self._scalar(bias),
            self._scalar(self.surface.value(theta)),
            self._scalar(self.surface.rmse(theta)),
            self._scalar(np.sqrt((self.surface.gradient(theta) ** 2).sum(axis=0))),
        )

    @cached_property
    def verdict(self) -> Verdict:
        """What became of the run and what to change; `str()` is the sentence."""
        return self.judge(self)

    def loss(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return the objective at the given epochs (default: every epoch there is, from 0), shape (K,) or (K, t)."""
        return self._squeeze(self._in_chunks(self.path.loss, self._check_epochs(epochs)))

    def rmse(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return √(Σ w r² / Σ w) at the given epochs (default: every epoch there is), shape (K,) or (K, t)."""
        return self._squeeze(self._in_chunks(self.path.rmse, self._check_epochs(epochs)))

    def parameters(self, epochs: Sequence[int] | Numbers | range | None = None) -> tuple[FloatArray, FloatArray]:
        """Return (weights, biases) in the data's own units at the given epochs: (K, d) and (K,), or with t behind."""
        theta = self._in_chunks(self.path.parameters, self._check_epochs(epochs))
        with np.errstate(over="ignore", invalid="ignore"):
            weights, bias = self.coordinates.to_raw(theta)
        return self._squeeze(weights), self._squeeze(bias)

    def effective_parameters(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return how many parameters' worth of the data the run has taken in at the given epochs, shape (K,).

        Early stopping is a penalty: from 0 at the start to the number of moving modes at the end.

        Raises:
            UsageError: the run went step by step and has no closed form.
        """
        return self._in_chunks(self._closed("effective_parameters"), self._check_epochs(epochs))

    def remaining(self, epochs: Sequence[int] | Numbers | range | None = None) -> FloatArray:
        """Return |p_k(λ_i)|, the share of its start error each mode still has, shape (K, r), the steepest mode first.

        Raises:
            UsageError: the run went step by step and has no closed form.
        """
        return self._in_chunks(self._closed("remaining"), self._check_epochs(epochs))

    @property
    def mode_words(self) -> tuple[str, ...]:
        """What each mode is made of, in column names, the steepest first."""
        return self.words()

    def _closed(self, name: str) -> "Callable[[range | Numbers], FloatArray]":
        method: Callable[[range | Numbers], FloatArray] | None = getattr(self.path, name, None)
        if method is None:
            raise UsageError('a run that went step by step keeps no modes; use engine="modes".')
        return method

    def epochs_to(self, tolerance: float, measure: Literal["modes", "loss"] = "modes") -> int | None:
        """Return the first epoch within a tolerance, also beyond the end of the run, or None when there is none.

            measure="modes":   max |p_k(λ_i)| ≤ tolerance                  every moving mode
            measure="loss":    (J_k - J*) / (J_0 - J*) ≤ tolerance         hides the slow ones

        Raises:
            UsageError: the tolerance is not above 0, the measure unknown, or the rule has no closed form.
        """
        if measure not in ("modes", "loss"):
            raise UsageError(f'measure is "modes" or "loss"; given was {measure!r}.')
        return self.horizon(tolerance, measure)

    def summary(
        self,
        confidence: float = 0.95,
        robust: Robust | None = None,
        data: object = None,
        y: object = None,
        weights: WeightKind = "precision",
        target: str | None = None,
    ) -> Inference:
        """Return the coefficient table of the exact least-squares answer: standard errors, t, p, intervals, R², F.

            covariance = s²·(XᵀWX)⁻¹          s² = Σ w·r² / (n - p)

        It is about `optimum`, where the run heads for; where the run is elsewhere, a note says how far.

        Args:
            confidence: share of the intervals that hold the true coefficient.
            robust: "HC0" … "HC3": standard errors that hold where the errors' variance differs from row to row; needs data.
            data: the run's own rows once more, for robust errors and Durbin-Watson: X with y, a source from
                `open_source` (with its weights), or an iterator of its batches.
            y: targets, with an array.
            weights: what a weight of 2 means: "precision" (half the variance, as R's lm) or "frequency" (the row twice).
            target: which one, where there are several.

        Raises:
            UsageError: an option is outside its range; l2 is above 0, so that the coefficients are biased.
            DataError: columns depend on each other, there are no more rows than coefficients, or data are other rows.

        Example:
            >>> import steepest
            >>> table = steepest.descend([[1.0], [2.0], [3.0], [4.0]], [3.0, 4.0, 6.0, 8.0]).summary()
            >>> table.names, table.standard_errors.round(6)
            (('intercept', 'x1'), array([0.474342, 0.173205]))
        """
        return self.statistician(self, target, confidence, robust, data, y, weights)

    def page(self, X: object = None, y: object = None, *, held_out: object = None, title: str = "") -> Page:
        """Return the run as an interactive page: sliders for every setting, pictures that follow them.

        A notebook shows it by itself; `.save("report.html")` writes one file that works from disk without a network.

        Args:
            X: rows to show, shape (n, d), as the run learned from them; a picture of them needs some.
            y: their targets, shape (n,).
            held_out: held-out rows, a Triangle or (X, y), for their error along the run.
            title: what the page is called.

        Raises:
            UsageError: several targets, a rule without closed form, or more than 250 parameters.
            DataError: the rows have other columns.

        Example:
            >>> import steepest
            >>> page = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5]).page([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5])
            >>> page.html[:15]
            '<!DOCTYPE html>'
        """
        return self.pager(self, X, y, held_out, title)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return the last state's predictions for X (n, d), an array or a data frame of the features: (n,), or (n, t)."""
        return self.last.predict(in_order(X, self.features))

    def _check_epochs(self, epochs: Sequence[int] | Numbers | range | None) -> range | Numbers:
        if epochs is None:
            return self.path.epochs
        wanted = np.asarray(epochs)
        if (
            wanted.dtype.kind not in "iu"
            or wanted.ndim != 1
            or (wanted.size and not 0 <= wanted.min() <= wanted.max() <= self.epochs)
        ):
            raise UsageError(
                f"epochs of this run are whole numbers from 0 to {self.epochs:,}; given was {wanted.tolist()!r}."
            )
        known = self.path.epochs
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
        size = max(64, CHUNK // max(1, self.surface.minimum.size))
        if len(epochs) <= size:
            return compute(epochs)
        return np.concatenate([compute(epochs[start : start + size]) for start in range(0, len(epochs), size)])

    def _squeeze(self, values: FloatArray) -> FloatArray:
        return values[..., 0] if len(self.targets) == 1 else values

    def _scalar(self, values: FloatArray) -> Scalar:
        return float(values[0]) if len(self.targets) == 1 else values
