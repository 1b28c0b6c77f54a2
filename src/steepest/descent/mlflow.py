"""MLflow: the course of a run as metrics and parameters of a run of MLflow."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from steepest.descent.json_lines import costs
from steepest.descent.stops import Progress, checked_every
from steepest.errors import UsageError
from steepest.objectives.objective import Objective
from steepest.objectives.problem import Problem
from steepest.rules.registry import as_json
from steepest.rules.rule import Rule
from steepest.support.arrays import FloatArray

LONGEST = 500  # characters of a parameter that every version of MLflow takes
FOREIGN = re.compile(r"[^\w\-. /:]")  # characters that a name in MLflow may not have


@dataclass(frozen=True)
class MLflow:
    """Logs a run to MLflow while it goes; give it as a callback. It needs the package: `pip install 'steepest[mlflow]'`.

    Metrics are loss, rmse and gradient_norm, an epoch a step; of several targets with the target's name behind. Parameters are those of
    the rule, the loss, the penalty, the coordinates, and how many rows, features and epochs there are. They go to the run of MLflow
    that is active, or to one that begins and ends with this one. What is no finite number is left out.

    Args:
        every: log every n-th epoch, since each takes milliseconds; the last one is logged as well.

    Example:
        >>> import steepest
        >>> steepest.MLflow(every=100)
        MLflow(every=100)
    """

    every: int = 1
    name: ClassVar[str] = "mlflow"

    def __post_init__(self) -> None:
        checked_every("MLflow", self.every)

    def for_run(self, problem: Problem, rule: Rule, epochs: int) -> "MLflowOfRun":
        """Return what logs one run.

        Raises:
            UsageError: MLflow is not installed.
        """
        try:
            import mlflow  # noqa: PLC0415 - asked for
        except ImportError:
            raise UsageError("MLflow is not installed.", "install it: pip install 'steepest[mlflow]'") from None
        parameters = {
            "objective": problem.objective,
            "l2": problem.l2,
            **({"l1": problem.l1} if problem.l1 else {}),
            "coordinates": problem.coordinates.name,
            "intercept": problem.fit_intercept,
            "rows": problem.triangle.row_count,
            "features": len(problem.features),
            "epochs": epochs,
            **dict(_flat("rule", as_json(rule))),
        }
        return MLflowOfRun(mlflow, self.every, problem.targets, parameters)


@dataclass(frozen=True, eq=False)
class MLflowOfRun:
    """Logs one run, see `MLflow`."""

    module: Any
    every: int
    targets: tuple[str, ...]
    parameters: dict[str, Any]
    name: ClassVar[str] = MLflow.name

    def begin(self, objective: Objective, start: FloatArray) -> "Logging":
        """Return what is called at each epoch."""
        return Logging(self, objective)


@dataclass
class Logging:
    """Logs epochs; it remembers the run of MLflow, so that a run that goes on from a checkpoint goes on there."""

    run: MLflowOfRun
    objective: Objective
    only_watches: ClassVar[bool] = True
    _id: str | None = field(default=None, init=False)
    _before: BaseException | None = field(default=None, init=False)
    _waiting: Progress | None = field(default=None, init=False)
    _begun: bool = field(default=False, init=False)
    _is_ours: bool = field(default=False, init=False)

    @property
    def memory(self) -> str | None:
        """The run of MLflow, which begins at the latest when somebody wants to remember it."""
        self._begin()
        return self._id

    @memory.setter
    def memory(self, run_id: str | None) -> None:
        self._id = run_id

    def __call__(self, progress: Progress) -> None:
        """Log an epoch, or keep it in case that it is the last one."""
        if progress.epoch % self.run.every:
            self._waiting = progress
        else:
            self._log(progress)

    def close(self) -> None:
        """Log the last epoch, and end the run of MLflow where it is ours."""
        try:
            if self._waiting is not None:
                self._log(self._waiting)
        finally:
            if self._is_ours:
                failed = sys.exception() not in (None, self._before)
                self.run.module.end_run("FAILED" if failed else "FINISHED")

    def _log(self, progress: Progress) -> None:
        self._waiting = None
        self._begin()
        told = costs(progress, self.objective)
        metrics = {
            name: value
            for key, values in told.items()
            if key != "epoch"
            for name, value in self._named(key, values)
            if value is not None
        }
        self.run.module.log_metrics(metrics, step=progress.epoch)

    def _named(self, key: str, values: Any) -> Iterator[tuple[str, Any]]:
        if not isinstance(values, list):
            yield key, values
            return
        for target, value in zip(self.run.targets, values, strict=True):
            yield FOREIGN.sub("_", f"{key} of {target}"), value

    def _begin(self) -> None:
        if self._begun:
            return
        mlflow, self._begun, self._before = self.run.module, True, sys.exception()
        active = mlflow.active_run()
        if active is None:
            active, self._is_ours = mlflow.start_run(run_id=self._id), True
        if self._id is None:  # parameters are logged once, and never change
            mlflow.log_params({name: str(value)[:LONGEST] for name, value in self.run.parameters.items()})
        self._id = str(active.info.run_id)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A rule as JSON types, a name for each number: "rule", "rule.learning_rate", "rule.schedule", …"""
    if not isinstance(value, dict):
        yield name, value
        return
    for key, part in value.items():
        yield from _flat(name if key == "name" else f"{name}.{key}", part)
