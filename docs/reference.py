"""Writes the pages of all commands and of all public names from what they say of themselves: `make reference`."""

import importlib
import inspect
import re
from pathlib import Path

import click

import steepest
from steepest.cli import COMMANDS

COMMANDS_HEAD = """# Commands

Every command with its options, as `--help` lists them; this page is written by `make reference`. `steepest --version` prints the version, and
`--debug` before a command shows the traceback of an error."""

NAMES_HEAD = """# Public names

All that `steepest` has, in the order in which data go through it; this page is written by `make reference`. `help(steepest.descend)` says more:
arguments, what is returned and raised, an example. What isn't here is not public and may change."""

ROOMS = (
    "data",
    "summaries",
    "objectives",
    "rules",
    "descent",
    "analysis",
    "views",
    "models",
    "estimators",
    "tutorial",
    "errors",
)
PYTHON_HEAD = """# Python

Every public name with its arguments, what it returns and raises, and an example; [all on one page](../names.md)."""

# classes above which nothing is inherited that a reader would look for
ABOVE = "object, Exception, Warning, dict, Protocol"
TITLES = {"data": "Tables", "summaries": "Triangles", "views": "Pictures and pages"}
CONSTANTS = {"EXAMPLES": "The names of the built-in tables that `example` makes."}


def commands_page() -> str:
    """Return the page of commands as Markdown."""
    sections = [_command(name, importlib.import_module(module).command) for name, (module, _) in COMMANDS.items()]
    return "\n\n".join([COMMANDS_HEAD, *sections]) + "\n"


def _command(name: str, command: click.Command) -> str:
    """Return a command's usage, its description and a table of its options."""
    context = click.Context(command, info_name=name)
    usage = " ".join([f"steepest {name}", *command.collect_usage_pieces(context)])
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    description = inspect.cleandoc(command.help or "").replace("\b\n", "")
    rows = [f"| `{_escaped(spelling)}` | {_escaped(text)} |" for spelling, text in records]
    return "\n".join([f"## {name}", "", f"`{usage}`", "", description, "", "| option | what |", "|---|---|", *rows])


def names_page() -> str:
    """Return the page of public names as Markdown."""
    sections = [_room(room, names) for room, names in _names_by_room().items()]
    return "\n\n".join([NAMES_HEAD, *filter(None, sections)]) + "\n"


def python_pages() -> dict[str, str]:
    """Return a page for each room of public names, as Markdown for Sphinx, by file name."""
    pages = {f"{room}.md": _python_page(room, names) for room, names in _names_by_room().items() if names}
    entries = "\n".join(name.removesuffix(".md") for name in pages)
    return {"index.md": f"{PYTHON_HEAD}\n\n```{{toctree}}\n:maxdepth: 2\n\n{entries}\n```\n", **pages}


def _python_page(room: str, names: list[str]) -> str:
    """Return the page of one room: each name's signature and docstring."""
    values = {name: getattr(steepest, name) for name in names}
    # what one calls stands before what it returns
    ordered = sorted(values, key=lambda name: (inspect.isclass(values[name]), name))
    directives = [_directive(name, values[name]) for name in ordered]
    return "\n\n".join([f"# {TITLES.get(room, room.capitalize())}", "```{eval-rst}", *directives, "```"]) + "\n"


def _directive(name: str, value: object) -> str:
    """Return what tells Sphinx to write a name's reference."""
    if inspect.isclass(value):
        return f".. autoclass:: steepest.{name}\n   :members:\n   :inherited-members: {ABOVE}"
    kind = "autofunction" if inspect.isfunction(value) else "autodata"
    return f".. {kind}:: steepest.{name}"


def _names_by_room() -> dict[str, list[str]]:
    """Return the public names of each room, sorted."""
    stub = Path(steepest.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    room_of = {name: room or name for room, name in re.findall(r"^from \.(\w*)[\w.]* import (\w+)", stub, re.MULTILINE)}
    return {room: sorted(name for name in room_of if room_of[name] == room) for room in ROOMS}


def _room(room: str, names: list[str]) -> str:
    """Return a room's public names, each with the first sentence of its docstring."""
    rows = [f"| `{name}` | {_escaped(CONSTANTS.get(name) or _summary(getattr(steepest, name)))} |" for name in names]
    return "\n".join([f"## {room}", "", "| name | what |", "|---|---|", *rows]) if rows else ""


def _summary(value: object) -> str:
    """Return the first paragraph of a docstring."""
    return (inspect.getdoc(value) or "").split("\n\n")[0]


def _escaped(text: str) -> str:
    """Return text on one line that does not end a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "commands.md").write_text(commands_page(), encoding="utf-8")
    (folder / "names.md").write_text(names_page(), encoding="utf-8")
