"""The command line: reads options, calls the front door, prints."""

import contextlib
import importlib
import os
import platform
import re
import signal
import sys
import threading
import traceback
import warnings
from typing import Any

import click

from steepest.cli import streams
from steepest.errors import SteepestError, without_secrets
from steepest.support.version import __version__

COMMANDS = {
    "demo": ("steepest.cli.demo", "The tutorial's run: its figures, its plots, and what it does not tell."),
    "fit": ("steepest.cli.fit", "Fit a linear model to a table by gradient descent."),
    "diagnose": ("steepest.cli.diagnose", "Before any run: limits, best rates, epochs needed, slow directions."),
    "summarize": ("steepest.cli.summarize", "Reduce a table to a triangle file in one pass; resumable."),
    "merge": ("steepest.cli.merge", "Add triangle files of the same columns."),
    "sweep": ("steepest.cli.sweep", "Judge learning rates, epochs and penalties on held-out rows, from one pass."),
    "path": (
        "steepest.cli.path",
        "The lasso or elastic net of every penalty, exactly, and the one to choose, from one pass.",
    ),
    "compare": (
        "steepest.cli.compare",
        "Runs side by side: settings, verdicts, errors, and their curves in one picture.",
    ),
    "predict": ("steepest.cli.predict", "A run's model applied to a table: its rows with predictions beside them."),
    "explain": ("steepest.cli.explain", "The arithmetic of one step, in numbers to check by hand."),
    "report": ("steepest.cli.report", "A run as one interactive page, for the browser, without a network."),
    "lab": ("steepest.cli.lab", "The page in the browser, live, with tables and points of your own."),
    "export": ("steepest.cli.export", "A fitted model as Python, SQL, an Excel formula or ONNX."),
}
"""Each command's module, imported when the command is run, and its line in the help."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run: `--help` and `--version` need none of them."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[name][0]).command
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of a word that is none, say which is nearest."""
        if arguments and arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only a misspelt command needs it

            nearest = get_close_matches(arguments[0], COMMANDS, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"There are: {', '.join(COMMANDS)}."
            context.fail(f"No such command {arguments[0]!r}. {hint}")
        return super().resolve_command(context, arguments)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, asked: _print_version(context) if asked else None,
    help="Show the version, and those of what it rests on.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def group(context: click.Context, debug: bool) -> None:
    """Gradient descent for linear models that you can see, predict and trust.

    Exit status: 0 fine, 1 the cluster was lost, 2 wrong usage, 3 bad data, 4 diverged or (--epochs auto, --strict) not converged, 130 interrupted.
    """
    context.obj = {"debug": debug}


def _print_version(context: click.Context) -> None:
    """Print the version, and those of Python, of the packages that are needed and of numba, without importing any."""
    from importlib.metadata import PackageNotFoundError, requires, version  # noqa: PLC0415 - this option alone

    click.echo(f"steepest, version {__version__}")
    try:
        needed = [line for line in requires("steepest") or () if "extra ==" not in line]
        names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed]
        rest = ", ".join(f"{name} {version(name)}" for name in names)
        with contextlib.suppress(PackageNotFoundError):
            rest += f", numba {version('numba')}"
    except PackageNotFoundError:
        rest = "its packages' versions are unknown, since it was not installed"
    click.echo(f"Python {platform.python_version()}, {rest}")
    context.exit()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    streams.prepare()
    signal.signal(signal.SIGTERM, _terminated)
    arguments = sys.argv[1:] if arguments is None else arguments
    status = streams.finished(_run(arguments))
    if status == 130 and threading.active_count() > 1:
        os._exit(status)  # an interpreter that ends under a running thread may crash, or tell of leaks
    sys.exit(status)


def _run(arguments: list[str]) -> int:
    """Return the exit status of a command; every error we raise on purpose is one line on stderr."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            # overflow of a diverging run is said by its verdict, in words
            warnings.filterwarnings("ignore", category=RuntimeWarning)
            result: Any = group.main(arguments, prog_name="steepest", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        vars(error)["message"] = without_secrets(error.message)
        error.show()
        return _as_json(error.format_message(), "UsageError", error.exit_code, arguments)
    except (KeyboardInterrupt, click.Abort):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would cut off what is said, and the status
        return _told("Interrupted; nothing was written.", "Interrupted", 130, arguments)
    except SteepestError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        return _told(f"Error: {_one_line(error)}", type(error).__name__, error.exit_code, arguments)
    except MemoryError:
        words = "Error: out of memory. Use fewer columns, or a machine with more."
        return _told(words, "MemoryError", 3, arguments)
    except OSError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        return _told(f"Error: {_one_line(error)}. Nothing was written.", "OSError", 3, arguments)


def _told(sentence: str, kind: str, status: int, arguments: list[str]) -> int:
    """Print what went wrong on stderr, also as JSON on stdout where that was asked for, and return the exit status."""
    click.echo(sentence, err=True)
    return _as_json(sentence.removeprefix("Error: "), kind, status, arguments)


def _as_json(sentence: str, kind: str, status: int, arguments: list[str]) -> int:
    if "--json" in arguments:
        from steepest.cli.json_output import echo_json  # noqa: PLC0415 - errors are rare

        echo_json("error", {"kind": kind, "message": sentence, "exit_status": status})
    return status


def _one_line(message: BaseException | str) -> str:
    from steepest.cli.standard_input import named  # noqa: PLC0415 - errors are rare
    from steepest.cli.text import printable  # noqa: PLC0415
    from steepest.cli.wording import COMMAND  # noqa: PLC0415
    from steepest.data.sources.faults import MARK  # noqa: PLC0415

    lines = named(COMMAND.message(message)).split(MARK)
    return MARK.join(printable(" ".join(line.split())) for line in lines)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"Note: {_one_line(message)}", file=streams.heard("stderr"))


def _terminated(*_: object) -> None:
    """Leave by an exception, so that scratch folders are removed on the way out."""
    sys.exit(143)
