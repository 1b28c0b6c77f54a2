"""Coding: raw columns turned into the numbers a model sees: categories, missing values, powers, products."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from steepest.data.offset_column import OffsetColumn
from steepest.errors import DataError, Option, UsageError
from steepest.support import remedies
from steepest.support.arguments import check_names, shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, names
from steepest.support.words import pluralize

MOST_DEGREE = 20
DATE_PARTS = ("days", "year", "month", "day", "weekday", "hour")
FIRST_PARTS = ("days", "year")
UNSEEN = -1.0  # the code of a category that the coding does not know


@dataclass(frozen=True)
class Column:
    """One raw input column and how it becomes numbers.

    Args:
        name: of the column.
        levels: all values of a text or boolean column, sorted; None for a column of numbers. The first one is the
            reference: it has no indicator column, the intercept stands for it.
        missing: whether the column may have missing values: they become 0 (the reference) with an indicator column.
        part: which number of a date it is: "days" since 1970-01-01, "year", "month", "day", "weekday" (1 is Monday) or
            "hour"; None for a column that holds no dates.
        of: the raw column of dates that the number is taken from.
    """

    name: str
    levels: tuple[str, ...] | None = None
    missing: bool = False
    part: str | None = None
    of: str | None = None

    @property
    def raw(self) -> str:
        """Name of the table's column."""
        return self.name if self.of is None else self.of

    @property
    def has_indicator(self) -> bool:
        """Whether missing values have their indicator column here: of a date's parts the first one has it for all."""
        return self.missing and self.part in (None, *FIRST_PARTS)

    @property
    def reference(self) -> str | None:
        """The level without an indicator column."""
        return self.levels[0] if self.levels else None

    @property
    def indicators(self) -> tuple[str, ...]:
        """Names of the indicator columns of a text column's levels, "column=level"."""
        return tuple(f"{self.name}={level}" for level in (self.levels or ())[1:])


