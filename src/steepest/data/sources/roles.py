"""Roles: which columns are inputs, targets, weight and group, and how the inputs are coded."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from steepest.data.coding import Coding, Column
from steepest.data.sources.connection import quoted
from steepest.data.sources.dates import Dates, date_columns, is_date
from steepest.data.sources.faults import faulty, together
from steepest.data.sources.reader_errors import LONGEST_SHOWN, short
from steepest.data.sources.relations import DuckDBRelation, Relation, StreamedRelation
from steepest.data.sources.signs import advice as mark_advice
from steepest.errors import DataError, Option, Phrase, UsageError
from steepest.support import remedies
from steepest.support.words import pluralize

NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM", "FLOAT", "DOUBLE", "DECIMAL")
CATEGORIES = ("VARCHAR", "ENUM", "BOOLEAN", "UUID")
BOOLEAN = ("false", "true")
DATES = ("DATE", "TIME", "INTERVAL")
MOST_LEVELS = 1_000
LONGEST_LEVEL = 1_000  # characters: longer ones are texts, no categories
# digits with thousands separators, a currency, a percent sign, another decimal mark: a number that was written for people
LIKE_A_NUMBER = re.compile(
    r"[\s$€£¥+\-−(]*\d[\d\s.,'_]*(?:[eEdD][+\-−]?\d+)?[\s%$€£¥)]*|[+-]?(?:inf|infinity)|0x[0-9a-f]+", re.I
)

MissingPolicy = Literal["error", "drop", "indicator"]


@dataclass(frozen=True)
class Roles:
    """What each column is for.

    Args:
        features: raw input columns; None for all others.
        targets: target columns.
        exclude: columns that are no inputs.
        weight: the column of weights, or None.
        group: the column that says which rows belong together, or None.
    """

    features: tuple[str, ...] | None
    targets: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    weight: str | None = None
    group: str | None = None

    def uses(self, name: str) -> bool:
        """Whether a column has a role."""
        if name in (*self.targets, *(self.features or ()), self.weight, self.group):
            return True
        return self.features is None and name not in self.exclude

    def inputs(self, label: str, types: dict[str, str]) -> tuple[str, ...]:
        """Return the input columns after checking that every named column exists and has one role.

        Raises:
            UsageError: no target, an unknown column, a column of two roles, or no input left.
        """
        if not self.targets:
            raise UsageError(f"which column is the target? The columns are {_listed(types)}.", remedies.TARGET)
        roles = (*self.targets, *(self.features or ()), *filter(None, (self.weight, self.group)))
        for name in (*roles, *self.exclude):
            if name not in types:
                near = [other for other in types if other.casefold() == name.casefold()]
                near += difflib.get_close_matches(name[:200], [other[:200] for other in types], n=1, cutoff=0.5)
                hint = f" Did you mean {short(near[0])}?" if near else ""
                raise UsageError(f"{label} has no column {short(name)}.{hint} Its columns are {_listed(types)}.")
        double = sorted({name for name in roles if roles.count(name) > 1})
        if double:
            raise UsageError(
                f"column {short(double[0])} is named twice among target, features, weight and group. Each column has one role."
            )
        chosen = self.features or tuple(name for name in types if name not in (*roles, *self.exclude))
        chosen = tuple(name for name in chosen if name not in self.exclude)
        if not chosen:
            raise UsageError(
                f"{label} has no column left to predict {short(self.targets[0])} from. Give a table with at least one input."
            )
        return chosen


def code(
    relation: Relation,
    types: dict[str, str],
    roles: Roles,
    *,
    missing: MissingPolicy,
    degree: int,
    interactions: Sequence[tuple[str, str]],
    categorical: Sequence[str] = (),
    dates: Dates | None = None,
    faults: dict[str, DataError] | None = None,
    labels: Sequence[str] = (),
) -> Coding:
    """Return the coding of a table's inputs; text columns are read once beforehand for their values.

    Targets among `labels` are no numbers, and not looked at here.

    Raises:
        DataError: columns are of kinds that have no numbers, or have too many categories; tells all of them and the remedies.
        UsageError: the roles do not fit the columns.
    """
    inputs = roles.inputs(relation.label, types)
    faults = {} if faults is None else faults
    for name in (*roles.targets, *filter(None, (roles.weight,))):
        with faulty(faults, name):
            if name not in labels:
                refuse_target(relation, name, types[name], is_target=name in roles.targets)
    other = [name for name in categorical if name not in inputs]
    if other:
        raise UsageError(
            Option("categorical")
            + f" names {short(other[0])}, which is no input. The inputs are {_listed(dict.fromkeys(inputs, ''))}."
        )
    text = [name for name in inputs if types[name].startswith(CATEGORIES) or name in categorical]
    dated = [name for name in inputs if dates and is_date(types[name]) and name not in text]
    for name in inputs:
        if name not in dated and (name not in categorical or types[name].endswith("]")):
            with faulty(faults, name):
                refuse_kind(relation, name, types[name], categories=True)
    text = [name for name in text if name not in faults]
    texts, levels = _texts(relation, text), {}
    for name in text:
        with faulty(faults, name):
            levels[name] = _levels(relation, name, types[name], texts[name], declared=name in categorical)
    if faults:
        raise together(relation.label, faults)
    gaps = _with_missing(relation, inputs, types) if missing == "indicator" else frozenset()
    columns: list[Column] = []
    for name in inputs:
        if dates and name in dated:
            columns += date_columns(name, types[name], dates, name in gaps)
        else:
            columns.append(Column(name, levels.get(name), name in gaps))
    return Coding(tuple(columns), degree, tuple(interactions))


def is_number(kind: str) -> bool:
    """Whether DuckDB's type is one of numbers.

    Example:
        >>> is_number("DOUBLE"), is_number("UBIGINT"), is_number("DOUBLE[]"), is_number("DATE")
        (True, True, False, False)
    """
    return kind.lstrip("U").startswith(NUMERIC) and not kind.endswith("]")


def refuse_kind(
    relation: Relation,
    name: str,
    kind: str,
    *,
    categories: bool,
    needed: str = "A target or weight must be a number.",
    more: tuple[Phrase, ...] = (),
) -> None:
    """Raise DataError when a column's type has no numbers, nor (where they are allowed) categories; `needed` says why, `more` what helps."""
    if is_number(kind):
        return
    if kind.startswith(CATEGORIES) and not kind.endswith("]"):
        if categories:
            return
        if kind.startswith("BOOLEAN"):
            return
    first = _first_value(relation, name)
    if first is None:
        raise DataError(
            f"{relation.label} has no data rows, or column {short(name)} no value at all.",
            "give rows",
            remedies.leave_out(name),
        )
    out = remedies.leave_out(name)
    advice: tuple[str | Phrase, ...]
    is_time = kind.startswith((*DATES, "TIMESTAMP"))
    where = _count_and_row(relation, name) if is_time else ""
    wrong = f"column {short(name)} of {relation.label} is {kind[:LONGEST_SHOWN]}, not a number{where}; for example {short(first)}."
    if is_time:
        made = (remedies.DAYS, remedies.PARTS_OF_DATES) if categories and is_date(kind) else ()
        own = "turn dates into a number in a unit of your choice, such as days since the first row"
        advice = (*made, "count them in a unit of your choice", out) if made else (own, out)
    elif kind.startswith(CATEGORIES):
        unclear, marks = _marks_of(relation, name)
        wrong += f"{unclear} {needed}"
        advice = ("correct such values", *marks, *more, "turn the column into numbers first")
    else:
        advice = (out, "turn it into numbers first")
    raise DataError(wrong, *advice)


