"""The next step: the command that goes on from what a command has said, ready to be copied."""

import csv
import io
import shlex
from typing import Any

import click
from click.core import ParameterSource

from steepest.cli.standard_input import STANDARD_INPUT
from steepest.cli.table import KEYS
from steepest.cli.text import printable
from steepest.errors import without_secrets

REPEATED = frozenset((*KEYS, "fit_intercept", "standardize", "objective"))


def next_fit(data: str, **settings: Any) -> str:
    """Return a line with the command that fits DATA as it was read here; "" for what was piped in, which is gone.

    Args:
        data: as the user gave it.
        settings: further options of `fit`, by their Python names.
    """
    if data == STANDARD_INPUT:
        return ""
    more = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words = ["steepest", "fit", data, *_given(click.get_current_context()), *more]
    return "\nNext: " + printable(shlex.join(without_secrets(word) for word in words))


def _given(context: click.Context) -> list[str]:
    """The options of this command line that say how DATA is read and in which inputs, as `fit` takes them."""
    words: list[str] = []
    for param in context.command.params:
        name = param.name or ""
        if not isinstance(param, click.Option) or name not in REPEATED:
            continue
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += _typed(param, context.params[name])
    return words


def _typed(param: click.Option, value: Any) -> list[str]:
    """An option and its value as words of a command."""
    if isinstance(value, bool):
        return [param.opts[0] if value else param.secondary_opts[0]]
    if param.name == "interactions":
        return [word for first, second in value for word in (param.opts[0], f"{first}:{second}")]
    if isinstance(value, tuple):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        value = line.getvalue()
    return [param.opts[0], str(value)]
