"""Best intercept: the one at which the slopes of all rows add up to nothing, with the weights left where they are."""

from dataclasses import dataclass

import numpy as np

from steepest.objectives.loss_rows import pieces_of
from steepest.objectives.losses import Loss
from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

LEFT = 1e-12  # of what all rows pull together: what is left of their slopes is rounding
MOST_LOOKS = 200  # a bisection of float64 ends before


@dataclass(frozen=True, eq=False)
class _Margins(Value):
    """The margins of all rows, a number each, with what their loss needs.

    Args:
        loss: ℓ.
        margin, y, omega: of each row, shape (n,).
    """

    loss: Loss
    margin: FloatArray
    y: FloatArray
    omega: FloatArray

    @classmethod
    def at(cls, loss: PenalizedLoss, theta: FloatArray) -> "_Margins":
        parts = list(pieces_of(loss.rows, loss.rows.width))
        margin = np.concatenate([part.margin(theta[:, None])[:, 0] for part in parts])
        omega = np.concatenate([np.ones(len(part)) if part.omega is None else part.omega for part in parts])
        return cls(loss.rows.loss, margin, np.concatenate([part.y[:, 0] for part in parts]), omega)

    def seen(self, shift: float) -> tuple[float, float]:
        """Slope and curvature of the mean loss in the intercept, where it is so much larger."""
        margin, n = self.margin + shift, len(self.margin)
        with np.errstate(over="ignore", invalid="ignore"):
            slope = float(self.omega @ self.loss.slope(margin, self.y)) / n
            return slope, float(self.omega @ self.loss.curvature(margin, self.y)) / n


def at_best_intercept(loss: PenalizedLoss, theta: FloatArray) -> FloatArray:
    """Return theta, shape (p,), with the intercept at which the loss is smallest for its weights; itself where there is none.

        Σ ω·ℓ'(b + u·w, y) = 0          Newton's method in b, kept between a slope below 0 and one above

    One pass over the rows makes their margins; the rest is about these.
    """
    if not loss.fit_intercept or not np.isfinite(theta).all():
        return theta
    rows, goal = _Margins.at(loss, theta), LEFT * float(loss.pulls[0])
    low, high, shift, stretch = -np.inf, np.inf, 0.0, 1.0
    for _ in range(MOST_LOOKS):
        slope, curvature = rows.seen(shift)
        if abs(slope) <= goal or np.isnan(slope):
            break
        low, high = (shift, high) if slope < 0 else (low, shift)
        ahead = shift - slope / curvature if 0 < curvature < np.inf else np.nan
        if not low < ahead < high or abs(ahead - shift) > stretch:
            # no bend to follow, or a bound on one side alone: look farther and farther, then halve
            ahead, stretch = shift - np.sign(slope) * stretch, 2 * stretch
            ahead = ahead if low < ahead < high else low + (high - low) / 2
        if ahead == shift:
            break
        shift = ahead
    moved = theta.copy()
    moved[0] += shift
    return moved