def _marks_of(relation: Relation, name: str) -> tuple[str, tuple[Phrase, ...]]:
    """With which marks the first texts of a column are numbers, where all of them look like some."""
    text = f"CAST({quoted(name)} AS VARCHAR)"
    values = [row[0] for row in relation.query(text, f"WHERE {text} IS NOT NULL LIMIT {2 * MOST_LEVELS}")]
    return mark_advice(values) if all(LIKE_A_NUMBER.fullmatch(value.strip()) for value in values) else ("", ())


def refuse_target(relation: Relation, name: str, kind: str, *, is_target: bool = True) -> None:
    """Raise DataError when a target or weight holds neither numbers nor, in every row, yes or no in one of its forms."""
    if kind.startswith(CATEGORIES) and not kind.startswith(("BOOLEAN", "UUID")) and not kind.endswith("]"):
        column = f"CAST({quoted(name)} AS VARCHAR)"
        # of the texts that can be cast, 0 and 1 are numbers that somebody has made texts
        said = f"count({column}), count(TRY_CAST({column} AS BOOLEAN)) - count(TRY_CAST({column} AS DOUBLE))"
        values, answers = (sum(column) for column in zip(*relation.query(said), strict=True))
        if values == answers > 0:
            return
    refuse_kind(relation, name, kind, categories=False, more=_loss_of(relation, name, kind) if is_target else ())