@dataclass(frozen=True)
class Coding(Shown):
    """How a table's input columns become the features of a model; the same when it learns and when it predicts.

        number x          x                        degree k: also x^2 … x^k
        text, levels a<b  column=b is 1 or 0       a is the reference
        missing           0, and "column missing" is 1
        interaction a:b   each number of a times each number of b

    Args:
        columns: the raw inputs, in order.
        degree: the highest power of each column of numbers.
        interactions: pairs of column names whose products are features.
        percent: names of the table's columns, target and weight too, that were read from percent signs: 5% is 0.05.
        classes: the labels of the target, in the order of their codes; empty where the target is a number.
        offset: what is added to each row's margin, which is no input, or None.

    Raises:
        UsageError: degree or interactions are outside their range.
        DataError: two features would have the same name.

    Example:
        >>> coding = Coding((Column("x"), Column("colour", ("blue", "red"))), degree=2, interactions=(("x", "colour"),))
        >>> coding.features
        ('x', 'x^2', 'colour=red', 'x:colour=red')
        >>> coding.expand(np.array([[3.0, 0.0], [2.0, 1.0]]))
        array([[3., 9., 0., 0.],
               [2., 4., 1., 2.]])
    """

    columns: tuple[Column, ...]
    degree: int = 1
    interactions: tuple[tuple[str, str], ...] = ()
    percent: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    offset: OffsetColumn | None = None

    def __post_init__(self) -> None:
        check_degree(self.degree)
        names = [column.name for column in self.columns]
        for pair in self.interactions:
            unknown = [name for name in pair if name not in names]
            if unknown or len(set(pair)) != 2:
                wrong = f"{unknown[0]!r} is no feature" if unknown else "the two are the same"
                raise UsageError(
                    f"interaction {':'.join(pair)}: {wrong}. The columns are {', '.join(names[:20])}.",
                    "name two of them",
                    remedies.POWERS,
                )
        features = self.features
        of_dates = any(column.part for column in self.columns)
        double = (
            []
            if self.is_plain and not of_dates
            else sorted(name for name, count in Counter(features).items() if count > 1)
        )
        if double:
            raise DataError(f"two features would be called {double[0]!r}. Rename the column of that name.")

    @classmethod
    def plain(cls, names: Sequence[str]) -> "Coding":
        """Return the coding of columns of numbers that are used as they are."""
        return cls(tuple(Column(name) for name in check_names("names", names)))

    @property
    def is_plain(self) -> bool:
        """Whether the features are the raw columns themselves."""
        return (
            self.degree == 1
            and not self.interactions
            and all(column.levels is None and not column.missing for column in self.columns)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the raw columns."""
        return tuple(column.name for column in self.columns)

    @property
    def raw_names(self) -> tuple[str, ...]:
        """Names of the table's columns, each once; `names` has each number of a date by itself."""
        return tuple(dict.fromkeys(column.raw for column in self.columns))

    @property
    def dated(self) -> frozenset[str]:
        """Names of the table's columns of dates that are numbers here."""
        return frozenset(column.raw for column in self.columns if column.part)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of `expand`'s columns."""
        if self.is_plain:
            return self.names
        own = {column.name: self._own_names(column) for column in self.columns}
        products = [f"{a}:{b}" for first, second in self.interactions for a in own[first] for b in own[second]]
        return (*(name for column in self.columns for name in self._all_names(column)), *products)

    def features_of(self, name: str) -> tuple[str, ...]:
        """Return the names of the features that are made of one of the table's columns alone."""
        return tuple(feature for column in self.columns if column.raw == name for feature in self._all_names(column))

    def without(self, name: str) -> "Coding":
        """Return the coding without one of the table's columns."""
        return replace(self, columns=tuple(column for column in self.columns if column.raw != name))

    def expand(self, raw: FloatArray) -> FloatArray:
        """Return X (n, d) for raw columns (n, c): numbers as they are, categories as codes 0, 1, … of their levels.

        Raises:
            DataError: a value is missing (NaN) in a column that had none when the coding was made.
        """
        if self.is_plain:
            return raw
        blocks: list[FloatArray] = []
        own: dict[str, FloatArray] = {}
        for j, column in enumerate(self.columns):
            values = raw[:, j]
            absent = np.isnan(values)
            if absent.any() and not column.missing:
                raise DataError(f"column {column.name!r} has missing values, and had none when the coding was made.")
            own[column.name] = self._own(column, np.where(absent, 0.0, values))
            blocks.append(own[column.name])
            if column.levels is None:
                blocks += [own[column.name] ** power for power in range(2, self.degree + 1)]
            if column.has_indicator:
                blocks.append(absent[:, None].astype(np.float64))
        for first, second in self.interactions:
            a, b = own[first], own[second]
            blocks.append((a[:, :, None] * b[:, None, :]).reshape(len(raw), -1))
        return np.concatenate(blocks, axis=1)

    def select(self, features: Sequence[str]) -> "Coding | None":
        """Return the coding that gives just these features in this order, or None where there is none."""
        kept = [c for c in self.columns if set(self._all_names(c)) <= set(features)]
        kept.sort(key=lambda column: list(features).index(self._all_names(column)[0]))
        names = {column.name for column in kept}
        pairs = tuple(pair for pair in self.interactions if names.issuperset(pair))
        chosen = replace(self, columns=tuple(kept), interactions=pairs)
        return chosen if chosen.features == tuple(features) else None

    def needed_for(self, features: Sequence[str]) -> "Coding":
        """Return the coding of the columns without which these features cannot be made; it may give more of them.

        Example:
            >>> coding = Coding((Column("x"), Column("z"), Column("colour", ("blue", "red"))), interactions=(("x", "colour"),))
            >>> coding.needed_for(["x:colour=red"]).features
            ('x', 'colour=red', 'x:colour=red')
        """
        wanted = set(features)
        own = {column.name: self._own_names(column) for column in self.columns}
        names = {column.name for column in self.columns if wanted & set(self._all_names(column))}
        for first, second in self.interactions:
            if any(f"{a}:{b}" in wanted for a in own[first] for b in own[second]):
                names |= {first, second}
        columns = tuple(column for column in self.columns if column.name in names)
        pairs = tuple(pair for pair in self.interactions if names.issuperset(pair))
        return Coding(columns, self.degree, pairs, self.percent, self.classes)

    def as_json(self) -> dict[str, Any]:
        """Return the coding as JSON types; `from_json` gives it back."""
        columns = [
            {"name": c.name, "levels": None if c.levels is None else list(c.levels), "missing": c.missing}
            | ({} if c.part is None else {"part": c.part, "of": c.raw})
            for c in self.columns
        ]
        pairs = [list(pair) for pair in self.interactions]
        percent = {"percent": list(self.percent)} if self.percent else {}
        classes = {"classes": list(self.classes)} if self.classes else {}
        offset = {"offset": self.offset.as_json()} if self.offset is not None else {}
        return {"columns": columns, "degree": self.degree, "interactions": pairs, **percent, **classes, **offset}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Coding":
        """Read what `as_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        columns = tuple(
            Column(
                str(c["name"]),
                None if c["levels"] is None else tuple(map(str, c["levels"])),
                bool(c["missing"]),
                *((str(c["part"]), str(c["of"])) if "part" in c else ()),
            )
            for c in content["columns"]
        )
        pairs = tuple((str(a), str(b)) for a, b in content["interactions"])
        percent, classes = (tuple(map(str, content.get(word, ()))) for word in ("percent", "classes"))
        offset = OffsetColumn.from_json(content["offset"]) if "offset" in content else None
        return cls(columns, int(content["degree"]), pairs, percent, classes, offset)

    def _told(self) -> Iterator[str]:
        columns = names([column.name for column in self.columns])
        yield f" of {pluralize(len(self.columns), 'column')} as {pluralize(len(self.features), 'feature')}: {columns}"
        yield from str(self).splitlines()

    def __str__(self) -> str:
        """What was done to the columns, a sentence each; empty for plain numbers."""
        sentences = [
            f"{c.name}: {len(c.levels)} categories, reference {c.reference!r}"
            for c in self.columns
            if c.levels is not None
        ]
        sentences += [
            f"{c.raw}: days since 1970-01-01" if c.part == "days" else f"{c.raw}: dates as {self._parts_of(c.raw)}"
            for c in self.columns
            if c.part in FIRST_PARTS
        ]
        sentences += [
            f"{c.raw}: missing values are 0 and have the column '{c.raw} missing'"
            for c in self.columns
            if c.has_indicator
        ]
        if self.degree > 1:
            sentences.append(f"powers up to {self.degree} of every column of numbers")
        sentences += [f"products of {a} and {b}" for a, b in self.interactions]
        sentences += [str(self.offset)] if self.offset is not None else []
        return "\n".join(sentences)

    def _parts_of(self, raw: str) -> str:
        return ", ".join(c.part for c in self.columns if c.raw == raw and c.part)

    def _own_names(self, column: Column) -> tuple[str, ...]:
        return (column.name,) if column.levels is None else column.indicators

    def _all_names(self, column: Column) -> list[str]:
        powers = [f"{column.name}^{k}" for k in range(2, self.degree + 1)] if column.levels is None else []
        return [*self._own_names(column), *powers, *([f"{column.raw} missing"] if column.has_indicator else [])]

    def _own(self, column: Column, values: FloatArray) -> FloatArray:
        """A column's numbers (n, 1), or its indicator columns (n, levels - 1)."""
        if column.levels is None:
            return values[:, None]
        return np.asarray(values[:, None] == np.arange(1, len(column.levels)), dtype=np.float64)


def check_degree(degree: object) -> None:
    """Raise UsageError where this is no highest power."""
    if isinstance(degree, bool) or not isinstance(degree, int) or not 1 <= degree <= MOST_DEGREE:
        raise UsageError(Option("degree") + f" must be a whole number from 1 to {MOST_DEGREE}; got {shown(degree)}.")
