"""Looks: what a result says of itself at a prompt and in a notebook: a few short lines, or a table."""

import dataclasses
import html
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.support.arguments import shown
from steepest.support.words import join_names, number, pluralize, printable, shorten

LINES, WIDTH = 10, 118  # what a repr has at most
MOST_NUMBERS = 6  # weights that a line shows
MOST_TARGETS = 3  # targets that have a line of their own
MOST_ROWS = 30  # rows that a table in a notebook shows, below that of the bias
MOST_ACROSS = 10  # and targets side by side


class Shown:
    """A base for what says in at most ten lines what a person would ask: `repr()` never raises and shows no thousand numbers.

    A class says its lines in `_told`, the first of them without its name; without one its fields are listed, arrays by
    their shape.

    Example:
        >>> @dataclasses.dataclass
        ... class Point(Shown):
        ...     name: str
        ...     at: NDArray[np.float64]
        >>> Point("a", np.zeros(3)), Point("b", np.zeros(300))
        (Point(name='a', at=[0, 0, 0]), Point(name='b', at=array of shape (300,)))
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__repr__" not in vars(cls):  # a dataclass makes none where the class has its own
            cls.__repr__ = cls.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        lines: list[str] = []
        try:
            lines.extend(self._told())
        except Exception:  # half of it is better than a traceback in place of a result
            lines.append("…")
        first, *rest = lines or [""]
        return block(type(self).__name__ + first, rest)

    def _told(self) -> Iterator[str]:
        """The lines of the repr."""
        if dataclasses.is_dataclass(self):
            fields = [field for field in dataclasses.fields(self) if field.repr]
            yield "(" + ", ".join(f"{field.name}={part(getattr(self, field.name))}" for field in fields) + ")"


def block(head: str, lines: Iterable[str] = ()) -> str:
    """Return a head and lines below it, wrapped and cut to ten lines of 118 characters.

    Example:
        >>> print(block("Run of 3 epochs", ["weights 1, 2"]))
        Run of 3 epochs
          weights 1, 2
    """
    texts = [(head, ""), *((line, "  ") for line in lines)]
    whole = [piece for text, indent in texts for piece in _wrapped(text, indent)]
    return "\n".join(whole if len(whole) <= LINES else [*whole[: LINES - 1], "  …"])


def part(value: object) -> str:
    """Return a field's value in a few words: an array by its numbers or its shape, a result by its name."""
    if isinstance(value, np.ndarray):
        is_short = value.ndim <= 1 and value.size <= MOST_NUMBERS and value.dtype.kind in "biuf"
        return f"[{numbers(value)}]" if is_short else f"array of shape {value.shape}"
    if isinstance(value, float):
        return number(value)
    plain = (
        value is None
        or isinstance(value, (bool, int, str, tuple, list, dict))
        or type(value).__repr__ is not object.__repr__
    )
    return shown(value) if plain and not isinstance(value, Shown) else type(value).__name__


def numbers(values: NDArray[np.float64] | float, most: int = MOST_NUMBERS) -> str:
    """Return numbers separated by commas, the first of many.

    Example:
        >>> numbers(np.arange(9.0)), numbers(0.25)
        ('0, 1, 2, 3, 4, 5 and 3 more', '0.25')
    """
    flat = np.ravel(values)
    more = f" and {flat.size - most:,} more" if flat.size > most else ""
    return ", ".join(number(float(value)) for value in flat[:most]) + more


def names(given: Sequence[str]) -> str:
    """Return columns' names in words, the first of many, each cut to 24 characters."""
    return join_names([shorten(name, 24) for name in given]) if given else "nothing"


def on(targets: Sequence[str], features: Sequence[str]) -> str:
    """Return what is predicted from what: "y on a, b and c"."""
    return f"{names(targets)} on {names(features)}"


def table_line(source: Any) -> str:
    """Return how many rows there are and what is predicted from what, as behind the name of a source."""
    count = source.row_count
    rows = "rows not counted yet" if count is None else pluralize(count, "row")
    return f": {rows}, {on(source.targets, source.features)}"


