"""Tables of any kind as a source of batches: columns with roles, coded, in blocks of a fixed number of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch, Position
from steepest.data.coding import UNSEEN, Coding, Column
from steepest.data.columns import ColumnBatch, Columns
from steepest.data.sources.arrow_blocks import blocks
from steepest.data.sources.connection import quoted
from steepest.data.sources.dates import is_date, part_as_double
from steepest.data.sources.faults import faulty, together
from steepest.data.sources.label_sql import label_code
from steepest.data.sources.locate import TextOptions
from steepest.data.sources.missing import Tally
from steepest.data.sources.reader_errors import LONGEST_SHOWN
from steepest.data.sources.relations import Relation
from steepest.data.sources.roles import BOOLEAN, CATEGORIES, MissingPolicy, Roles, refuse_kind, refuse_target, yes_or_no
from steepest.data.sources.rounding import as_double, exact_up_to, has_large, rounding_warning
from steepest.data.sources.row_order import SAME_ROWS, RowOrder
from steepest.errors import DataError, UsageError
from steepest.support import remedies
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, table_line
from steepest.support.notices import warn
from steepest.support.threads import prefetch

BLOCK_ROWS = 131_072
BLOCK_NUMBERS = 1 << 23  # wide tables get shorter blocks: 64 MB at most

Unseen = Literal["error", "reference"]


@dataclass(frozen=True, eq=False)
class TableSource(Shown):
    """A table whose columns have passed every check that needs no reading of rows.

    Args:
        relation: where the rows are.
        roles: what each column is for.
        coding: how the inputs become numbers.
        types: DuckDB's types of the table's columns.
        missing: what is done about missing values.
        unseen: what is done about categories that the coding does not know.
        origin: what `describe` says of the data.
        row_count: number of rows where it is known beforehand.
        first_row: position of the first row in the whole table, where this is a part of one.
        is_part: whether this is a part, which may be empty.
        tally: missing values of the pass under way, or of the last one.
        header_notes: what was done to find the columns, a sentence each.
        own_coding: whether the coding was made from this table.
        seen: what the rows were in earlier passes, where the table may give others the next time.
        text: how a text file is written.
        signed: SQL for the numbers of columns of texts that have percent or currency signs.
        told: whether it was said that float64 rounds some of the numbers.
    """

    relation: Relation
    roles: Roles
    coding: Coding
    types: dict[str, str]
    missing: MissingPolicy = "error"
    unseen: Unseen = "error"
    origin: dict[str, Any] = field(default_factory=dict)
    row_count: int | None = None
    first_row: int = 0
    is_part: bool = False
    tally: list[Tally] = field(default_factory=list)
    header_notes: tuple[str, ...] = ()
    own_coding: bool = False
    seen: list[str] = field(default_factory=list)
    text: TextOptions = field(default_factory=TextOptions)
    signed: Mapping[str, str] = field(default_factory=dict)
    told: list[bool] = field(default_factory=list)

    def _told(self) -> Iterator[str]:
        yield table_line(self)
        yield from str(self.coding).splitlines()

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the coded inputs."""
        return self.coding.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets; none where only inputs are read."""
        return self.roles.targets

    @property
    def block_rows(self) -> int:
        """Rows of a batch before any are left out; the same for the same columns, so that results have the same bits."""
        return max(1_024, min(BLOCK_ROWS, BLOCK_NUMBERS // (len(self.features) + len(self.targets) + 1)))

    @property
    def position(self) -> Position | None:
        """How far the last pass came."""
        return self.tally[-1].position if self.tally else None

    @property
    def label(self) -> str:
        """What messages call the table."""
        return self.relation.label

    def place_of(self, position: int) -> str:
        """Return where a row stands, as messages say it: rows of files are counted from 1."""
        before, _ = getattr(self.relation, "rows", None) or (0, 0)
        return f"data row {before + position - self.first_row + 1:,}"

    def record_pass(self, position: Position) -> None:
        """Take note of a pass that was made elsewhere."""
        self.tally[:] = [self._tally(position)]
        self._tell_rounding()

    def pieces(self) -> "list[TableSource]":
        """Parts of the files: whole ones, or row groups of a large Parquet file; one part of anything else."""
        parts, first = [], self.first_row
        for relation in self.relation.pieces():
            count = relation.row_count()
            parts.append(
                replace(self, relation=relation, row_count=count, first_row=first, is_part=True, tally=[], seen=[])
            )
            first += count or 0
        return parts

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield all rows in order while the next ones are being read, `block_rows` at once.

        Args:
            after: where an earlier pass stopped: the end of a batch; None for the start.

        Raises:
            MissingValuesError: values are missing, counted for each column over the whole table.
            DataError: a line cannot be read; the message has its number. Or the rows are others than in an earlier pass.
        """
        yield from prefetch(self._batches(after or Position(0)), cancel=self.relation.cancel)
        self._tell_rounding()

    def describe(self) -> dict[str, Any]:
        """Say where the data is from, and what the last pass left out."""
        dropped = {"rows_left_out": self.tally[-1].dropped} if self.tally and self.tally[-1].dropped else {}
        return {**self.origin, **dropped}

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together."""
        return self.roles.group is not None

    @property
    def options(self) -> dict[str, Any]:
        """What else decides the numbers of a pass (JSON types)."""
        return {
            "weight": self.roles.weight,
            "missing": self.missing,
            "unseen": self.unseen,
            "block_rows": self.block_rows,
        }

    @property
    def notes(self) -> list[str]:
        """What was done to the table on the way in, a sentence each."""
        notes = [*self.header_notes, *str(self.coding).splitlines()]
        notes += [
            yes_or_no(name)
            for name in self._numbers
            if self.types[name].startswith(CATEGORIES) and name not in self.signed and not self._is_label(name)
        ]
        return notes + [tally.sentence for tally in self.tally[-1:] if tally.sentence]

    def _batches(self, start: Position) -> Iterator[Batch]:
        tally = self._tally(start)
        self.tally[:] = [tally]
        first = start.rows
        plain = self.coding.is_plain and not self.roles.weight and not self.roles.group
        limits = self._limits(tally.names)
        for block, order in self._checked_blocks(start):
            tally.large = tally.large or has_large(block, limits)
            if plain and block.is_finite:
                if tally.pass_by(len(block)) is None:
                    after = replace(tally.position, order=order)
                    yield ColumnBatch(block, self.features, self.targets, self.first_row + first, after)
            else:
                rows = block.array
                tally.replaced += self._refuse_unseen(rows)
                stay = tally.look(rows)
                if stay is None or stay.any():
                    yield self._batch(rows, stay, self.first_row + first, replace(tally.position, order=order))
            first += len(block)
        tally.refuse()
        if not tally.rows and not self.is_part:
            raise DataError(f"{self.relation.label} has no data rows. Give a table with at least one row.")

    def _checked_blocks(self, start: Position) -> Iterator[tuple[Columns, str]]:
        """Yield the blocks of rows from `start` on, each with what tells all rows up to its end from others.

        Where the table may give other rows the next time, those before `start` are read once more, and compared.
        """
        width = len(self.coding.names) + len(self.targets) + bool(self.roles.weight) + bool(self.roles.group)
        select, steady = self._select(), self.relation.is_steady
        stream = self.relation.stream(select, skip=start.rows if steady else 0)
        if steady:
            yield from ((block, "") for block in blocks(stream, self.block_rows, width))
            return
        order, rows = RowOrder(self.relation.label, width, self.seen), 0
        for block in blocks(stream, self.block_rows, width):
            order.add(block)
            before, rows = rows, rows + len(block)
            if before >= start.rows:
                yield block, order.digest
            elif rows >= start.rows:
                order.compare(start.order)  # that of the same block, or there are more rows now
        order.end(rows >= start.rows)

    def _tally(self, start: Position) -> Tally:
        names = (*(c.raw for c in self.coding.columns), *self.targets, *filter(None, (self.roles.weight,)))
        allowed = [column.missing for column in self.coding.columns] + [False] * (len(names) - len(self.coding.names))
        part = self.relation.label if self.is_part else ""
        before, _ = getattr(self.relation, "rows", None) or (0, 0)
        return Tally(names, self.missing, allowed, start, only_inputs=not self.targets, part=part, before=before)

    @property
    def _numbers(self) -> list[str]:
        """The columns that are used as numbers: inputs that are no categories, targets and the weight."""
        inputs = [c.name for c in self.coding.columns if c.levels is None and c.part is None]
        return [*inputs, *self.targets, *filter(None, (self.roles.weight,))]

    def _limits(self, names: Sequence[str]) -> dict[int, float]:
        """Up to which size the values of columns are sure not to be rounded, by their places among `names`."""
        of_text = getattr(self.relation, "of_text", False)
        places = {name: j for j, name in enumerate(names)}
        limits = ((places[name], exact_up_to(self.types[name], of_text)) for name in self._numbers)
        return {j: limit for j, limit in limits if limit is not None}

    def _tell_rounding(self) -> None:
        """Warn, once, where float64 rounds numbers of the table; the pass itself has only seen that some are large."""
        if self.is_part or self.told or not self.tally[-1].large:
            return
        self.told.append(True)
        of_text = getattr(self.relation, "of_text", False)
        kinds = {name: self.types[name] for name in self._numbers if exact_up_to(self.types[name], of_text)}
        warning = rounding_warning(self.relation, kinds, self.text)
        if warning:
            warn(warning)

    def _select(self) -> str:
        """The columns to select: doubles, categories as codes."""
        columns = []
        for column in self.coding.columns:
            name = quoted(column.name)
            if column.part is not None:
                columns.append(part_as_double(column))
                continue
            if column.levels is None:
                columns.append(self._number(column.name))
                continue
            coded = f"coalesce(CAST(enum_code({_level(column)}) AS DOUBLE), {UNSEEN})"
            columns.append(f"CASE WHEN {name} IS NULL THEN NULL ELSE {coded} END")
        for name in (*self.targets, *filter(None, (self.roles.weight,))):
            labels = self.coding.classes if self._is_label(name) else ()
            columns.append(label_code(name, self.types[name], labels) if labels else self._number(name))
        if self.roles.group:
            # 53 bits of the value's text: a whole number that a double holds, the same in every version and on every machine
            text = f"coalesce(CAST({quoted(self.roles.group)} AS VARCHAR), '')"
            columns.append(f"CAST(md5_number_lower({text}) >> 11 AS DOUBLE)")
        return ", ".join(columns)

    def _is_label(self, name: str) -> bool:
        """Whether a column is a target whose labels the coding knows."""
        return bool(self.coding.classes) and name in self.targets

    def _number(self, name: str) -> str:
        """SQL for a column of numbers as float64."""
        return self.signed.get(name) or as_double(name, self.types[name])

    def _batch(self, rows: FloatArray, stay: NDArray[np.bool_] | None, first: int, after: Position) -> Batch:
        kept = None
        if stay is not None:
            rows, kept = rows[stay], first + np.flatnonzero(stay).astype(np.uint64)
        c, t = len(self.coding.columns), len(self.targets)
        weight = rows[:, c + t] if self.roles.weight else None
        group = rows[:, -1].astype(np.uint64) if self.roles.group else None
        X = self.coding.expand(rows[:, :c])
        return Batch(X, rows[:, c : c + t], self.features, self.targets, weight, first, group, after, kept)

    def _refuse_unseen(self, rows: FloatArray) -> int:
        """Tell categories that the coding does not know, or take them for the reference and count them."""
        replaced = 0
        for j, column in enumerate(self.coding.columns):
            if column.levels is None or not (rows[:, j] == UNSEEN).any():
                continue
            if self.unseen != "reference":
                raise self._unseen(column)
            replaced += int((rows[:, j] == UNSEEN).sum())
            rows[rows[:, j] == UNSEEN, j] = 0.0
        return replaced

    def _unseen(self, column: Column) -> DataError:
        """Say which categories of a column the coding does not know."""
        name = quoted(column.name)
        rest = f"WHERE {name} IS NOT NULL AND {_level(column)} IS NULL"
        new = sorted({row[0] for row in self.relation.query(f"DISTINCT CAST({name} AS VARCHAR)", rest)})
        more = f" and {len(new) - 5} more" if len(new) > 5 else ""
        if self.own_coding:
            return DataError(
                f"{self.relation.label} gives other rows each time it is read: column {column.name!r} holds categories that were not "
                "there when they were listed.",
                *SAME_ROWS,
            )
        return DataError(
            f"column {column.name!r} of {self.relation.label} has categories that the model does not know: "
            f"{', '.join(map(repr, new[:5]))}{more}.",
            remedies.unseen_as(str(column.reference)),
            "learn from a table that has them",
        )


def _level(column: Column) -> str:
    """SQL for a column's category as one of its levels, or NULL; 1, yes and True are true where true and false are the levels."""
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    if column.levels == BOOLEAN:
        text = f"CAST(TRY_CAST({text} AS BOOLEAN) AS VARCHAR)"
    levels = ", ".join("'" + level.replace("'", "''") + "'" for level in column.levels or ())
    return f"TRY_CAST({text} AS ENUM({levels}))"


