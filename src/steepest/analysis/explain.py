"""Explain: the arithmetic of one step, in numbers that a learner can check by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from steepest.data.batch import Batch
from steepest.data.sources import MissingPolicy
from steepest.descent import loop
from steepest.descent.descend import descend
from steepest.descent.record import Record
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.quadratic import GRADIENT_SCALE
from steepest.objectives.slope import Slope
from steepest.rules import registry as rules
from steepest.rules.rule import Gradient, Rule, belongs_to, formula_of
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_int, shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import by_name
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import momentum, number


@numeric
@dataclass(frozen=True, eq=False)
class Explanation(Value):
    """One step of a run, from epoch k - 1 to epoch k, in the coordinates in force.

    Args:
        run: the run.
        epoch: k.
        names: the p parameters, intercept first.
        positions: row numbers of the rows shown, shape (m,).
        inputs: their inputs in force, shape (m, d).
        predictions: at the parameters before the step, shape (m,), target units.
        targets: shape (m,).
        before: parameters before the step, shape (p,).
        velocity: the step before, shape (p,); zeros at the first step.
        point: where the rule takes the gradient, shape (p,): `before`, or ahead of it for Nesterov.
        sums: Σ w·r·u over all rows at `point`, shape (p,).
        total_weight: Σ w.
        gradient: s/Σw · sums + l2·D·point, shape (p,).
        after: parameters after the step, shape (p,).
        following: parameters after the next step, shape (p,), or None at the end of the run.
        memory: what the rule carries into the step.
        asked: at how many points the rule takes the gradient; `point` is the last of them.
    """

    run: Trajectory
    epoch: int
    names: tuple[str, ...]
    positions: tuple[int, ...]
    inputs: FloatArray
    predictions: FloatArray
    targets: FloatArray
    before: FloatArray
    velocity: FloatArray
    point: FloatArray
    sums: FloatArray
    total_weight: float
    gradient: FloatArray
    after: FloatArray
    following: FloatArray | None
    memory: Any = field(default=None, repr=False)
    asked: int = 1

    def _told(self) -> Iterator[str]:
        yield f" of epoch {self.epoch:,}: the step from epoch {self.epoch - 1:,}; print() shows its arithmetic"
        yield f"before:   {by_name(self.names, self.before)}"
        yield f"gradient: {by_name(self.names, self.gradient)}"
        yield f"after:    {by_name(self.names, self.after)}"

    @property
    def residuals(self) -> FloatArray:
        """prediction - target of the rows shown, shape (m,)."""
        return self.predictions - self.targets

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        rows = [
            {"row": row, "inputs": u.tolist(), "prediction": float(p), "target": float(t), "residual": float(p - t)}
            for row, u, p, t in zip(self.positions, self.inputs, self.predictions, self.targets, strict=True)
        ]
        following = [None] * len(self.names) if self.following is None else self.following.tolist()
        columns = (self.before, self.velocity, self.sums, self.gradient, self.after)
        parameters = {
            name: dict(
                zip(
                    ("before", "velocity", "sum_of_residual_times_input", "gradient", "after"),
                    map(float, values),
                    strict=True,
                )
            )
            | {"next": following[j]}
            for j, (name, *values) in enumerate(zip(self.names, *columns, strict=True))
        }
        return {
            "epoch": self.epoch,
            "rule": rules.as_json(self.run.rule),
            "objective": self.run.objective,
            "coordinates": self.run.coordinates.name,
            "gradient_scale": GRADIENT_SCALE[self.run.objective],
            "total_weight": self.total_weight,
            "l2": self.run.l2,
            "rows": rows,
            "parameters": parameters,
        }

    def __str__(self) -> str:
        return "\n".join((*self._head(), *self._rows(), *self._gradient(), *self._update()))

    def _head(self) -> list[str]:
        rule: Any = self.run.rule
        numbers = "".join(
            f", {words} {form(getattr(rule, name))}"
            for name, words, form in (("learning_rate", "learning rate", number), ("momentum", "momentum", momentum))
            if hasattr(rule, name)
        )
        kind = self.run.coordinates.name
        return [
            f"Epoch {self.epoch}: the step from epoch {self.epoch - 1} to epoch {self.epoch}",
            f"rule {rule.name}{numbers}, objective {self.run.objective}, {kind} inputs"
            + (f", l1 {number(self.run.l1)}" if self.run.l1 else "")
            + (
                ""
                if kind == "raw"
                else ": u = (x − mean) / standard deviation"
                if kind == "standardized"
                else ": u = x − mean"
            ),
            "",
            "1. Parameters before the step",
            *(f"   {name} = {value:.10g}" for name, value in zip(self.names, self.before, strict=True)),
            "",
        ]

    def _rows(self) -> list[str]:
        names = self.names[1:] if self.run.coordinates.fit_intercept else self.names
        terms = " + ".join(
            (["intercept"] if self.run.coordinates.fit_intercept else []) + [f"{name}·u" for name in names[:2]]
        )
        lines = [f"2. Predictions of {len(self.positions)} rows: {terms}{' + …' if len(names) > 2 else ''}"]
        lines.append(
            "   "
            + "".join(
                text.rjust(16)
                for text in ("row", *(name[:14] for name in names[:3]), "prediction", "target", "residual")
            )
        )
        for row, u, p, t in zip(self.positions, self.inputs, self.predictions, self.targets, strict=True):
            lines.append("   " + str(row).rjust(16) + "".join(f"{v:16.8g}" for v in (*u[:3], p, t, p - t)))
        return [*lines, ""]

    def _gradient(self) -> list[str]:
        scale, total = GRADIENT_SCALE[self.run.objective], self.total_weight
        ahead = (
            "" if np.array_equal(self.point, self.before) else ", at the point ahead: parameter + momentum · velocity"
        )
        if ahead and not hasattr(self.run.rule, "momentum"):
            ahead = ", at another point than the parameters before the step"
        if self.asked > 1:
            ahead = f", at the last of the {self.asked} points where the rule takes it"
        lines = [f"3. Gradient over all rows: {number(scale)}/{number(total)} · Σ residual · input{ahead}"]
        for j, name in enumerate(self.names):
            fit = f"{number(scale)}/{number(total)} · {self.sums[j]:.10g}"
            penalty = f" + {number(self.run.l2)} · {self.point[j]:.10g}" if self.run.l2 and name != "intercept" else ""
            lines.append(f"   {name}: {fit}{penalty} = {self.gradient[j]:.10g}")
        return [*lines, ""]

    def _update(self) -> list[str]:
        rule: Any = self.run.rule
        lines = [f"4. Update: {formula_of(rule)}"]
        for j, name in enumerate(self.names):
            first, *more = self._arithmetic(j)
            lines.append(f"   {name}: {first}")
            lines += [f"   {' ' * len(name)}  {line}" for line in more]
        if self.following is not None:
            lines += [
                "",
                f"Next, epoch {self.epoch + 1}: "
                + ", ".join(f"{n} = {v:.10g}" for n, v in zip(self.names, self.following, strict=True)),
            ]
        if self.epoch > 1:
            lines.append(
                f"Before, epoch {self.epoch - 2}: "
                + ", ".join(
                    f"{n} = {b - v:.10g}" for n, b, v in zip(self.names, self.before, self.velocity, strict=True)
                )
            )
        return lines

    def _arithmetic(self, j: int) -> tuple[str, ...]:
        """The update of one parameter in numbers, by the rule's own words where it has some for its step."""
        rule: Any = self.run.rule
        numbers = [float(part[j]) for part in (self.before, self.velocity, self.gradient, self.after)]
        if belongs_to(rule, "arithmetic", "step"):
            lines: tuple[str, ...] = rule.arithmetic(*numbers, self.memory)
            return lines
        before, _, gradient, after = numbers
        return (
            f"gradient {gradient:.10g}, step {after - before:.10g}",
            f"{before:.10g} + {after - before:.10g} = {after:.10g}",
        )


