"""Callbacks: scikit-learn's own, from version 1.9 on: each epoch of a fit is a task that they see begin and end, and may end the fit at."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from steepest.descent.stops import Progress
from steepest.objectives.objective import Objective
from steepest.objectives.problem import Problem
from steepest.rules.rule import Rule
from steepest.support.arguments import as_int
from steepest.support.arrays import FloatArray

Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn import callback as of_sklearn
except ImportError:
    of_sklearn = None


class Silent:
    """An estimator without `set_callbacks`."""


CallbackSupport: Any = Silent if of_sklearn is None else of_sklearn.CallbackSupportMixin
"""What gives an estimator `set_callbacks`; nothing before scikit-learn 1.9."""


def with_callbacks(method: Method) -> Method:
    """Return a method of an estimator that tells its callbacks when it is over, however it ends."""
    wrapped: Method = method if of_sklearn is None else of_sklearn.with_callbacks(method)
    return wrapped


@dataclass(frozen=True, eq=False)
class FitTask:
    """What callbacks are told of a fit; None in place of one where nobody listens.

    Args:
        estimator: that is fitted.
        context: of the whole fit.
        told: X, y and metadata, as they were given.
    """

    estimator: Any
    context: Any
    told: dict[str, Any]
    name: ClassVar[str] = "callback"

    @classmethod
    def begun(cls, estimator: Any, X: object, y: object, sample_weight: object, epochs: object) -> "FitTask | None":
        """Tell the callbacks of an estimator that its fit begins, before anything can go wrong.

        Args:
            estimator: that is fitted.
            X: inputs.
            y: targets.
            sample_weight: weights, or None.
            epochs: how many there will be, where that is known.
        """
        if not hasattr(estimator, "set_callbacks"):
            return None
        context = estimator._init_callback_context(max_subtasks=as_int(epochs))
        told = {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
        context.call_on_fit_task_begin(estimator=estimator, **told)
        return cls(estimator, context, told)

    @property
    def watchers(self) -> tuple["FitTask", ...]:
        """What `descend` takes as callbacks: nothing where nobody listens, so that the closed form is taken."""
        return (self,) if getattr(self.estimator, "_skl_callbacks", None) else ()

    def ended(self) -> None:
        """Tell the callbacks that the fit is done."""
        attributes = {name: getattr(self.estimator, name) for name in ("coef_", "intercept_", "n_iter_")}
        self.context.call_on_fit_task_end(estimator=self.estimator, **self.told, reconstruction_attributes=attributes)

    def for_run(self, problem: Problem, rule: Rule, epochs: int) -> "EpochTasks":
        """Return what tells of the epochs of one run."""
        return EpochTasks(self, problem, epochs)


@dataclass(frozen=True, eq=False)
class EpochTasks:
    """Tells callbacks of each epoch of a run."""

    fit: FitTask
    problem: Problem
    epochs: int
    name: ClassVar[str] = FitTask.name

    def begin(self, objective: Objective, start: FloatArray) -> "Telling":
        """Return the check."""
        return Telling(self)


@dataclass
class Telling:
    """Ends the task of an epoch and begins the next one; a callback that answers True ends the run."""

    run: EpochTasks
    _task: Any = field(default=None, init=False)

    def __call__(self, progress: Progress) -> str | None:
        """Tell of an epoch."""
        told = self._told(progress)
        if self._task is not None:
            task, self._task = self._task, None
            if task.call_on_fit_task_end(**told):
                return f"A callback ended the run after epoch {progress.epoch:,}."
        if progress.epoch < self.run.epochs:
            self._task = self.run.fit.context.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(**told)
        return None

    def close(self) -> None:
        """End the task of an epoch that was not taken, without a model: each that begins ends."""
        if self._task is not None:
            self._task.call_on_fit_task_end(estimator=self.run.fit.estimator)

    def _told(self, progress: Progress) -> dict[str, Any]:
        def model() -> dict[str, Any]:
            problem = self.run.problem
            coef, intercept = self.run.fit.estimator._in_shape(problem, *problem.to_raw(progress.theta))
            return {"coef_": coef, "intercept_": intercept, "n_iter_": progress.epoch}

        return {"estimator": self.run.fit.estimator, **self.run.fit.told, "reconstruction_attributes": model}
