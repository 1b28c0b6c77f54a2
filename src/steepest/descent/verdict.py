"""Verdict: what became of a run, as a value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from steepest.support.looks import Shown, html_table
from steepest.support.words import epochs, number, percent

CONVERGED = 1e-6  # share of its start error that every mode must be within
VerdictKind = Literal["converged", "unfinished", "crawls", "hovers", "oscillates", "diverges", "separable"]


@dataclass(frozen=True)
class Verdict(Shown):
    """What became of a run, decided from its modes and not from its loss, or certified by its duality gap; `str()` is the sentence.

    Args:
        kind: converged, unfinished, crawls (unfinished beyond any patience), hovers (as near to the minimum as the steps of
            a walked run let it come), oscillates (exactly at the stability limit), diverges, or separable (columns tell the classes
            apart, so that the loss has no minimum).
        sentence: one or two sentences with numbers.
        advice: what to change, and what that would give.
        remaining: largest share of its start error that any moving mode still has, max |p_k(λ_i)|; of a rule without closed
            form as measured on its path.
        epochs_needed: epochs to bring that to 1e-6 at this rate, None where no number is enough, or none is known.
        learning_rate: η of the run.
        stability_limit: the largest learning rate that does not grow; of batches the one in mean square, where it is known.
        global_limit: the largest learning rate of plain gradient descent that is safe from any start, 2/L; 0 where curvature has no
            bound.
        best_learning_rate: the best constant rate for this rule and momentum; of a rule without closed form that of plain
            gradient descent.
        epochs_at_best: epochs to 1e-6 at that rate.
        condition_number: κ of the coordinates in force.
        standardized_condition_number: κ with every feature at mean 0 and standard deviation 1.
        epochs_standardized: epochs to 1e-6 there, at the best rate there.
        gap: of a run with an l1 penalty the duality gap as a share of its loss, which is at most so far above its minimum; else None.
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
    global_limit: float = float("nan")
    best_learning_rate: float = float("nan")
    epochs_at_best: int | None = None
    condition_number: float = float("nan")
    standardized_condition_number: float = float("nan")
    epochs_standardized: int | None = None
    last_finite_epoch: int | None = None
    slowest: tuple[tuple[str, float], ...] = ()
    gap: float | None = None

    def _told(self) -> Iterator[str]:
        yield f": {self.kind}"
        yield str(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the sentence, and what is left of the slowest modes."""
        rows = [
            ("learning rate", number(self.learning_rate)),
            ("stability limit", number(self.stability_limit)),
            *self._safe_rates(),
            ("best constant learning rate", number(self.best_learning_rate)),
            ("condition number", number(self.condition_number)),
            ("epochs needed at this rate", epochs(self.epochs_needed))
            if self.gap is None
            else ("duality gap, as a share of the loss", f"{self.gap:.2g}"),
            *((f"still missing: {words}", percent(share)) for words, share in self.slowest),
        ]
        return html_table(f"Verdict: {self.kind}", ("", ""), [row for row in rows if row[1] != "nan"], [str(self)])

    def _safe_rates(self) -> list[tuple[str, str]]:
        """A row where the limit from any start is another than the one at the minimum."""
        is_known = 0 < self.global_limit < self.stability_limit
        return [("safe from any start below", number(self.global_limit))] if is_known else []

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".strip()
