"""Export to SQL: a query that adds the model's predictions to a table, in what databases have in common, and double precision."""

from collections import Counter
from collections.abc import Iterable, Sequence

from steepest.data.coding import Column
from steepest.errors import Option, UsageError
from steepest.models.export.description import description
from steepest.models.export.terms import (
    BOOLEAN,
    LARGEST_EXPONENT,
    ColumnTerms,
    ProductTerms,
    Terms,
    added,
    coding_of,
    factors_of,
    is_boolean,
    names_of,
    output_names,
    refuse_characters,
    refuse_many_classes,
    refuse_nameless,
    terms_of,
)
from steepest.models.model import Model

TABLE = "data"
LONGEST_TEXT = 1_001  # one more than a category has: what is cut off makes no other text a category
MARIADB = "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin, sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'"
NEW_LINE = "\n   "


def export(model: Model, table: str = TABLE) -> str:
    """Return a SELECT of all columns of a table and, last, the predictions: "prediction", or "prediction of TARGET".

    Of classes the last columns are their probabilities, "probability of LABEL", of two the second one's; before them come the
    margins that they are made of.

        number x     w * x                     NULL where x is NULL
        text c       CASE c WHEN … THEN w END  NULL where c is NULL or a category that the model does not know
        boolean b    CASE WHEN LOWER(b) IN ('true', 't', 'yes', 'y', '1', '1.0') THEN w …; NULL where it is none of them
        missing      CASE WHEN x IS NULL …     only where the model was fitted with missing values in that column
        exposure e   CASE WHEN e > 0 THEN LN(e) END     NULL where e is NULL or not above 0

    Args:
        model: any.
        table: its name; schema.table is two names.

    Raises:
        UsageError: two columns differ in case only, or a name holds what SQL cannot say.
        DataError: the model's parts do not fit together, or are not finite.
    """
    coding = coding_of(model)
    refuse_characters(model, "SQL", "\0")
    names_read = names_of(model)
    refuse_nameless(names_read, "SQL")
    if not table or "\0" in table or "" in table.split("."):
        raise UsageError(Option("table") + f" is a name, or schema.table; got {table!r}.")
    folded = Counter(name.casefold() for name in names_read)
    double = [name for name in names_read if folded[name.casefold()] > 1]
    if double:
        raise UsageError(
            f"the columns {' and '.join(map(repr, double[:2]))} differ in case only, which SQL does not tell apart. "
            "Rename one and fit again, or export to python."
        )
    lines = [f"-- {line}" for line in description(model, coding)]
    lines.append(f"-- MariaDB: first {MARIADB}, so that names and texts are what they are here.")
    lines.append("-- NULL where a value is missing that never was when the model was fitted, or a category is unknown.")
    factors = factors_of(model) or (None,) * len(model.targets)
    sums = [_prediction(terms, factor) for terms, factor in zip(terms_of(model), factors, strict=True)]
    source = f"FROM {'.'.join(quoted(part) for part in table.split('.'))} AS t"
    if not model.names_classes:
        named = (quoted(_name(target, model)) for target in model.targets)
        return "\n".join([*lines, *_selected(sums, named), source, ""])
    refuse_many_classes(model, "SQL")
    names = output_names(model)
    margins = [quoted(name.replace("probability", "margin", 1)) for name in names]
    inner = [*_selected(sums, margins), source]
    outer = _selected(_probabilities([f"t.{margin}" for margin in margins]), map(quoted, names))
    return "\n".join([*lines, *outer, "FROM (", *inner, ") AS t", ""])


def _selected(values: Sequence[str], names: Iterable[str]) -> list[str]:
    """All columns of t, and values under their names."""
    columns = (f"  {value} AS {name}" for value, name in zip(values, names, strict=True))
    return ["SELECT t.*,", ",\n".join(columns)]


def _probabilities(margins: Sequence[str]) -> list[str]:
    """1 / Σ_j exp(m_j - m_k) for each class; of two classes the first one's margin is 0, and the second one's is told.

    No exponent leaves float64, which PostgreSQL refuses; what is NULL or NaN stays so, although comparisons do not say it.
    """
    whole = [None, *margins] if len(margins) == 1 else list(margins)
    return [f"(1e0 + 0e0 * {own}) / ({added([_ratio(other, own) for other in whole], ' + ')})" for own in margins]


def _ratio(other: str | None, own: str) -> str:
    """exp(other - own), with an exponent that is cut."""
    if other == own:
        return "1e0"
    away = f"-{own}" if other is None else f"({other} - {own})"
    most = f"{LARGEST_EXPONENT}e0"
    return f"EXP(CASE WHEN {away} > {most} THEN {most} WHEN {away} < -{most} THEN -{most} ELSE {away} END)"


def _name(target: str, model: Model) -> str:
    return "prediction" if len(model.targets) == 1 else f"prediction of {target}"


