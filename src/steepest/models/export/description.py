"""Description: the lines in which every export says what it predicts, how the model was made, and its verdict."""

from typing import Any

from steepest.data.coding import Coding
from steepest.models.model import Model
from steepest.models.schema import units_of_model
from steepest.models.sparse_model import selection_words
from steepest.support.version import __version__
from steepest.support.words import printable

KINDS = {
    "logistic": "a linear model of the log-odds, 1/(1 + exp(-margin)) is the probability of the second class",
    "multinomial": "a linear model of a margin for each class, exp(margin) is proportional to its probability",
    "poisson": "a linear model of the logarithm of the expected count, exp(margin)",
}
MOST_NAMES = 20
LONGEST = 300  # characters of one thing that a file says


def description(model: Model, coding: Coding) -> list[str]:
    """Return one printable line a thing that is known of the model; nothing in them is believed, only shown.

    Args:
        model: whose `training` says how it was made, where it does.
        coding: of its raw columns.
    """
    training = model.training
    scale = model.target_scale
    kind = KINDS.get(model.loss, "a linear model")
    if scale is not None:
        kind = f"a linear model of its natural logarithm, {scale.sentence(model.targets)}"
    target = listed((model.column,) if model.names_classes else model.targets)
    if model.names_classes:
        kind += f"; the classes are {listed(model.labels)}"
    lines = [f"Predicts {target} from {listed(coding.names)}: {brief(kind)}."]
    if model.offset is not None:
        lines.append(f"{brief(model.offset)}.")
    if coding.percent:
        lines.append(f"Percents are fractions, 0.05 for 5%: {listed(coding.percent)}.")
    made = [f"{what} {brief(training[what])}" for what in ("objective", "l2", "epochs") if what in training]
    rule = training.get("rule")
    if isinstance(rule, dict):
        made.insert(1, "rule " + ", ".join(f"{brief(k)} {brief(v)}" for k, v in rule.items()).removeprefix("name "))
    if made:
        made.append(f"by steepest {brief(training.get('steepest', 'unknown'))}")
        lines.append(f"Fitted by gradient descent: {'; '.join(made)}.")
    if (selection := selection_words(training)) is not None:
        lines.append(
            f"Chosen on a path of sparse models: {brief(selection)}; by steepest {brief(training.get('steepest', 'unknown'))}."
        )
    if isinstance(training.get("data"), dict) and training["data"]:
        lines.append("Data: " + ", ".join(f"{brief(k)} {brief(v)}" for k, v in training["data"].items()) + ".")
    verdict = training.get("verdict")
    if isinstance(verdict, dict) and "sentence" in verdict:
        lines.append(f"Verdict: {brief(verdict['sentence'], 3 * LONGEST)}")
    units = units_of_model(scale is not None, model.loss)
    lines.append(f"Written by steepest {__version__}; weights are in {units['weights']}.")
    return lines


def listed(names: tuple[str, ...]) -> str:
    """Return names with commas, cut after MOST_NAMES."""
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(brief(name) for name in names[:MOST_NAMES]) + more


def brief(value: Any, most: int = LONGEST) -> str:
    """Return anything as one printable line of bounded length."""
    text = printable(str(value)[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"
