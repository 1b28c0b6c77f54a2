"""Sweep result: the held-out errors of many settings as a value: the best, the simplest as good, the table, the run."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent.descend import descend
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.quadratic import ObjectiveName
from steepest.rules.best_rate import with_learning_rate
from steepest.rules.rule import Rule
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_int, check_kind, shown
from steepest.support.arrays import FloatArray
from steepest.support.frame import Library, frame
from steepest.support.looks import html_table, on
from steepest.support.numerics import numeric
from steepest.support.values import Value, frozen_property
from steepest.support.words import number, pluralize

BEST_ROWS = 10  # settings that a notebook shows


@dataclass(frozen=True, eq=False)
class Setting(Value):
    """One point of a sweep.

    Args:
        rule: name of the rule.
        momentum: β, or None.
        learning_rate: η.
        epochs: k.
        l2: the penalty.
        rmse: held-out √(Σ w r² / Σ w) over all folds.
        standard_error: of the folds' mean squared errors, turned into units of rmse; nan with one held-out set.
        effective_parameters: trace of the map from targets to predictions at that epoch, on all rows.
        rule_object: the rule with its numbers, where it was given as one.
    """

    rule: str
    momentum: float | None
    learning_rate: float
    epochs: int
    l2: float
    rmse: float
    standard_error: float
    effective_parameters: float
    rule_object: Rule | None = field(default=None, repr=False)

    def _told(self) -> Iterator[str]:
        momentum = "" if self.momentum is None else f", momentum {number(self.momentum)}"
        yield f": rule {self.rule}, learning rate {number(self.learning_rate)}{momentum}, {pluralize(self.epochs, 'epoch')}, l2 {number(self.l2)}"
        yield f"held-out RMSE {number(self.rmse)}, {number(self.effective_parameters)} effective parameters"

    @property
    def settings(self) -> dict[str, Any]:
        """What `descend` takes: rule, momentum, learning_rate, epochs and l2."""
        if self.rule_object is not None:
            return {"rule": self.rule_object, "epochs": self.epochs, "l2": self.l2}
        return {
            "rule": self.rule,
            "momentum": self.momentum,
            "learning_rate": self.learning_rate,
            "epochs": self.epochs,
            "l2": self.l2,
        }


@numeric
@dataclass(frozen=True, eq=False)
class Sweep(Value):
    """The result of `steepest.sweep`.

    Args:
        rules: (rule, momentum) of the first axis.
        learning_rates: of the second axis.
        epochs: of the third axis.
        l2: of the fourth axis.
        scores: held-out RMSE, shape (rules, learning_rates, epochs, l2); inf where a run left float64.
        fold_mse: mean squared error of each fold, shape (..., K).
        effective_parameters: as scores.
        folds: the fold in which each row was held out, shape (n,), -1 for none; None with a given validation set.
        stability_limits: largest stable learning rate on all rows, shape (rules, l2).
        triangle: of all rows to learn from.
        objective: its name.
        standardize: whether inputs were standardized, inside each training fold.
        fit_intercept: whether the model has a bias.
        rule_objects: of each rule the object, at any learning rate, where it was given as one.
    """

    rules: tuple[tuple[str, float | None], ...]
    learning_rates: tuple[float, ...]
    epochs: tuple[int, ...]
    l2: tuple[float, ...]
    scores: FloatArray = field(repr=False)
    fold_mse: FloatArray = field(repr=False)
    effective_parameters: FloatArray = field(repr=False)
    folds: NDArray[np.int64] | None = field(repr=False)
    stability_limits: FloatArray = field(repr=False)
    triangle: Triangle = field(repr=False)
    objective: ObjectiveName = "half_mse"
    standardize: bool = True
    fit_intercept: bool = True
    rule_objects: tuple[Rule | None, ...] = field(default=(), repr=False)

    def _told(self) -> Iterator[str]:
        how = "one held-out set" if self.fold_mse.shape[-1] < 2 else f"{self.fold_mse.shape[-1]} folds"
        yield f" of {pluralize(self.scores.size, 'setting')} by {how}: {on(self.triangle.targets, self.triangle.features)}"
        best = self.best
        yield f"best: {_in_words(best)}"
        simple = self.one_standard_error
        if simple != best:
            yield f"simplest within one standard error: {_in_words(simple)}"
        yield "sweep.run() makes the best one's run, sweep.to_frame() a data frame of all settings"

    def _repr_html_(self) -> str:
        """What a notebook shows: the best settings."""
        rows = [
            (
                setting.rule,
                "" if setting.momentum is None else number(setting.momentum),
                number(setting.learning_rate),
                f"{setting.epochs:,}",
                number(setting.l2),
                number(setting.rmse),
                number(setting.standard_error),
                number(setting.effective_parameters),
            )
            for setting in self._settings(np.argsort(self.scores, axis=None, kind="stable")[:BEST_ROWS])
        ]
        header = (
            "rule",
            "momentum",
            "learning rate",
            "epochs",
            "l2",
            "held-out RMSE",
            "standard error",
            "effective parameters",
        )
        caption, *notes = self._told()
        return html_table(f"Sweep{caption}; the best {pluralize(len(rows), 'setting')}", header, rows, notes)

    def to_frame(self, library: Library | None = None) -> Any:
        """Return every setting as a row of a data frame, the smallest held-out RMSE first.

        Its columns are rule, momentum (NaN where the rule has none), learning_rate, epochs, l2, rmse, standard_error and
        effective_parameters.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them that is installed.

        Raises:
            UsageError: the library is unknown or not installed; says what to install.

        Example:
            >>> import steepest
            >>> x = np.arange(20.0)[:, None]
            >>> swept = steepest.sweep(x, 2 * x[:, 0] + np.cos(9 * x[:, 0]), learning_rates=[0.1, 1.0], epochs=[1, 10])
            >>> swept.to_frame("polars").shape
            (4, 8)
        """
        order = np.argsort(self.scores, axis=None, kind="stable")
        i, j, k, m = np.unravel_index(order, self.scores.shape)
        momenta = np.array([math.nan if value is None else value for _, value in self.rules])
        columns = {
            "rule": tuple(self.rules[place][0] for place in i),
            "momentum": momenta[i],
            "learning_rate": np.array(self.learning_rates)[j],
            "epochs": np.array(self.epochs)[k],
            "l2": np.array(self.l2)[m],
            "rmse": self.scores.ravel()[order],
            "standard_error": self.standard_errors.ravel()[order],
            "effective_parameters": self.effective_parameters.ravel()[order],
        }
        return frame(columns, library)

    @property
    def rmse(self) -> FloatArray:
        """Held-out RMSE, an axis for each grid: (learning_rates, epochs, l2), with rules in front where there are several."""
        return self.scores[0] if len(self.rules) == 1 else self.scores

    @frozen_property
    def standard_errors(self) -> FloatArray:
        """Standard error of each RMSE, as scores: that of the folds' mean squared errors over 2·RMSE; nan with one set."""
        count = self.fold_mse.shape[-1]
        if count < 2:
            return np.full_like(self.scores, math.nan)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return np.asarray(self.fold_mse.std(axis=-1, ddof=1) / math.sqrt(count) / (2 * self.scores))

    @frozen_property
    def _stable(self) -> NDArray[np.bool_]:
        """Which settings lie below the stability limit, shape as scores; all where none does."""
        below = np.array(self.learning_rates)[None, :, None, None] < self.stability_limits[:, None, None, :]
        return np.broadcast_to(below if below.any() else True, self.scores.shape)

    @frozen_property
    def best(self) -> Setting:
        """The setting below the stability limit with the smallest held-out RMSE.

        Of equal ones that with the fewest effective parameters. A run that grows can look good after a few epochs; it is
        chosen only where every learning rate is too large.
        """
        scores = np.where(self._stable, self.scores, math.inf)
        smallest = scores == np.nanmin(scores)
        return self.setting(int(np.where(smallest, self.effective_parameters, math.inf).argmin()))

    @frozen_property
    def one_standard_error(self) -> Setting:
        """The setting with the fewest effective parameters whose RMSE is within one standard error of the best.

        Source: Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees", 1984, section 3.4.3.
        """
        best = self.best
        within = self.scores <= best.rmse + (0.0 if math.isnan(best.standard_error) else best.standard_error)
        return self.setting(int(np.where(within & self._stable, self.effective_parameters, math.inf).argmin()))

    def setting(self, index: int) -> Setting:
        """Return the setting at a flat index of `scores`.

        Raises:
            UsageError: there is none.
        """
        place = as_int(index)
        if place is None or not 0 <= place < self.scores.size:
            raise UsageError(f"index is a whole number from 0 to {self.scores.size - 1:,}; got {shown(index)}.")
        return self._settings(np.array([place]))[0]

    @property
    def table(self) -> list[Setting]:
        """Every setting, the smallest held-out RMSE first."""
        return list(self._table)

    @frozen_property
    def _table(self) -> tuple[Setting, ...]:
        return self._settings(np.argsort(self.scores, axis=None, kind="stable"))

    def _settings(self, indices: NDArray[np.int64]) -> tuple[Setting, ...]:
        """The settings at flat indices of `scores`."""
        places = [axis.tolist() for axis in np.unravel_index(indices, self.scores.shape)]
        columns = (self.scores, self.standard_errors, self.effective_parameters)
        numbers = [column.ravel()[indices].tolist() for column in columns]
        return tuple(
            Setting(
                self.rules[i][0],
                self.rules[i][1],
                self.learning_rates[j],
                self.epochs[k],
                self.l2[m],
                rmse,
                standard_error,
                effective_parameters,
                self._rule_object(i, self.learning_rates[j]),
            )
            for i, j, k, m, rmse, standard_error, effective_parameters in zip(*places, *numbers, strict=True)
        )

    def _rule_object(self, rule: int, learning_rate: float) -> Rule | None:
        given = self.rule_objects[rule] if self.rule_objects else None
        return None if given is None else with_learning_rate(given, learning_rate)

    def run(self, setting: Setting | None = None) -> Trajectory:
        """Return the run of a setting (default: the best) on all rows."""
        chosen = self.best if setting is None else check_kind("setting", setting, Setting)
        return descend(
            self.triangle,
            objective=self.objective,
            standardize=self.standardize,
            fit_intercept=self.fit_intercept,
            **chosen.settings,
        )


def _in_words(setting: Setting) -> str:
    """A setting on one line."""
    first, second = setting._told()
    return f"{first.removeprefix(': ')}; {second}"
