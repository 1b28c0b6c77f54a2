"""Sparse models on the command line: the options of the l1 penalty, and the rule that goes with it."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from steepest.descent.sparse import elastic_net, sparse_rule
from steepest.objectives.loss_choice import LOSSES
from steepest.objectives.sparse_loss import check_sparse as check_loss


def sparse_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the l1 penalty."""
    for option in reversed(
        (
            click.option(
                "--l1",
                type=float,
                default=0.0,
                show_default=True,
                help="Lasso penalty, which sets weights to 0, in the inputs as they are descended in; never on the intercept. Its rules are fista "
                "(the default then) and ista.",
            ),
            click.option(
                "--l1-ratio",
                type=float,
                default=None,
                metavar="SHARE",
                help="With --l1: its share of an elastic net, between 0 and 1; the rest is a ridge penalty. Default: 1, or what --l2 says.",
            ),
        )
    ):
        command = option(command)
    return command


def check_sparse(options: dict[str, Any]) -> None:
    """Look at the penalties before any work, and name the rule where nobody did.

    Raises:
        UsageError: they are out of their range or do not go together, or the rule or the loss knows no l1.
    """
    elastic_net(options["l1"], options["l2"], options["l1_ratio"])
    if not options["l1"]:
        return
    if options["loss"] in LOSSES:
        check_loss(LOSSES[options["loss"]](), "run with l1")
    named = click.get_current_context().get_parameter_source("rule") is ParameterSource.COMMANDLINE
    sparse_rule(options["rule"] if named else None, options["l1"], options["batch_size"])
    if not named:
        options["rule"] = sparse_rule(None, options["l1"], options["batch_size"])
