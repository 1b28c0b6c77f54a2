"""Loss choice: a loss from its name."""

from typing import Literal

from steepest.errors import Option, UsageError
from steepest.objectives.losses import HuberLoss, LogisticLoss, Loss, PoissonLoss
from steepest.objectives.multinomial import MultinomialLoss
from steepest.objectives.quantile import QuantileLoss
from steepest.support.arguments import shown

LossName = Literal["logistic", "multinomial", "huber", "poisson", "quantile"]
LossChoice = Literal["squared"] | LossName | Loss
"""What `loss=` takes."""

LOSSES: dict[str, type[Loss]] = {
    kind.name: kind for kind in (LogisticLoss, MultinomialLoss, HuberLoss, PoissonLoss, QuantileLoss)
}


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
