"""Request: what is asked for beside the data: roles of columns, their coding, and how a text is written."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from steepest.data.coding import Coding, check_degree
from steepest.data.offset import Offset, names_with
from steepest.data.sources.dates import Dates
from steepest.data.sources.locate import TextOptions
from steepest.data.sources.missing import check_policy
from steepest.data.sources.roles import MissingPolicy
from steepest.data.sources.table_source import Unseen
from steepest.errors import Option, UsageError
from steepest.support.arguments import check_flag, check_kind, check_names, check_text, check_word, shown


@dataclass(frozen=True)
class Request:
    """What is asked for beside the data, named as the arguments of `open_source`.

    Raises:
        UsageError: a value outside what is known.
    """

    y: object = None
    target: str | Sequence[str] | None = None
    features: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    weight: object = None
    offset: object = None
    exposure: object = None
    group: object = None
    missing: MissingPolicy = "error"
    degree: int = 1
    interactions: Sequence[tuple[str, str]] = ()
    categorical: Sequence[str] = ()
    delimiter: str | None = None
    decimal: str = "."
    encoding: str = "utf-8"
    thousands: str | None = None
    comment: str | None = None
    percent: bool = False
    currency: bool = False
    dates: Dates | None = None
    log_target: bool = False
    loss: str = "squared"
    database: str | os.PathLike[str] | None = None
    coding: Coding | None = None
    unseen: Unseen = "error"

    def __post_init__(self) -> None:
        check_policy(self.missing)
        check_word("unseen", self.unseen, get_args(Unseen))
        check_degree(self.degree)
        check_flag("log_target", self.log_target)
        check_text("loss", self.loss)
        if self.log_target and self.loss in ("logistic", "multinomial", "poisson"):
            raise UsageError(
                f"the {self.loss} loss is of classes or counts, and " + Option("log_target") + " of amounts.",
                "leave one of them out",
            )
        if self.dates is not None:
            check_word("dates", self.dates, get_args(Dates))
        _ = self.text
        for name in ("target", "features", "exclude", "categorical"):
            value = getattr(self, name)
            if value is not None or name in ("exclude", "categorical"):
                check_names(name, value)
        if self.coding is not None:
            check_kind("coding", self.coding, Coding)
        _ = self.beside
        pairs = self.interactions
        if not isinstance(pairs, (tuple, list)) or not all(
            isinstance(pair, (tuple, list)) and len(check_names("interactions", pair)) == 2 for pair in pairs
        ):
            raise UsageError(Option("interactions") + f" takes pairs of columns; got {shown(pairs)}.")

    @property
    def text(self) -> TextOptions:
        """How text files are written.

        Raises:
            UsageError: a value outside what is known.
        """
        return TextOptions(
            self.delimiter, self.decimal, self.encoding, self.thousands, self.comment, self.percent, self.currency
        )

    @property
    def beside(self) -> Offset | None:
        """The offset of the rows: the one that is given, or that of the coding.

        Raises:
            UsageError: two are given, or that of the coding is not known of other rows.
            DataError: they are no numbers.
        """
        given = Offset.of(self.offset, self.exposure)
        return given or Offset.again(None if self.coding is None else self.coding.offset)

    def check_roles(self) -> None:
        """Raise UsageError where a column is named as an input and left out, or is the offset and has another role."""
        features = () if self.features is None else self.features
        out = (self.exclude,) if isinstance(self.exclude, str) else self.exclude
        for name in features:
            if name in out:
                raise UsageError(
                    f"column {shown(name)} is named in " + Option("features") + " and in " + Option("exclude") + ".",
                    "leave it out of one of them",
                )
        beside = self.beside
        if beside is None or beside.column is None:
            return
        if self.coding is not None and beside.column in self.coding.raw_names:
            raise UsageError(
                f"column {shown(beside.column)} is an input of the model, and no {beside.option}. Name another column."
            )
        roles = (*self.targets, *features, *(name for name in (self.weight, self.group) if isinstance(name, str)))
        if beside.column in roles:
            raise UsageError(
                f"column {shown(beside.column)} is named twice among target, features, weight, group and {beside.option}. "
                "Each column has one role."
            )

    def for_inputs(self) -> "Request":
        """Return what the inputs are asked for with: the column of the offset is read as one of them."""
        beside = self.beside
        if beside is None:
            return self
        coding = None if self.coding is None else beside.among(replace(self.coding, offset=None))
        exclude = self.exclude if isinstance(self.exclude, str) else [n for n in self.exclude if n != beside.column]
        features = names_with(self.features, beside)
        return replace(self, coding=coding, exclude=exclude, features=features)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets; none where none were named."""
        return (self.target,) if isinstance(self.target, str) else tuple(() if self.target is None else self.target)

    @property
    def named(self) -> frozenset[str]:
        """All columns that are asked for by name."""
        beside = (self.weight, self.group, self.offset, self.exposure)
        roles = (name for name in beside if isinstance(name, str))
        coded = self.coding.raw_names if self.coding is not None else ()
        pairs = (name for pair in self.interactions for name in pair)
        return frozenset((*(self.features or ()), *self.targets, *self.categorical, *roles, *coded, *pairs))

    def of_numbers(self) -> dict[str, Any]:
        """Return what goes with arrays.

        Raises:
            UsageError: something is asked for that codes columns of a table.
        """
        given = {
            "exclude": self.exclude,
            "missing": self.missing != "error",
            "degree": self.degree != 1,
            "interactions": self.interactions,
            "categorical": self.categorical,
            "dates": self.dates is not None,
            "percent": self.percent,
            "currency": self.currency,
        }
        for name in (name for name, is_given in given.items() if is_given):
            what = Option(name) + " belongs to tables with named columns."
            raise UsageError(what, "give a data frame or a file", "code the array")
        return {"target": self.target, "features": self.features, "weight": self.weight, "group": self.group}
