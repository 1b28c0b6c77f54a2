"""The loss on the command line: its options, its choice where nobody named one, and what only squared loss has."""

from collections.abc import Callable
from typing import Any

import click
import numpy as np

from steepest.cli.text import shorten
from steepest.data.sample import Sample
from steepest.data.sources import FullSource
from steepest.data.sources.labels import loss_of_labels
from steepest.errors import UsageError
from steepest.objectives.loss_choice import LOSSES, LossChoice, check_offset
from steepest.summaries.triangle import Triangle

NUMBERS = {"delta": "huber", "tau": "quantile"}
"""The losses that have a number, and its option."""
SQUARES_ONLY = {
    "refine": "--refine looks again for digits of the least-squares answer",
    "patience": "--patience looks at squared errors of held-out rows",
}
SKEWED = 0.4  # skewness of a column of counts, at least
FEWEST = 5  # different counts


def loss_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the loss and its number."""
    for option in reversed(
        (
            click.option(
                "--loss",
                type=click.Choice(["squared", *LOSSES]),
                default=None,
                help="What a row costs; default: squared, logistic for a target of two texts or yes and no, multinomial for more texts.",
            ),
            click.option(
                "--delta",
                type=float,
                default=None,
                help="With --loss huber: the residual, in units of the target, beyond which it counts linearly; default: 1.345.",
            ),
            click.option(
                "--tau",
                type=float,
                default=None,
                help="With --loss quantile: which one, between 0 and 1; default: 0.5.",
            ),
            click.option(
                "--exposure",
                default=None,
                metavar="NAME",
                help="With --loss poisson: a column above 0, how much time or area a row's count is of; no input.",
            ),
            click.option(
                "--offset",
                default=None,
                metavar="NAME",
                help="A column that is added to each row's margin as it is, as the log of an exposure is; no input.",
            ),
        )
    ):
        command = option(command)
    return command


def squared_only(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--loss` to a command that knows squared loss only, so that it says so."""

    def refuse(context: click.Context, param: click.Parameter, value: str | None) -> None:
        if value not in (None, "squared"):
            raise UsageError(f"{what} squared loss only; got --loss {value}. For other losses see steepest fit.")

    names = click.Choice(["squared", *LOSSES])
    return click.option("--loss", type=names, default=None, expose_value=False, callback=refuse, hidden=True)


def asked_loss(options: dict[str, Any]) -> str:
    """Return the loss that DATA is to be opened for: the one that was named, or "auto".

    Raises:
        UsageError: a number of another loss is given.
    """
    name: str | None = options["loss"]
    for number, of in NUMBERS.items():
        if options[number] is not None and name != of:
            raise UsageError(f"--{number} belongs to --loss {of}.", f"give --loss {of}", "leave it out")
    if name is None:
        return "squared" if options["log_target"] else "auto"
    return name


def chosen_loss(opened: FullSource | Triangle, options: dict[str, Any]) -> tuple[LossChoice, str | None]:
    """Return the loss to descend on, and why where nobody named it.

    Args:
        opened: DATA; its coding knows the labels of the target.
        options: of `fit`.

    Raises:
        UsageError: the loss does not go with another option, or needs rows that are gone.
    """
    name, reason = options["loss"], None
    if name is None:
        classes = opened.coding.classes if opened.coding is not None and not isinstance(opened, Triangle) else ()
        name = loss_of_labels(opened.targets, classes)
        if classes:
            reason = _reason(classes)
    if name == "squared":
        check_offset(opened, name)
        return "squared", None
    _refuse(name, opened, options)
    check_offset(opened, name)
    numbers = {key: options[key] for key, of in NUMBERS.items() if of == name and options[key] is not None}
    return LOSSES[name](**numbers), reason


def path_loss(opened: FullSource | Triangle, options: dict[str, Any]) -> tuple[LossChoice, str | None]:
    """Return the loss that a path is followed on, and why where nobody named it.

    Raises:
        UsageError: the loss needs rows that are gone.
    """
    classes = opened.coding.classes if opened.coding is not None else ()
    name, reason = options["loss"], None
    if name is None:
        name = loss_of_labels(opened.targets, classes)
        reason = _reason(classes) if classes else None
    if name == "squared":
        return "squared", None
    if isinstance(opened, Triangle):
        raise UsageError(f"a triangle has no rows, which a {name} loss needs.", "give the table itself")
    return LOSSES[name](), reason


def _reason(classes: tuple[str, ...]) -> str:
    """Why labels are fitted as classes, and what else may be done with them."""
    other = " (--loss squared takes them for 0 and 1)" if _yes_no(classes) else ""
    return f"the target holds {len(classes):,} labels{other}"


def _yes_no(classes: tuple[str, ...]) -> bool:
    words = {label.casefold() for label in classes}
    return words in ({"no", "yes"}, {"false", "true"}, {"f", "t"}, {"n", "y"})


def _refuse(name: str, opened: FullSource | Triangle, options: dict[str, Any]) -> None:
    """Raise UsageError where an option is made for squared loss alone."""
    own = "leave it out", *(() if options["loss"] else ("take squared loss (--loss squared)",))
    for key, what in SQUARES_ONLY.items():
        if options[key]:
            raise UsageError(f"{what}; this run is on {name} loss.", *own)
    if options["engine"] == "modes":
        raise UsageError(f"--engine modes is made for squared loss; runs on {name} loss go step by step.", *own)
    if options["objective"] != "half_mse":
        raise UsageError(f"--objective is the scale of squared loss; a {name} loss is the mean over the rows.", *own)
    if isinstance(opened, Triangle):
        raise UsageError(f"a triangle has no rows, which a {name} loss needs.", "give the table itself")


def loss_advice(sample: Sample, target: str, options: dict[str, Any]) -> str | None:
    """Return what to say of a target of 0 and 1, or one that looks like counts, where nobody named a loss; None of any other.

    Counts are whole numbers from 0 or 1 up, many of them small and a few large: years, codes and scores are not so.
    """
    if options["loss"] is not None or options["log_target"] or not len(sample.y):
        return None
    y = sample.y[:, 0]
    if set(np.unique(y)) == {0.0, 1.0}:
        return f"{shorten(target)} is 0 or 1: --loss logistic is made for two classes"
    if not (y == np.round(y)).all() or not 0 <= y.min() <= 1 or len(np.unique(y)) < FEWEST:
        return None
    away = y - y.mean()
    if float((away**3).mean()) <= SKEWED * float((away**2).mean()) ** 1.5:
        return None
    return f"{shorten(target)} looks like counts, whole numbers from {y.min():g} to {y.max():g}: --loss poisson is made for them"
