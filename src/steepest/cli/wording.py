"""Wording: messages in the words of the command line, whose options are called --missing and not missing."""

import csv
import io
import shlex

from steepest.errors import Option, Wording

RENAMED = {"fit_intercept": "intercept", "checkpoint": "resume"}
"""Options of the command that are called otherwise in Python."""
FLAGS = frozenset(("resume",))
"""Options of the command that take no value, while those of Python do."""


class CommandWording(Wording):
    """How the command line names options.

    Example:
        >>> from steepest.errors import DataError
        >>> from steepest.support.remedies import leave_out
        >>> COMMAND.message(DataError("column 'k' is DATE, not a number.", leave_out("my k")))
        "column 'k' is DATE, not a number. Leave the column out (--exclude 'my k')."
    """

    def option(self, option: Option) -> str:
        """Return an option as it is typed."""
        name = RENAMED.get(option.name, option.name)
        flag = f"--{'no-' if option.value is False else ''}{name.replace('_', '-')}"
        bare = name in FLAGS or option.value is ... or option.value is None or isinstance(option.value, bool)
        return flag if bare else f"{flag} {_typed(option.value)}"


COMMAND = CommandWording()


def _typed(value: object) -> str:
    """A value as one word of a shell's command; names are separated by commas."""
    if isinstance(value, (list, tuple)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        value = line.getvalue()
    text = str(value)
    return shlex.quote(text) if text.isprintable() else f"${text!r}"