def by_name(features: Sequence[str], values: NDArray[np.float64]) -> str:
    """Return numbers with their names in front, the first of many.

    Example:
        >>> by_name(["a", "b"], np.array([1.0, 2.5]))
        'a 1, b 2.5'
    """
    pairs = zip(features[:MOST_NUMBERS], values, strict=False)
    text = ", ".join(f"{shorten(name, 24)} {number(float(value))}" for name, value in pairs)
    return text + (f" and {len(features) - MOST_NUMBERS:,} more" if len(features) > MOST_NUMBERS else "")


def weight_lines(
    features: Sequence[str], targets: Sequence[str], weights: NDArray[np.float64], bias: NDArray[np.float64] | float
) -> Iterator[str]:
    """Yield weights by name with the bias behind them, a line a target."""
    columns, biases = np.reshape(weights, (len(features), -1)), np.atleast_1d(bias)
    for j, target in enumerate(targets[:MOST_TARGETS]):
        whose = f" of {shorten(target, 24)}" if len(targets) > 1 else ""
        yield f"weights{whose}: {by_name(features, columns[:, j])}; bias {number(float(biases[j]))}"
    if len(targets) > MOST_TARGETS:
        yield f"… and {len(targets) - MOST_TARGETS:,} more targets"


def html_table(
    caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], notes: Iterable[str] = (), left: int = 1
) -> str:
    """Return a table for a notebook: a caption, a row of headings, 31 rows at most, and notes below it.

    Args:
        caption: above the table.
        header: a heading for each column.
        rows: texts; what comes from outside is escaped here.
        notes: sentences below the table.
        left: how many columns hold words and stand to the left; numbers stand to the right.
    """
    lines = [_row("th", header, left), *(_row("td", row, left) for row in rows[: MOST_ROWS + 1])]
    if len(rows) > MOST_ROWS + 1:
        lines.append(f'<tr><td colspan="{len(header)}">… and {len(rows) - MOST_ROWS - 1:,} more</td></tr>')
    above = f'<div style="font-weight:bold">{_text(caption)}</div>'
    below = "".join(f'<div style="max-width:50em">{_text(note)}</div>' for note in notes)
    return f"<div>{above}<table>{''.join(lines)}</table>{below}</div>"


def html_weights(
    caption: str,
    features: Sequence[str],
    targets: Sequence[str],
    weights: NDArray[np.float64],
    bias: NDArray[np.float64] | float,
    notes: Iterable[str] = (),
) -> str:
    """Return bias and weights as a table for a notebook, a column a target, ten at most."""
    values = np.vstack([np.reshape(bias, (1, -1)), np.reshape(weights, (len(features), -1))])[:, :MOST_ACROSS]
    header = ("", *(shorten(target) for target in targets[:MOST_ACROSS]))
    rows = [
        (shorten(name), *(number(float(value)) for value in row))
        for name, row in zip(("bias", *features[:MOST_ROWS]), values, strict=False)
    ]
    more = [f"{len(features) - MOST_ROWS:,} more features"] if len(features) > MOST_ROWS else []
    more += [f"{len(targets) - MOST_ACROSS:,} more targets"] if len(targets) > MOST_ACROSS else []
    return html_table(caption, header, rows, [*(f"… and {text}" for text in more), *notes])


def _row(tag: str, cells: Sequence[str], left: int) -> str:
    """A row of cells; each has its own padding, since some notebooks (marimo) give tables none."""
    sides = ("left" if j < left else "right" for j in range(len(cells)))
    inner = (
        f'<{tag} style="text-align:{side};padding:0.2em 0.6em">{_text(cell)}</{tag}>'
        for side, cell in zip(sides, cells, strict=True)
    )
    return f"<tr>{''.join(inner)}</tr>"


def _text(text: str) -> str:
    return html.escape(printable(text))


def _wrapped(text: str, indent: str) -> list[str]:
    """A line as it is where it fits, spaces and all; a longer one broken between words."""
    line = indent + printable(text)
    if len(line) <= WIDTH:
        return [line.rstrip()]
    return textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)
