"""Loss choice: a loss from its name."""

from dataclasses import fields, is_dataclass
from typing import Literal

from steepest.data.offset_column import of_squares
from steepest.data.sources.labels import listed, loss_of_labels
from steepest.errors import Option, UsageError
from steepest.objectives.losses import HuberLoss, Joint, LogisticLoss, Loss, PoissonLoss
from steepest.objectives.multinomial import MultinomialLoss
from steepest.objectives.quantile import QuantileLoss
from steepest.summaries.open_data import Coded
from steepest.support.arguments import shown

LossName = Literal["logistic", "multinomial", "huber", "poisson", "quantile"]
LossChoice = Literal["squared"] | LossName | Loss
"""What `loss=` takes."""

LOSSES: dict[str, type[Loss]] = {
    kind.name: kind for kind in (LogisticLoss, MultinomialLoss, HuberLoss, PoissonLoss, QuantileLoss)
}

OF_NUMBERS = ("huber", "poisson", "quantile")
"""Losses whose target is an amount or a count, and no label."""


def check_offset(rows: Coded, loss: LossChoice) -> None:
    """Raise UsageError where rows have an offset that a loss has no use for: squares, quantiles, several classes."""
    beside = None if rows.coding is None else rows.coding.offset
    if beside is None:
        return
    if isinstance(loss, str) and loss == "squared":
        raise of_squares(beside.option)
    chosen = choose_loss(loss)
    if isinstance(chosen, QuantileLoss):
        raise UsageError(
            Option(beside.option) + " goes with counts, labels and Huber's loss; a quantile is of the target itself.",
            "subtract it from the target",
        )
    if isinstance(chosen, Joint):
        raise UsageError(
            Option(beside.option) + " is added to the margins of all classes, which changes none of them. Leave it out."
        )


def name_of(loss: object) -> str:
    """Return what a loss is called, also one that `choose_loss` would refuse.

    Example:
        >>> name_of("squared"), name_of(HuberLoss(2.0))
        ('squared', 'huber')
    """
    return loss if isinstance(loss, str) else str(getattr(loss, "name", ""))


def asked_of(loss: object) -> str:
    """Return the loss that data is to be opened for: where nobody named one "auto", which takes labels for classes."""
    return "auto" if loss is None else name_of(loss)


def settled_loss(opened: Coded, loss: LossChoice | None, *, has_rows: bool = True) -> tuple[LossChoice, str | None]:
    """Return the loss, and why where nobody named it: that of classes where the target holds labels, else squares.

    Args:
        opened: the table; its coding knows the labels of the target.
        loss: what was asked for; None: nothing.
        has_rows: whether its rows can be read, without which there is squared loss alone.

    Raises:
        UsageError: the target holds labels, and the loss is of numbers.
    """
    classes = opened.coding.classes if opened.coding is not None else ()
    if loss is None and classes and has_rows:
        chosen = loss_of_labels(opened.targets, classes)
        return choose_loss(chosen), f"{chosen}, since the target holds {len(classes):,} labels, {listed(classes)}"  # type: ignore[arg-type]
    if loss is None:
        return "squared", None
    if classes and name_of(loss) in OF_NUMBERS:
        raise UsageError(
            f"the target holds labels, {listed(classes)}, and the {name_of(loss)} loss takes numbers.",
            "take a loss of classes (" + Option("loss", loss_of_labels(opened.targets, classes)) + ")",
        )
    return loss, None


def numbers_of(loss: object) -> dict[str, float]:
    """Return a loss's own numbers by name.

    Example:
        >>> numbers_of(HuberLoss(2.0)), numbers_of(LogisticLoss())
        ({'delta': 2.0}, {})
    """
    return {field.name: float(getattr(loss, field.name)) for field in fields(loss)} if is_dataclass(loss) else {}


def choose_loss(loss: LossName | Loss) -> Loss:
    """Return a loss from its name, or itself.

    Raises:
        UsageError: no loss has this name.

    Example:
        >>> choose_loss("huber")
        HuberLoss(delta=1.345)
    """
    if isinstance(loss, str):
        if loss in LOSSES:
            return LOSSES[loss]()
        raise UsageError(Option("loss") + f' is "squared" or one of {", ".join(map(repr, LOSSES))}; got {shown(loss)}.')
    if isinstance(loss, type) or not hasattr(loss, "curvature"):
        raise UsageError(Option("loss") + f" is a name or a loss object; got {shown(loss)}.")
    return loss
