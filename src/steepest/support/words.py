"""Words: numbers, names and modes as a person would say them, and tables of them."""

from collections.abc import Sequence

import numpy as np

MOST_NAMES = 3


def printable(text: str) -> str:
    """Return a text from outside with control characters, terminal escapes and odd spaces made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def number(value: float, digits: int = 6) -> str:
    """Return a number with up to `digits` significant digits, thousands separated, whole where it is whole.

    Example:
        >>> number(121211.92), number(0.000132666), number(200000), number(1.0000000000000002)
        ('121,212', '0.000132666', '200,000', '1')
    """
    if not np.isfinite(value):
        return str(value)
    if value == 0 or 1e-4 <= abs(value) < 1e12:
        text = f"{value:,.{max(0, digits - 1 - int(np.floor(np.log10(abs(value)))))}f}" if value else "0"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits}g}"


def numbers(values: Sequence[float], digits: int = 6) -> list[str]:
    """Return the numbers of a column in one form: as `number`, or all with exponents where one is too large to be written out.

    Example:
        >>> numbers([2560800000000.0, 551708694541.0]), numbers([1500.0, 0.25])
        (['2.5608e+12', '5.51709e+11'], ['1,500', '0.25'])
    """
    large = any(np.isfinite(value) and abs(value) >= 1e12 for value in values)
    return [f"{value:.{digits}g}" if large else number(value, digits) for value in values]


def momentum(value: float) -> str:
    """Return a momentum so that one next to 1 is told from 1.

    Example:
        >>> momentum(0.9), momentum(0.9999992094)
        ('0.9', '1 − 7.91e-07')
    """
    return f"1 − {1 - value:.3g}" if value > 0.9999 else number(value, 4)


def percent(share: float) -> str:
    """Return a share as a percentage with two significant digits, plain down to a thousandth of a percent.

    Example:
        >>> percent(0.08301384), percent(1.0), percent(1e-9)
        ('8.3%', '100%', '1e-07%')
    """
    if not np.isfinite(share) or abs(share) >= 1e6 or (share != 0 and abs(share) < 1e-5):
        return f"{100 * share:.2g}%"
    text = f"{100 * share:.{max(0, 1 - int(np.floor(np.log10(abs(100 * share)))))}f}" if share else "0"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


NAMED_FRACTIONS = {"0.1": "a tenth", "0.01": "a hundredth", "0.001": "a thousandth"} | {
    "1e-06": "a millionth",
    "1e-09": "a billionth",
    "1e-12": "a trillionth",
}


def fraction(share: float) -> str:
    """Return a share as a part of something: by its name where it has one.

    Example:
        >>> fraction(1e-6), fraction(1e-3), fraction(1e-8)
        ('a millionth', 'a thousandth', '1e-08')
    """
    text = f"{share:g}"
    return NAMED_FRACTIONS.get(text, text)


def epochs(count: int | None) -> str:
    """Return a number of epochs in words; None is "no number of epochs".

    Example:
        >>> epochs(1), epochs(1110807), epochs(None), epochs(3 * 10**31)
        ('1 epoch', '1,110,807 epochs', 'no number of epochs', '3e+31 epochs')
    """
    if count is None:
        return "no number of epochs"
    if count == 1:
        return "1 epoch"
    return f"{count:,} epochs" if count < 10**15 else f"{count:.2g} epochs"


def pluralize(count: int, noun: str) -> str:
    """Return a number of things in words.

    Example:
        >>> pluralize(1, "feature"), pluralize(336776, "row")
        ('1 feature', '336,776 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def there_are(count: int, noun: str) -> str:
    """Return a number of things and the verb that goes with it.

    Example:
        >>> there_are(1, "value"), there_are(2, "value")
        ('1 value is', '2 values are')
    """
    return f"{pluralize(count, noun)} {'is' if count == 1 else 'are'}"


def join_names(names: Sequence[str]) -> str:
    """Return names as "a, b and c", shortened when there are many.

    Example:
        >>> join_names(["a", "b", "c"]), join_names(list("abcdefg"))
        ('a, b and c', 'a, b, c and 4 more')
    """
    names = list(names) if len(names) <= MOST_NAMES + 1 else [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def shorten(text: str, width: int = 40) -> str:
    """Return a shown name, cut to a width."""
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns: the first to the left, the rest to the right."""
    widths = [max(len(row[j]) for row in (header, *rows)) for j in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if j == 0 else cell.rjust(width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)
