"""Signs: percent and currency signs beside numbers in a text: which columns have them, and what number each value is."""

import re
from collections.abc import Iterable, Sequence

from steepest.data.sources.connection import quoted
from steepest.data.sources.faults import faulty
from steepest.data.sources.grouped import mark_advice
from steepest.data.sources.locate import TextOptions, literal
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import Relation
from steepest.errors import DataError, Option, Phrase
from steepest.support import remedies

CURRENCY = "[$€£¥₹₽₩₺₪₫₴₦฿₱]|USD|EUR|GBP|JPY|CHF"
"""Signs and codes of currencies, as a regular expression of Python's and of DuckDB's."""
BLANK = "[ \u00a0\u202f]"  # also the two that no line breaks at
HUNDREDTH = " || 'e-2' AS DOUBLE)"
NUMBER = "DECIMAL"  # the type that a text with signs counts as


def percents(text: TextOptions) -> str:
    """Return a regular expression for numbers with a percent sign.

    Example:
        >>> [bool(re.fullmatch(percents(TextOptions()), value)) for value in ("5%", "-0.5 %", "5", "%5", "5%%")]
        [True, True, False, False, False]
    """
    return f"[+-]?({_digits(text)}){BLANK}?%"


def currencies(text: TextOptions) -> str:
    """Return a regular expression for numbers with a currency's sign before or behind.

    Example:
        >>> german = TextOptions(thousands=".", decimal=",")
        >>> [bool(re.fullmatch(currencies(german), value)) for value in ("1.234 €", "-€5,20", "€-5", "5", "$5€")]
        [True, True, True, False, False]
    """
    digits = _digits(text)
    return f"[+-]?({CURRENCY}){BLANK}?({digits})|({CURRENCY}){BLANK}?[+-]({digits})|[+-]?({digits}){BLANK}?({CURRENCY})"


def _digits(text: TextOptions) -> str:
    """Digits, in groups of three where there is something between them, with or without decimals."""
    grouped = rf"[0-9]{{1,3}}({re.escape(text.thousands)}[0-9]{{3}})+|" if text.thousands else ""
    return rf"({grouped}[0-9]+)([{text.decimal}][0-9]+)?|[{text.decimal}][0-9]+"


def signed_columns(
    relation: Relation, names: Iterable[str], text: TextOptions, faults: dict[str, DataError]
) -> dict[str, str]:
    """Return SQL for the numbers of each column of texts that are all numbers with signs which are to be read.

    Args:
        relation: the table.
        names: of its columns of texts.
        text: with the signs to read, and how numbers are written.
        faults: takes note of columns that have signs of two kinds, or percent signs in some rows only.
    """
    names = list(names)
    if not names or not (text.percent or text.currency):
        return {}
    selected = []
    for value in map(_trimmed, names):
        is_number, has_percent, has_sign = (
            f"regexp_full_match({value}, {literal(grammar)})"
            for grammar in (f"[+-]?({_digits(text)})", percents(text), currencies(text))
        )
        sign = f"regexp_extract({value}, {literal(CURRENCY)})"
        selected += [f"count({value})"]
        selected += [f"count(*) FILTER ({what})" for what in (is_number, has_percent, has_sign)]
        selected += [f"{least}({sign}) FILTER ({has_sign})" for least in ("min", "max")]
        selected += [f"min({value}) FILTER ({is_number})"]
    pieces = list(relation.query(", ".join(selected)))
    columns = list(zip(*pieces, strict=True))
    forms: dict[str, str] = {}
    for j, name in enumerate(names):
        total, plain, percent, currency = (sum(counts) for counts in columns[7 * j : 7 * j + 4])
        signs = sorted({sign for piece in columns[7 * j + 4 : 7 * j + 6] for sign in piece if sign})
        bare = next((value for value in columns[7 * j + 6] if value is not None), "")
        with faulty(faults, name):
            if text.percent and percent and percent + plain == total:
                if plain:
                    raise _mixed_percents(relation, name, percent, plain, bare)
                forms[name] = _number(name, text, percent=True)
            elif text.currency and currency and currency + plain == total:
                if len(signs) > 1:
                    raise _two_currencies(relation, name, signs)
                forms[name] = _number(name, text, percent=False)
    return forms