def _loss_of(relation: Relation, name: str, kind: str) -> tuple[Phrase, ...]:
    """The loss that a target of texts is made for, as a remedy."""
    if not kind.startswith(CATEGORIES) or kind.endswith("]"):
        return ()
    text = f"CAST({quoted(name)} AS VARCHAR)"
    found = {row[0] for row in relation.query(f"DISTINCT {text}", f"WHERE {text} IS NOT NULL LIMIT {2 * MOST_LEVELS}")}
    if not 2 <= len(found) <= MOST_LEVELS or 2 * sum(map(_looks_like_a_number, found)) >= len(found):
        return ()
    return (remedies.LOGISTIC if len(found) == 2 else remedies.MULTINOMIAL,)


def _looks_like_a_number(text: str) -> bool:
    return LIKE_A_NUMBER.fullmatch(text.strip()) is not None


def yes_or_no(name: str) -> str:
    """What is said of a target or weight of true and false.

    Example:
        >>> yes_or_no("alive")
        "column 'alive' holds true and false, taken as 1 and 0; where that is what to predict, a classifier fits better"
    """
    return f"column {short(name)} holds true and false, taken as 1 and 0; where that is what to predict, a classifier fits better"


def _texts(relation: Relation, names: Sequence[str]) -> dict[str, set[str]]:
    """All values of columns of categories, or many where there are too many; one reading where the columns come together."""
    columns = {name: f"CAST({quoted(name)} AS VARCHAR)" for name in names}
    found: dict[str, set[str]] = {name: set() for name in names}
    if isinstance(relation, StreamedRelation) and names:
        lists = (f"list(DISTINCT {text}) FILTER ({text} IS NOT NULL)" for text in columns.values())
        for row in relation.query(", ".join(lists)):
            for name, values in zip(names, row, strict=True):
                if values and len(found[name]) <= 2 * MOST_LEVELS:
                    found[name].update(values)
        return found
    for name, text in columns.items():
        rest = f"WHERE {quoted(name)} IS NOT NULL LIMIT {2 * MOST_LEVELS}"
        found[name].update(row[0] for row in relation.query(f"DISTINCT {text}", rest))
    return found


def _levels(relation: Relation, name: str, kind: str, found: set[str], *, declared: bool) -> tuple[str, ...]:
    """All values of a column of categories, sorted; `declared`: somebody has said that it is one.

    Raises:
        DataError: none, too many, or most look like numbers written for people.
    """
    levels = tuple(sorted(found))
    if kind.startswith("BOOLEAN"):
        return BOOLEAN
    if not levels:
        raise DataError(
            f"column {short(name)} of {relation.label} has no value at all, or there are no data rows.",
            remedies.leave_out(name),
        )
    numbers = [level for level in levels if LIKE_A_NUMBER.fullmatch(level.strip())]
    if 2 * len(numbers) >= len(levels) and not (declared or kind.startswith("ENUM")):
        plain = [level for level in levels if not _is_plain(level)]
        what = (
            f"but {_how_many(relation, name) or f'a value that is none is {short(plain[0])}'}"
            if plain
            else f"but is text; a value is {short(levels[0])}"
        )
        unclear, marks = mark_advice(numbers)
        raise DataError(
            f"column {short(name)} of {relation.label} looks like numbers, {what}.{unclear}",
            "correct such values",
            *marks,
            remedies.as_categories(name),
            remedies.leave_out(name),
        )
    if len(levels) > MOST_LEVELS:
        raise DataError(
            f"column {short(name)} of {relation.label} has more than {MOST_LEVELS:,} different texts, such as {short(levels[0])}: more a name than a "
            "category.",
            remedies.leave_out(name),
            "group its values",
        )
    refuse_odd_levels(levels, name, relation.label)
    return levels