def check_known(
    relation: Relation, types: dict[str, str], coding: Coding, targets: tuple[str, ...], faults: dict[str, DataError]
) -> None:
    """Check that a table has the columns that a coding made elsewhere wants.

    Raises:
        UsageError: a column is not there.
        DataError: columns of numbers or dates are something else here; tells all of them.
    """
    absent = [name for name in (*coding.raw_names, *targets) if name not in types]
    if absent:
        raise UsageError(
            f"{relation.label} has no column {absent[0]!r}, which the model needs; it has {', '.join(map(repr, list(types)[:20]))}."
        )
    for column in coding.columns:
        with faulty(faults, column.raw):
            if column.part is not None:
                _refuse_no_dates(relation, column.raw, types[column.raw])
            elif column.levels is None:
                needed = "The model needs numbers there."
                refuse_kind(relation, column.name, types[column.name], categories=False, needed=needed)
    for name in targets:
        with faulty(faults, name):
            refuse_target(relation, name, types[name])
    if faults:
        raise together(relation.label, faults)


def _refuse_no_dates(relation: Relation, name: str, kind: str) -> None:
    """Raise DataError where a column that a model reads as dates holds something else."""
    if not is_date(kind):
        raise DataError(
            f"column {name!r} of {relation.label} is {kind[:LONGEST_SHOWN]}, and the model needs dates there.",
            "write them as 2024-12-31",
        )


def refuse_y(y: object, weight: object, group: object) -> tuple[str | None, str | None]:
    """Return the names of a table's columns of weights and groups.

    Raises:
        UsageError: the table is given what belongs to arrays.
    """
    if y is not None:
        raise UsageError("y belongs to arrays; a table holds its targets.", remedies.TARGET)
    return _column_name("weight", weight), _column_name("group", group)


def _column_name(role: str, value: object) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise UsageError(f"the {role} of a table is the name of a column; got {shown(value)}.")