def percent_columns(forms: dict[str, str]) -> tuple[str, ...]:
    """Return the names of the columns that are read from percent signs."""
    return tuple(name for name, form in forms.items() if form.endswith(HUNDREDTH))


def refuse_plain_percents(relation: Relation, names: Iterable[str], faults: dict[str, DataError]) -> None:
    """Take note of columns of numbers that a model learned from percent signs: 5 may be 5% there, or 500%."""
    for name in names:
        text = f"CAST({quoted(name)} AS VARCHAR)"
        as_query = f", as SELECT * REPLACE ({name} || '%' AS {name}) … does" if name.isidentifier() else ""
        for (value,) in relation.query(text, f"WHERE {text} IS NOT NULL LIMIT 1"):
            with faulty(faults, name):
                raise DataError(
                    f"column {short(name)} of {relation.label} has no percent signs, and the model learned it from them, 5% as 0.05; for "
                    f"example {short(value)} may be {short(value + '%')} or not.",
                    "write the signs and read them (" + Option("percent", True) + ")" + as_query,
                )


def sign_notes(forms: dict[str, str]) -> list[str]:
    """What was done to columns with signs, a sentence each."""
    return [
        f"{name}: percent signs are read, 5% is 0.05"
        if form.endswith(HUNDREDTH)
        else f"{name}: currency signs are left out"
        for name, form in forms.items()
    ]


def advice(values: Sequence[str]) -> tuple[str, tuple[Phrase, ...]]:
    """Return what to say of texts that are like numbers, and the options with which each of them is a number.

    Example:
        >>> print(DataError("No.", *advice(["5%", "6%"])[1]))
        No. Read percent signs, 5% as 0.05 (percent=True).
        >>> print(DataError("No.", *advice(["$1,234,567", "$5"])[1]))
        No. Leave currency signs out (currency=True) and read ',' between thousands (thousands=",").
    """
    texts = [value.strip() for value in values]
    bare, sign = texts, None
    if texts and all(text.endswith("%") for text in texts):
        bare, sign = [text[:-1].rstrip() for text in texts], remedies.PERCENT
    elif any(re.search(CURRENCY, text) for text in texts):
        if len({found[0] for text in texts if (found := re.search(CURRENCY, text))}) > 1:
            return "", ()
        bare, sign = [re.sub(f"{BLANK}?({CURRENCY}){BLANK}?", "", text, count=1) for text in texts], remedies.CURRENCY
    if sign is None:
        return mark_advice(texts)
    if all(re.fullmatch(f"[+-]?({_digits(TextOptions())})", text) for text in bare):
        return "", (sign,)
    unclear, marks = mark_advice(bare)
    return unclear, tuple(sign + " and " + mark for mark in marks)


def _trimmed(name: str) -> str:
    return f"trim(CAST({quoted(name)} AS VARCHAR))"


def _number(name: str, text: TextOptions, *, percent: bool) -> str:
    """SQL for the float64 nearest to a text without its signs; of percents the hundredth is taken in the digits."""
    digits = f"ltrim(regexp_replace({_trimmed(name)}, {literal(f'{CURRENCY}|%|{BLANK}')}, '', 'g'), '+')"
    if text.thousands:
        digits = f"replace({digits}, {literal(text.thousands)}, '')"
    if text.decimal != ".":
        digits = f"replace({digits}, {literal(text.decimal)}, '.')"
    return f"CAST({digits}{HUNDREDTH if percent else ' AS DOUBLE)'}"


def _mixed_percents(relation: Relation, name: str, percent: int, plain: int, value: str) -> DataError:
    return DataError(
        f"column {short(name)} of {relation.label} has {percent:,} values with a percent sign and {plain:,} without, such as "
        f"{short(value)}, which may be {short(value + '%')} or not.",
        "write all of them with the sign, or none",
        remedies.leave_out(name),
    )


def _two_currencies(relation: Relation, name: str, signs: Sequence[str]) -> DataError:
    return DataError(
        f"column {short(name)} of {relation.label} has amounts in different currencies, {' and '.join(map(short, signs[:2]))}.",
        "convert them to one",
        remedies.leave_out(name),
    )