def refuse_odd_levels(levels: Sequence[str], name: str, table: str) -> None:
    """Raise DataError where texts are no categories, or two of them look the same."""
    label = f"column {short(name)} of {table}"
    odd = next((level for level in levels if "\0" in level or len(level) > LONGEST_LEVEL), None)
    if odd is not None:
        what = "holds NUL bytes" if "\0" in odd else f"holds texts of more than {LONGEST_LEVEL:,} characters"
        raise DataError(
            f"{label} {what}, such as {short(odd)}: no categories.", "correct them", remedies.leave_out(name)
        )
    seen: dict[str, str] = {}
    for level in levels:
        other = seen.setdefault(level.strip(), level)
        if other != level:
            raise DataError(
                f"{label} has {short(other)} and {short(level)}, which differ in spaces only. Make them the same."
            )


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?", text.strip(), re.ASCII) is not None


def _with_missing(relation: Relation, names: Sequence[str], types: dict[str, str]) -> frozenset[str]:
    """Names of the columns in which a value is missing."""
    counts = ", ".join(f"count(*) FILTER ({absent(name, types[name])})" for name in names)
    totals = [0] * len(names)
    for row in relation.query(counts):
        totals = [total + one for total, one in zip(totals, row, strict=True)]
    return frozenset(name for name, total in zip(names, totals, strict=True) if total)


def absent(name: str, kind: str) -> str:
    """Return SQL that is true where a value is missing: NULL, or NaN."""
    column = quoted(name)
    return f"{column} IS NULL OR isnan({column})" if kind.startswith(("FLOAT", "DOUBLE")) else f"{column} IS NULL"


def _first_value(relation: Relation, name: str) -> object:
    # The first value that is no number says more than the first one. LIMIT keeps the order of rows; ORDER BY loses it in ties.
    column = quoted(name)
    text = f"CAST({column} AS VARCHAR)"
    for condition in (f"{column} IS NOT NULL AND TRY_CAST({text} AS DOUBLE) IS NULL", f"{column} IS NOT NULL"):
        for row in relation.query(text, f"WHERE {condition} LIMIT 1"):
            return row[0]
    return None


def _how_many(relation: Relation, name: str) -> str:
    """How many values of a text column are no numbers, the first one and its row; "" where rows have no numbers."""
    if not _has_row_numbers(relation):
        return ""
    text = f"CAST({quoted(name)} AS VARCHAR)"
    wrong = f"({text} IS NOT NULL AND TRY_CAST({text} AS DOUBLE) IS NULL)"
    ((count, values),) = relation.query(f"count(*) FILTER ({wrong}), count({text})")
    if not count:
        return ""  # 1e3 and its like: numbers to the reader, and none that everybody writes
    numbered = f"row_number() OVER (), {text}"
    ((row, first),) = relation.query(numbered, f"QUALIFY row_number() OVER () > 0 AND {wrong} LIMIT 1")
    return f"{count:,} of {pluralize(values, 'value')} are not, the first in data row {row:,}; a value that is none is {short(first)}"


def _count_and_row(relation: Relation, name: str) -> str:
    """How many values a column has and the row of the first one; "" where rows have no numbers."""
    if not _has_row_numbers(relation):
        return ""
    column = quoted(name)
    ((count,),) = relation.query(f"count({column})")
    ((row,),) = relation.query("row_number() OVER ()", f"QUALIFY {column} IS NOT NULL LIMIT 1")
    return f" ({pluralize(count, 'value')}, the first in data row {row:,})"


def _has_row_numbers(relation: Relation) -> bool:
    """Whether the rows come in an order of their own."""
    return isinstance(relation, DuckDBRelation) and (relation.row_count() is None or relation.is_steady)


def _listed(names: dict[str, str]) -> str:
    shown = [short(name) for name in list(names)[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")