@numeric
def explain(
    data: object,
    y: object = None,
    *,
    epoch: int,
    rows: int = 5,
    target: str | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    **settings: Any,
) -> Explanation:
    """Return the arithmetic of one step of a run: predictions, residuals, gradient, update.

    Args:
        data: inputs X (n, d) with y; a data frame, a file or SELECT … with target; or a source.
        y: targets, shape (n,).
        epoch: k of the step from epoch k - 1 to k, at least 1.
        rows: how many of the first rows to show.
        target: name of the target column of a file.
        features: names of the inputs.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        settings: rule, learning_rate, momentum, l2, objective, standardize, fit_intercept, start, as for `descend`.

    Raises:
        UsageError: a setting is outside its range, or the run ends before that epoch.
        DataError: the data cannot be used.

    Example:
        >>> x = np.array([[1.0], [2.0], [3.0]])
        >>> e = explain(x, [2.5, 3.0, 3.5], epoch=1, learning_rate=0.1)
        >>> e.residuals, e.gradient.round(4), e.after.round(4)
        (array([-2.5, -3. , -3.5]), array([-3.    , -6.3333]), array([0.3   , 0.6333]))
    """
    wanted, shown_rows = as_int(epoch), as_int(rows)
    if wanted is None or wanted < 1:
        raise UsageError(Option("epoch") + f" must be a whole number, 1 or larger; got {shown(epoch)}.")
    if shown_rows is None or shown_rows < 1:
        raise UsageError(Option("rows") + f" must be a whole number, 1 or larger; got {shown(rows)}.")
    source = open_data(data, y, target=target, features=features, weight=weight, missing=missing)
    if isinstance(source, Triangle):
        raise UsageError("a Triangle has no rows to show; give the table itself.")
    first = next(iter(source.batches()), None)
    if first is None:
        raise DataError("0 samples: no row is left to show. Give a table with at least one whole row.")
    triangle = read(source, sample_rows=0).triangle
    if len(triangle.targets) != 1:
        raise UsageError(f"explain takes one target; got {len(triangle.targets)}.")
    run = descend(triangle, epochs=wanted + 1, **settings)
    if run.epochs < wanted:
        raise UsageError(f"the run leaves float64 after epoch {run.epochs:,}; explain an earlier one.")
    return _explanation(run, triangle, first.take(slice(0, shown_rows)), wanted)


