"""Goodness of fit: how near what is predicted for a number or a count is, as a value."""

from collections.abc import Iterator
from dataclasses import dataclass

from steepest.support.looks import html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import number, pluralize, shorten


@numeric
@dataclass(frozen=True, eq=False)
class GoodnessOfFit(Value):
    """How near predictions of numbers or counts are on some rows. Made by `steepest.evaluate`.

        deviance   = 2·Σ w·ℓ / Σ w                 of squares the mean squared error
        D²         = 1 - deviance / null deviance, of squares R²

    Args:
        target: what is predicted.
        loss: whose: "squared", "poisson", "huber" and so on.
        row_count: rows with a weight above 0.
        total_weight: the sum of their weights.
        deviance: twice the mean loss.
        null_deviance: the least that one number for all rows could have; with an offset, one number added to it.
        rmse: √(Σ w·(prediction - y)² / Σ w), target units.
        mae: Σ w·|prediction - y| / Σ w, target units.
        has_offset: whether rows have an offset.

    Source: Hastie, Tibshirani, Wainwright, "Statistical Learning with Sparsity", 2015, section 3.2 (D²).
    """

    target: str
    loss: str
    row_count: int
    total_weight: float
    deviance: float
    null_deviance: float
    rmse: float
    mae: float
    has_offset: bool = False

    @property
    def mean_loss(self) -> float:
        """The mean loss, half the deviance."""
        return self.deviance / 2

    @property
    def d_squared(self) -> float | None:
        """The share of the null deviance that is explained; below 0 where one number for all were better, None where that is exact."""
        return 1 - self.deviance / self.null_deviance if self.null_deviance > 0 else None

    def _told(self) -> Iterator[str]:
        yield f" of {pluralize(self.row_count, 'row')}, {shorten(self.target, 24)}, {self.loss} loss"
        yield from self.lines()

    def lines(self) -> Iterator[str]:
        """What a terminal prints."""
        share = "" if self.d_squared is None else f", D² {number(self.d_squared)}"
        name = "mean deviance" if self.loss in ("poisson", "squared") else "twice the mean loss"
        alone = "the offset and one number for all rows" if self.has_offset else "one number for all rows"
        yield f"{name} {number(self.deviance)} ({number(self.null_deviance)} of {alone}){share}"
        yield f"RMSE {number(self.rmse)}, mean absolute error {number(self.mae)}"

    def _repr_html_(self) -> str:
        caption = f"{shorten(self.target)}: {pluralize(self.row_count, 'row')}, {self.loss} loss"
        rows = [
            ("deviance", number(self.deviance)),
            ("null deviance", number(self.null_deviance)),
            ("D²", "none" if self.d_squared is None else number(self.d_squared)),
            ("RMSE", number(self.rmse)),
            ("mean absolute error", number(self.mae)),
        ]
        return html_table(caption, ("", ""), rows)
