"""Target scale: how a model of a target's logarithm predicts in the target's own unit."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.sources.log_target import log_name
from steepest.errors import DataError
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names, number

LARGEST_LOG = math.log(np.finfo(np.float64).max)


@dataclass(frozen=True)
class LogScale:
    """The model's numbers are of the targets' natural logarithms; predictions are factor·exp of them.

    Args:
        smearing: Duan's factor, one a target; None where the rows were not at hand: predictions are then exp(fit), medians
            where the errors are symmetric.

    Example:
        >>> LogScale((1.5,)).own_units(np.array([[0.0], [np.log(4)]]))
        array([[1.5],
               [6. ]])
        >>> LogScale().own_units(np.array([[0.0], [800.0]]))
        Traceback (most recent call last):
            ...
        steepest.errors.DataError: the prediction of row 1 (counted from 0) is exp(800), beyond float64, whose largest is exp(709.78). ...
    """

    smearing: tuple[float, ...] | None = None

    def own_units(self, logs: FloatArray, positions: NDArray[np.uint64] | None = None) -> FloatArray:
        """Return predictions (n, t) and their limits, if any, in the targets' own units.

        The first columns, one a factor, are means; what is behind them are limits, whose share of rows exp leaves as it is.

        Args:
            logs: predictions of the logarithms, shape (n, t) or with limits behind.
            positions: of the rows, for messages.

        Raises:
            DataError: a prediction is beyond float64; says of which row.
        """
        with np.errstate(over="ignore"):
            result = np.exp(logs)
            if self.smearing is not None:
                result[:, : len(self.smearing)] *= self.smearing
        beyond = np.isinf(result)
        if beyond.any():
            row, column = np.argwhere(beyond)[0]
            place = int(row if positions is None else positions[row])
            raise DataError(
                f"the prediction of row {place:,} (counted from 0) is exp({number(float(logs[row, column]))}), beyond float64, whose "
                f"largest is exp({LARGEST_LOG:.2f}).",
                "look for a wrong value in that row",
                remedies.NO_LOG,
            )
        return np.asarray(result)

    def sentence(self, targets: tuple[str, ...]) -> str:
        """Return what the predictions are."""
        fitted = join_names([log_name(name) for name in targets])
        if self.smearing is None:
            return f"exp of the fitted {fitted}, a median rather than a mean: the model has no smearing factor"
        factors = ", ".join(number(factor) for factor in self.smearing)
        return f"exp of the fitted {fitted} times the smearing factor {factors}"

    def as_json(self) -> dict[str, Any]:
        """Return the scale as JSON types; `from_json` gives it back."""
        return {"log": True, "smearing": None if self.smearing is None else list(self.smearing)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "LogScale":
        """Read what `as_json` gave."""
        smearing = content["smearing"]
        return cls(None if smearing is None else tuple(smearing))


def problem_of_scale(content: Any, count: int) -> str:
    """Return what is wrong with the scale of so many targets in a model file, as what it must be; empty where nothing is."""
    if not isinstance(content, dict) or set(content) != {"log", "smearing"} or content["log"] is not True:
        return "target_scale holds log (true) and smearing"
    smearing = content["smearing"]
    if smearing is None:
        return ""
    sound = isinstance(smearing, list) and len(smearing) == count
    if not sound or not all(isinstance(value, float) and 0 < value < math.inf for value in smearing):
        return f"target_scale.smearing is {count} finite numbers above 0, or null"
    return ""