def _explanation(run: Trajectory, triangle: Triangle, shown: Batch, epoch: int) -> Explanation:
    step = _step(run, epoch)
    gradient = run.problem.quadratic.gradient(step.point[:, None])[:, 0]
    penalty = run.l2 * step.point
    if run.coordinates.fit_intercept:
        penalty[0] = 0.0
    sums = (gradient - penalty) * triangle.total_weight / GRADIENT_SCALE[run.objective]
    inputs = (shown.X - run.coordinates.shift) / run.coordinates.scale
    columns = np.column_stack([np.ones(len(inputs)), inputs]) if run.coordinates.fit_intercept else inputs
    before = step.thetas[epoch - 1]
    return Explanation(
        run,
        epoch,
        run.coordinates.parameter_names(run.features),
        tuple(range(len(inputs))),
        inputs,
        columns @ before,
        shown.y[:, 0],
        before,
        before - step.thetas[epoch - 2] if epoch > 1 else np.zeros_like(before),
        step.point,
        sums,
        triangle.total_weight,
        gradient,
        step.thetas[epoch],
        step.thetas.get(epoch + 1),
        step.memory,
        step.asked,
    )


@dataclass(frozen=True, eq=False)
class _Step:
    """One step: parameters (p,) by epoch around it, the last point where the gradient was taken, how many, and the memory."""

    thetas: dict[int, FloatArray]
    point: FloatArray
    asked: int
    memory: Any


def _step(run: Trajectory, epoch: int) -> _Step:
    """Take one step of a run again, from what the rule remembers then: known beforehand, or found by walking there."""
    rule: Any = run.rule
    wanted = [k for k in (epoch - 2, epoch - 1, epoch, epoch + 1) if 0 <= k <= run.epochs]
    if run.engine == "modes" and belongs_to(rule, "memory_after", "step"):
        thetas = run.iterates.parameters(np.array(wanted, dtype=np.int64))
        before = thetas[wanted.index(epoch - 1)]
        change = before - thetas[0] if epoch > 1 else np.zeros_like(before)
        notes = _Noted(rule, 1)
        memory = rule.memory_after(change, epoch - 1)
        notes.step(Slope(run.problem.quadratic), before, memory)
    else:
        notes = _Noted(rule, epoch)
        start = run.iterates.parameters(np.array([0]))[0]
        path = loop.run(run.problem.quadratic, notes, start, wanted[-1], record=Record(epochs=tuple(wanted)))
        thetas = path.parameters(np.array(wanted))
    point = notes.points[-1][:, 0] if notes.points else thetas[wanted.index(epoch - 1)][:, 0]
    return _Step(dict(zip(wanted, thetas[:, :, 0], strict=True)), point, max(1, len(notes.points)), notes.memory)


class _Noted:
    """A rule that notes of one of its steps what it remembers before it and where it takes the gradient."""

    name: ClassVar[str] = "noted"

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule, self.left, self.memory = rule, number, None
        self.points: list[FloatArray] = []

    def init(self, theta: FloatArray) -> Any:
        return self.rule.init(theta)

    def step(self, gradient: Gradient, theta: FloatArray, memory: Any) -> tuple[FloatArray, Any]:
        self.left -= 1
        if self.left:
            return self.rule.step(gradient, theta, memory)
        self.memory = memory
        return self.rule.step(_NotedGradient(gradient, self.points), theta, memory)


@dataclass(frozen=True)
class _NotedGradient:
    """A gradient that notes where it is taken."""

    gradient: Gradient
    points: list[FloatArray]

    def __call__(self, point: FloatArray) -> FloatArray:
        self.points.append(point)
        return self.gradient(point)

    def value(self, point: FloatArray) -> FloatArray:
        return self.gradient.value(point)

    def curvature(self, point: FloatArray, direction: FloatArray) -> FloatArray:
        return self.gradient.curvature(point, direction)
