"""Docstrings as Sphinx reads them: a formula becomes a literal block, and signs that Sphinx would take for markup stay signs."""

import re

SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Example):")
QUOTED = re.compile(r"(``.+?``|`[^`]+`)")


def restructured(lines: list[str]) -> list[str]:
    """Return a docstring's lines in reStructuredText.

    Args:
        lines: of the docstring, without its indentation.
    """
    written: list[str] = []
    section, in_block = "", False
    for line in lines:
        indented, empty = line.startswith("    "), not line.strip()
        if not empty and not indented:
            match = SECTION.fullmatch(line)
            section, in_block = match[1] if match else "", False
        elif indented and not in_block and _begins_block(section, line, written):
            in_block = True
            if not section:
                written += ["::", ""]
        written.append(line if in_block or SECTION.fullmatch(line) else _escaped(line))
    return written


def _begins_block(section: str, line: str, written: list[str]) -> bool:
    """Return whether an indented line begins a formula, or an example's code."""
    after_blank = not written or not written[-1].strip()
    return (section == "" and after_blank) or (section == "Example" and line.lstrip().startswith(">>>"))


def _escaped(line: str) -> str:
    """Return prose with each sign outside of quoted code that Sphinx would take for markup behind a backslash."""
    parts = QUOTED.split(line)
    return "".join(
        part if place % 2 else re.sub(r"([*|\\`]|_(?=\W|$))", r"\\\1", part) for place, part in enumerate(parts)
    )