def quoted(name: str) -> str:
    """Return a name in double quotes, with those in it doubled."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text in single quotes, with those in it doubled."""
    return "'" + text.replace("'", "''") + "'"


def number(value: float) -> str:
    """Return the shortest digits that read back to the same bits; with an exponent, since without one it is a DECIMAL."""
    digits = repr(value)
    return digits if "e" in digits else f"{digits}e0"


def _prediction(terms: Terms, factor: float | None) -> str:
    """The sum of the terms; of a logarithm exp of it, times a factor."""
    parts = [number(terms.bias)]
    for column in terms.columns:
        parts.append(_text(column) if column.levels else _number(column))
    parts += [_product(product) for product in terms.products]
    parts += [] if terms.offset is None else [_offset(terms.offset, terms.is_log)]
    total = f"({added(parts, f'{NEW_LINE}+ ')})"
    return total if factor is None else f"{number(factor)} * EXP{total}"


def _column(column: Column) -> str:
    """A column's value; with the table's alias, since SQLite takes an unknown name in quotes for a text.

    No name of a type is known to all: MariaDB casts to DOUBLE and PostgreSQL to DOUBLE PRECISION only, and VARCHAR is none
    that MySQL casts to. But adding 0e0 makes a double of any number (PostgreSQL computes with whole numbers and decimals
    exactly), and CHAR with a length is known to all.
    """
    name = f"t.{quoted(column.name)}"
    return f"({name} + 0e0)" if column.levels is None else f"CAST({name} AS CHAR({LONGEST_TEXT}))"


def _offset(column: Column, is_log: bool) -> str:
    """What is added to the margin as it is; NULL where an exposure is not above 0."""
    value = _column(column)
    return f"CASE WHEN {value} > 0e0 THEN LN({value}) END" if is_log else value


def _missing(column: Column) -> str:
    """True where a value is NULL or NaN; where a database has NaN, it equals itself, and only it and 0 their negative."""
    absent, value = f"t.{quoted(column.name)} IS NULL", _column(column)
    if column.levels is not None:
        return absent
    return f"({absent} OR ({value} = -{value} AND {value} <> 0e0))"


def _number(terms: ColumnTerms) -> str:
    value = _column(terms.column)
    powers = " + ".join(
        f"{number(weight)} * {_power(value, power)}" for power, weight in enumerate(terms.powers, start=1)
    )
    if terms.missing is None:
        return powers
    return f"CASE WHEN {_missing(terms.column)} THEN {number(terms.missing)} ELSE {powers} END"


def _power(value: str, power: int) -> str:
    return value if power == 1 else "(" + " * ".join([value] * power) + ")"


def _text(terms: ColumnTerms) -> str:
    """The weight of a column's category; without ELSE, so that what is unknown gives NULL."""
    arms = [f"WHEN {_is(terms.column, level)} THEN {number(weight)}" for level, weight in terms.levels]
    if terms.missing is not None:
        arms.insert(0, f"WHEN {_missing(terms.column)} THEN {number(terms.missing)}")
    return "CASE " + " ".join(arms) + " END"


def _is(column: Column, level: str) -> str:
    """True where a column holds a level; a boolean, where it holds any of its words, or a number 1.0 or 0.0 as text."""
    value = _column(column)
    if not is_boolean(column):
        return f"{value} = {literal(level)}"
    words = [*BOOLEAN[level], f"{BOOLEAN[level][-1]}.0"]
    return f"LOWER({value}) IN ({', '.join(map(literal, words))})"


def _product(terms: ProductTerms) -> str:
    """The weights of the products of two columns; 0 where one is missing or at its reference."""
    first, second = terms.first, terms.second
    if first.levels is None and second.levels is None:
        return f"{number(terms.weights[0][0])} * ({_present(first)} * {_present(second)})"
    if first.levels is None:
        return f"{_present(first)} * {_choice(second, [number(w) for w in terms.weights[0]])}"
    if second.levels is None:
        return f"{_present(second)} * {_choice(first, [number(row[0]) for row in terms.weights])}"
    return _choice(first, [_choice(second, [number(w) for w in row]) for row in terms.weights])


def _present(column: Column) -> str:
    """A number, 0 where it may be missing and is."""
    value = _column(column)
    return value if not column.missing else f"CASE WHEN {_missing(column)} THEN 0e0 ELSE {value} END"


def _choice(column: Column, values: Sequence[str]) -> str:
    """One of the values for each level but the reference; 0 for all else."""
    levels = (column.levels or ())[1:]
    if not levels:
        return "0e0"
    arms = [f"WHEN {_is(column, level)} THEN {value}" for level, value in zip(levels, values, strict=True)]
    return "CASE " + " ".join(arms) + " ELSE 0e0 END"
