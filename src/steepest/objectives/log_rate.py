"""Log rate: the bias at which a table's counts are predicted best without any input."""

import numpy as np

from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows, pieces_of


def log_rate(rows: LossOverRows | StoredLossRows) -> float:
    """Return the minimum of a Poisson loss in the bias alone; 0 where no row has a count above 0, since it then has none.

        b = log(Σ weight·y / Σ weight·e^offset)

    There the mean curvature Σ weight·e^(b + offset) / Σ weight is the mean count, as it is at the minimum over all parameters. From
    a bias of 0 the first gradient may be as many times larger as the exposure, or as counts are rare.

    Args:
        rows: counts, with their offsets if they have some.

    Example:
        >>> from steepest.objectives.losses import PoissonLoss
        >>> hours = np.array([[10.0], [20.0], [30.0]])
        >>> calls = np.array([[1.0], [0.0], [5.0]])
        >>> rows = LossOverRows(PoissonLoss(), np.ones((3, 1)), calls, None, 0.0, np.zeros(1), np.log(hours))
        >>> round(float(np.exp(log_rate(rows))), 12)                        # 6 calls in 60 hours
        0.1

    Source: McCullagh, Nelder, "Generalized Linear Models", 2nd edition, 1989, section 6.3.
    """
    # the exposure's logarithm is summed: an offset of 800 is one more than float64 holds
    counts, exposure = 0.0, -np.inf
    for part in pieces_of(rows, rows.width):
        omega = np.ones(len(part)) if part.omega is None else part.omega
        offset = np.zeros(len(part)) if part.offset is None else part.offset[:, 0]
        counts += float(omega @ part.y[:, 0])
        there = omega > 0
        exposure = float(
            np.logaddexp(exposure, np.logaddexp.reduce(offset[there] + np.log(omega[there]), initial=-np.inf))
        )
    return float(np.log(counts)) - exposure if counts > 0 else 0.0
