"""Options that commands share, and the kinds of values they take."""

from collections.abc import Callable
from typing import Any

import click

from steepest.cli.streams import hushed
from steepest.rules.registry import meant_by, names_with
from steepest.rules.schedules import SCHEDULES
from steepest.support.files import PICTURE_FORMATS


class NumberOrAuto(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A number, or the word "auto"."""

    name = "auto|number"

    def __init__(self, kind: type[int] | type[float]) -> None:
        self.kind = kind
        self.name = "auto|integer" if kind is int else "auto|number"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return "auto", or the number."""
        if not isinstance(value, str) or value == "auto":
            return value
        try:
            return self.kind(value.replace("_", ""))
        except ValueError:
            self.fail(
                f'{value!r} is neither "auto" nor {"a whole number" if self.kind is int else "a number"}.',
                param,
                context,
            )


class RuleName(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """The name of a registered rule; of those that take an argument of this name, where one is given."""

    name = "rule"

    def __init__(self, argument: str | None = None) -> None:
        self.argument = argument

    @property
    def choice(self) -> "click.Choice[str]":
        """The names there are now."""
        return click.Choice(names_with(self.argument))

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the name, or say which there are."""
        try:
            return self.choice.convert(value, param, context)
        except click.BadParameter as error:
            raise click.BadParameter(f"{error.message}{meant_by(value)}", context, param) from None

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the names, as the help shows them."""
        return f"[{'|'.join(names_with(self.argument))}]"


def standardize_option(help: str = "Descend in inputs of mean 0 and standard deviation 1.") -> Callable[..., Any]:
    """Return the option that says whether inputs are standardized; the same default in every command."""
    return click.option("--standardize/--no-standardize", default=True, show_default=True, help=help)


def _hush(context: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        context.with_resource(hushed())


quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_hush,
    help="Print nothing but errors and warnings, and what --json asks for.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object on stdout; everything else goes to stderr."
)
plot_format_option = click.option(
    "--plot-format",
    type=click.Choice(PICTURE_FORMATS),
    default="svg",
    show_default=True,
    help="Format of the pictures in the folder.",
)

MOMENTUM = "β in [0, 1) of a rule that has one, such as heavy_ball; default: the best."


def descent_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to descend, and by which engine."""
    for option in (
        click.option(
            "--engine",
            type=click.Choice(["auto", "modes", "loop"]),
            default="auto",
            show_default=True,
            help="modes: closed form, at once. loop: step by step.",
        ),
        click.option(
            "--average",
            type=float,
            default=None,
            metavar="SHARE",
            callback=lambda context, param, share: False if share is None else share,
            help="Average the iterates, skipping this share of them at the start, such as 0 or 0.5.",
        ),
        click.option(
            "--schedule",
            type=click.Choice(list(SCHEDULES)),
            default=None,
            help="Learning rate schedule (default: constant).",
        ),
    ):
        command = option(command)
    return rule_options(command)


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how many rows make a step, and in which order they come."""
    for option in (
        click.option(
            "--order",
            type=click.Choice(["shuffled", "replacement", "fixed"]),
            default="shuffled",
            show_default=True,
            help="Row order of the mini-batches.",
        ),
        click.option(
            "--batch-size",
            type=int,
            default=None,
            help="Rows whose gradient makes a step (mini-batch descent); default: all of them.",
        ),
    ):
        command = option(command)
    return command


def rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to descend."""
    for option in reversed(
        (
            click.option(
                "--rule",
                type=RuleName(),
                default="gradient",
                show_default=True,
                help="How a step is made from the gradient.",
            ),
            click.option(
                "--learning-rate",
                "--lr",
                type=NumberOrAuto(float),
                default="auto",
                show_default=True,
                help="η, or auto: the best constant rate.",
            ),
            click.option(
                "--momentum",
                type=NumberOrAuto(float),
                default=None,
                help=MOMENTUM,
            ),
            click.option(
                "--epochs",
                type=NumberOrAuto(int),
                default="auto",
                show_default=True,
                help="Number of updates, or auto: until nothing moves any more.",
            ),
            click.option(
                "--l2",
                type=float,
                default=0.0,
                show_default=True,
                help="Ridge penalty, in the inputs as they are descended in; never on the intercept.",
            ),
            click.option(
                "--objective",
                type=click.Choice(["half_mse", "mse", "quarter_mse"]),
                default="half_mse",
                show_default=True,
                help="Σr²/(2n), twice that, or half of it (the tutorial's).",
            ),
        )
    ):
        command = option(command)
    return command


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is printed and kept."""
    for option in reversed(
        (
            click.option(
                "--log-every",
                type=click.IntRange(min=0),
                default=0,
                metavar="N",
                help="Print every N-th epoch (1 = all); default: about 20, log-spaced.",
            ),
            click.option(
                "-o",
                "--out",
                type=click.Path(),
                default=None,
                help="Folder for the run; default: a new one below runs/.",
            ),
            click.option(
                "--strict",
                is_flag=True,
                help="Exit status 4 also where the chosen number of epochs ends before the run has converged.",
            ),
            click.option("--no-out", is_flag=True, help="Write no run folder."),
            click.option("--force", is_flag=True, help="Replace the folder given with --out."),
            click.option("--keep-diverged", is_flag=True, help="Write the run folder even when the run diverges."),
            plot_format_option,
            json_option,
            quiet_option,
        )
    ):
        command = option(command)
    return command


def objective_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the objective."""
    names = ["half_mse", "mse", "quarter_mse"]
    text = "Σr²/(2n), twice that, or half of it (the tutorial's)."
    return click.option("--objective", type=click.Choice(names), default="half_mse", show_default=True, help=text)(
        command
    )


class Numbers(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """Numbers separated by commas, or FROM:TO:COUNT for a log-spaced grid."""

    name = "a,b,…|from:to:count"

    def __init__(self, kind: type[int] | type[float]) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return a tuple of numbers."""
        if not isinstance(value, str):
            return value
        try:
            if ":" in value:
                low, high, count = value.split(":")
                return self._grid(float(low), float(high), int(count))
            return tuple(self.kind(part.replace("_", "")) for part in value.split(","))
        except ValueError:
            what = "whole numbers" if self.kind is int else "numbers"
            self.fail(
                f"{value!r} is neither a list of {what} (a,b,…) nor a log-spaced grid (FROM:TO:COUNT).", param, context
            )

    def _grid(self, low: float, high: float, count: int) -> tuple[float, ...]:
        if not 0 < low <= high or not 1 <= count <= 10_000:
            raise ValueError
        values = [low * (high / low) ** (i / max(1, count - 1)) for i in range(count)]
        return tuple(dict.fromkeys(round(v) for v in values)) if self.kind is int else tuple(values)
