"""What a command prints with --json: one object that says by which schema it is made, also where the command fails."""

import json
from typing import Any

import click

from steepest.cli.streams import heard

VERSION = 1
"""Of all schemas: it grows when a key goes or changes its meaning, not when one is added."""


def echo_json(name: str, content: dict[str, Any]) -> None:
    """Print the one object, also where a command is told to be quiet.

    Args:
        name: of the schema, as docs/shell.md lists them.
        content: JSON types.
    """
    whole = {"schema": f"steepest-{name}/{VERSION}", **content}
    click.echo(json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False), file=heard("stdout"))
