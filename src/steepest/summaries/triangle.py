"""Triangle: everything that squared loss will ever ask of a table, in one small mergeable value."""

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.data.coding import Coding
from steepest.errors import DataError, UsageError
from steepest.summaries import origins as tables
from steepest.summaries import triangle_file
from steepest.summaries.coordinates import Coordinates, CoordinatesName
from steepest.summaries.qr import lengths, retriangularize
from steepest.summaries.triangularize import LARGEST, blocks, merge, of_parts_by_gram, of_rows, rows_that_count
from steepest.support import remedies
from steepest.support.arguments import (
    as_float,
    check_file_name,
    check_flag,
    check_kind,
    check_names,
    check_word,
    is_many,
    shown,
)
from steepest.support.arrays import FloatArray
from steepest.support.files import write_whole
from steepest.support.looks import by_name, on
from steepest.support.numerics import numeric
from steepest.support.values import Value, frozen_property
from steepest.support.words import join_names, number, pluralize

# A column is taken for constant when its spread is below this share of its size. Rows are shifted by their mean before
# anything else, which is exact for numbers that lie close together; of one value in every row, that leaves a rounding of the
# mean, δ of about ε of the value, and triangularizing ε·δ of spread: at most 5e-28 of the value, as measured. A single row of
# 1e9 that differs in its last digit leaves 3e-21.
ROUNDING = 1e-24
LAST_DIGITS = 2 * np.finfo(float).eps  # a spread below this share of the size is one of last digits
SMALLEST = 1e-150  # a spread below is taken for none: its square, an eigenvalue, would have lost its digits


@numeric
@dataclass(frozen=True, eq=False)
class Triangle(Value):
    """The triangle of a table: R of the QR decomposition of A = √w·[1 X y], so that RᵀR = AᵀA.

    R is kept in the form that loses no digits when columns have large means:

        R = [ √W   √W·means ]        W       = Σ w
            [  0    centred ]        means   = Σ w·[X y] / W
                                     centred = R of √w·([X y] - means), diagonal ≥ 0

    Triangles add: `a + b` is the triangle of both tables' rows, `Triangle.empty(...)` changes nothing. They are values:
    the arrays are read-only, `==` compares all fields but the origins, to the last bit, and equal ones have the same hash.

    Args:
        features: the d names of the inputs.
        targets: the t names of the targets.
        row_count: number of rows with a weight above 0.
        total_weight: W, the sum of the weights (the row count where there are none).
        means: weighted means of [X y], shape (d + t,), in the columns' units.
        tails: what rounding to float64 left of the means, shape (d + t,): means of 1e7 are only good to 1e-9, and a
            merge takes their difference.
        centred: upper triangular, in the columns' units times √weight, shape (d + t, d + t); of fewer rows than columns it has
            only row_count - 1 rows, so that its size and the work grow with the rows.
        coding: how the features were made from a table's columns, or None where nobody said.
        origins: where the rows came from, one entry a table that went in (JSON types); beyond 500 tables the last 500, and
            in front of them one entry that counts the earlier ones.
        log_weights: Σ log w, 0 where there are no weights: what a likelihood asks of them beside their sum. NaN where a
            file from an earlier version does not say.
        log_target: whether the targets are the natural logarithms of a table's columns.

    Source: Demmel, Grigori, Hoemmen, Langou, "Communication-optimal parallel and sequential QR and LU
    factorizations", SIAM J. Sci. Comput. 34 (2012), section 3 (stacking triangles); Chan, Golub, LeVeque,
    "Algorithms for computing the sample variance", Am. Stat. 37 (1983), equation 1.5 (the means).

    Example:
        >>> line = Batch(np.array([[1.0], [2.0], [3.0]]), np.array([[2.5], [3.0], [3.5]]), ("x",), ("y",))
        >>> triangle = Triangle.of(line)
        >>> triangle.row_count, triangle.means
        (3, array([2., 3.]))
        >>> np.allclose(triangle.factor.T @ triangle.factor, [[3, 6, 9], [6, 14, 19], [9, 19, 27.5]])
        True
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    row_count: int
    total_weight: float
    means: FloatArray
    tails: FloatArray
    centred: FloatArray
    coding: Coding | None = None
    origins: tables.Origins = field(default=(), compare=False)
    log_weights: float = 0.0
    log_target: bool = False

    def _told(self) -> Iterator[str]:
        yield f" of {pluralize(self.row_count, 'row')}: {on(self.targets, self.features)}"
        if self.total_weight != self.row_count:
            yield f"total weight {number(self.total_weight)}"
        yield f"means: {by_name((*self.features, *self.targets), self.means)}"

    @classmethod
    def empty(cls, features: tuple[str, ...], targets: tuple[str, ...]) -> "Triangle":
        """Return the triangle of no rows, the neutral element of `+`."""
        features, targets = check_names("features", features), check_names("targets", targets)
        m = len(features) + len(targets)
        return cls(features, targets, 0, 0.0, np.zeros(m), np.zeros(m), np.zeros((0, m)))

    @classmethod
    def of(cls, batch: Batch) -> "Triangle":
        """Return the triangle of a batch's rows.

        Rows of weight 0 count as absent. The batch is not changed.

        Raises:
            DataError: a weight is negative or not finite, or a value is so large that its square overflows.
        """
        batch = rows_that_count(check_kind("batch", batch, Batch))
        sums = of_rows(batch)
        if sums is None:
            return cls.empty(batch.features, batch.targets)
        log_weights = 0.0 if batch.weight is None else float(np.log(batch.weight).sum())
        return cls(batch.features, batch.targets, len(batch), *sums, log_weights=log_weights)

    @classmethod
    def of_parts(cls, batch: Batch, labels: NDArray[np.int64], count: int) -> "list[Triangle]":
        """Return the triangles of `count` parts of a batch's rows, reading the rows once.

        Args:
            batch: the rows.
            labels: the part that each row belongs to, 0 … count - 1, shape (n,); rows of other labels are left out.
            count: number of parts.

        Raises:
            DataError: as `Triangle.of`.
        """
        parts = [cls.empty(batch.features, batch.targets) for _ in range(count)]
        for rows, piece in blocks(batch, count):
            here = labels[piece]
            for part, sums in enumerate(of_parts_by_gram(rows, here, count)):
                # where a Gram matrix did it, each row weighs 1: the total weight is their number
                known = sums and cls(batch.features, batch.targets, int(sums[0]), *sums)
                parts[part] = parts[part] + (known or cls.of(rows.take(here == part)))
        return parts

    def __add__(self, other: "Triangle") -> "Triangle":
        """Return the triangle of the rows of both.

            means   = means_a + (W_b / W)·(means_b - means_a)
            centred = R of [centred_a; centred_b; √(W_a·W_b/W)·(means_b - means_a)]

        Raises:
            DataError: the columns are not the same.
        """
        if not isinstance(other, Triangle):
            return NotImplemented
        if (self.features, self.targets) != (other.features, other.targets):
            raise DataError(
                f"triangles of different columns cannot be added: {self.features} → {self.targets} "
                f"and {other.features} → {other.targets}. Select the same columns of both first."
            )
        if self.coding != other.coding and self.coding is not None and other.coding is not None:
            raise DataError(
                "triangles whose columns were coded differently cannot be added. Make one with the other's coding."
            )
        coding, origins = self.coding or other.coding, tables.join(self.origins, other.origins)
        log_target = self.log_target or other.log_target
        if not self.row_count or not other.row_count:
            whole = self if self.row_count else other
            return replace(whole, coding=coding, origins=origins, log_target=log_target)
        if self.log_target != other.log_target:
            raise DataError(
                f"triangles of {join_names(self.targets)} cannot be added: of one only, the targets are logarithms. "
                "Make both with log_target, or neither."
            )
        return Triangle(
            self.features,
            self.targets,
            self.row_count + other.row_count,
            *merge(self._sums, other._sums),
            coding,
            origins,
            self.log_weights + other.log_weights,
            log_target,
        )

    def __radd__(self, other: object) -> "Triangle":
        """Return this triangle where 0 stands before it, so that Python's `sum(triangles)` begins."""
        return self if type(other) is int and other == 0 else NotImplemented

    @property
    def _sums(self) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        return self.total_weight, self.means, self.tails, self.centred

    @classmethod
    def sum(cls, triangles: Iterable["Triangle"]) -> "Triangle":
        """Return the triangle of the rows of all, one after another: the same bits as a + b + c + …

        Only the sum and one triangle are in memory at a time, so any number may come from a generator.

        Raises:
            UsageError: there is none, so nobody knows the columns.
            DataError: the columns are not the same.

        Example:
            >>> days = [Triangle.of(Batch(np.full((2, 1), day), np.ones((2, 1)), ("x",), ("y",))) for day in (1.0, 2.0, 4.0)]
            >>> total = Triangle.sum(days)
            >>> total.row_count, total == days[0] + days[1] + days[2] == sum(days)
            (6, True)
        """
        if not is_many(triangles):
            raise UsageError(f"Triangle.sum takes triangles, in a list or from a generator; got {shown(triangles)}.")
        whole: Triangle | None = None
        for triangle in triangles:
            if not isinstance(triangle, Triangle):
                raise UsageError(f"Triangle.sum takes triangles; one of them is a {type(triangle).__name__}.")
            whole = triangle if whole is None else whole + triangle
        if whole is None:
            raise UsageError(
                "there is no triangle to sum, so nobody knows the columns. Give one at least, or begin with "
                "Triangle.empty(features, targets)."
            )
        return whole

    def scaled(self, factor: float) -> "Triangle":
        """Return the triangle of the same rows with every weight times a factor: how older rows come to count less.

            total_weight = factor·W        centred = √factor·centred        log_weights = Σ log w + row_count·log factor

        Means, and so every fit of this triangle alone without a penalty, stay. `row_count` stays too: as many rows were
        read; where frequencies are meant, `total_weight` is their number.

        Args:
            factor: above 0 and finite.

        Raises:
            UsageError: the factor is outside its range, or the total weight would leave float64.

        Example:
            >>> old = Triangle.of(Batch(np.array([[1.0], [3.0]]), np.array([[2.0], [4.0]]), ("x",), ("y",)))
            >>> new = Triangle.of(Batch(np.array([[5.0]]), np.array([[9.0]]), ("x",), ("y",)))
            >>> decayed = old.scaled(0.5) + new                    # weights 0.5, 0.5 and 1
            >>> decayed.row_count, decayed.total_weight, decayed.means
            (3, 2.0, array([3.5, 6. ]))
        """
        if not 0 < as_float(factor) < math.inf:
            raise UsageError(f"factor must be a finite number above 0; got {shown(factor)}.")
        total = self.total_weight * float(factor)
        if self.row_count and not SMALLEST**2 < total < LARGEST**2:
            raise UsageError(
                f"weights times {factor!r} leave float64: their sum would be {total:g}. Give a milder factor."
            )
        return replace(
            self,
            total_weight=total,
            centred=self.centred * math.sqrt(factor),
            log_weights=self.log_weights + self.row_count * math.log(factor),
        )

    @property
    def factor(self) -> FloatArray:
        """R itself, upper triangular, shape (min(n, 1 + d + t), 1 + d + t), the column of ones first."""
        root = math.sqrt(self.total_weight)
        return np.block(
            [[np.array([[root]]), root * self.means[None, :]], [np.zeros((len(self.centred), 1)), self.centred]]
        )

    @frozen_property
    def deviations(self) -> FloatArray:
        """Weighted standard deviations of [X y], √(Σ w·(x - mean)² / W), shape (d + t,); 0 for constant columns."""
        if not self.row_count:
            return np.zeros_like(self.means)
        spread = lengths(self.centred) / math.sqrt(self.total_weight)
        return np.where(spread > np.maximum(ROUNDING * np.hypot(self.means, spread), SMALLEST), spread, 0.0)

    @property
    def constant_features(self) -> tuple[str, ...]:
        """Names of the features that have the same value in every row, up to rounding."""
        return tuple(name for name, spread in zip(self.features, self.deviations, strict=False) if spread == 0)

    @property
    def rounded_features(self) -> tuple[str, ...]:
        """Names of the features whose values differ in their last digits only, as those of a constant that was computed do."""
        spread, size = self.deviations, LAST_DIGITS * np.abs(self.means)
        return tuple(name for name, own, least in zip(self.features, spread, size, strict=False) if 0 < own < least)

    def select(self, features: tuple[str, ...] | None = None, targets: tuple[str, ...] | None = None) -> "Triangle":
        """Return the triangle of some columns, in the order given; a target may become a feature and the reverse.

        Where a feature and a target have the same name, `features` means the feature and `targets` the target.

        Raises:
            UsageError: a name is unknown or stands twice.

        Example:
            >>> batch = Batch(np.array([[1.0, 5.0], [2.0, 3.0]]), np.array([7.0, 8.0]), ("lag", "sales"), ("sales",))
            >>> Triangle.of(batch).select(("sales",)).means          # of the feature and of the target
            array([4. , 7.5])
        """
        features = self.features if features is None else check_names("features", features)
        targets = self.targets if targets is None else check_names("targets", targets)
        names = (*self.features, *self.targets)
        place = {name: j for j, name in enumerate(names)}  # a target before a feature of the same name
        feature_place = place | {name: j for j, name in enumerate(self.features)}
        unknown = [name for name in (*features, *targets) if name not in place]
        index = [] if unknown else [*(feature_place[name] for name in features), *(place[name] for name in targets)]
        if unknown or len(set(index)) != len(index):
            wrong = f"unknown column {unknown[0]!r}" if unknown else "a column stands twice"
            raise UsageError(f"cannot select {(*features, *targets)}: {wrong}. The triangle has {names}.")
        d = len(self.features)
        if self.log_target and any((j < d) != (k < len(features)) for k, j in enumerate(index)):
            raise UsageError(
                "a logarithm stays a target, and a feature a feature. Summarize the table anew for other roles."
            )
        coding = None if self.coding is None else self.coding.select(features)
        if coding is not None and targets != self.targets:
            coding = replace(coding, classes=())  # the labels are of all their columns
        return replace(
            self,
            features=features,
            targets=targets,
            means=self.means[index],
            tails=self.tails[index],
            centred=retriangularize(self.centred[:, index]),
            coding=coding,
        )

    def coordinates(self, name: CoordinatesName, *, fit_intercept: bool = True) -> Coordinates:
        """Return the change of inputs called "raw", "centred" or "standardized" for this table.

            raw:           u = x
            centred:       u = x - mean
            standardized:  u = (x - mean) / standard deviation     (without intercept: x / √(Σ w·x² / W))

        A constant column keeps the scale 1: there is nothing to divide by, and its coefficient stays at its start.

        Raises:
            UsageError: the name is unknown, or "centred" is asked without an intercept to take the means up.
        """
        d, fit_intercept = len(self.features), check_flag("fit_intercept", fit_intercept)
        means, deviations = self.means[:d], self.deviations[:d]
        check_word("coordinates", name, get_args(CoordinatesName))
        if name == "raw":
            return Coordinates(name, np.zeros(d), np.ones(d), fit_intercept)
        if name == "centred" and fit_intercept:
            return Coordinates(name, means, np.ones(d), True)
        if name == "standardized":
            scale = deviations if fit_intercept else np.hypot(means, deviations)
            shift = means if fit_intercept else np.zeros(d)
            return Coordinates(name, shift, np.where(scale > SMALLEST, scale, 1.0), fit_intercept)
        raise UsageError("centred inputs need an intercept to take the means up.", remedies.INTERCEPT, "use raw inputs")

    def input_sizes(self, coordinates: Coordinates) -> FloatArray:
        """Return each parameter's input as root mean square with the sign of its mean, shape (p,); 1 for the intercept."""
        check_kind("coordinates", coordinates, Coordinates)
        d = len(self.features)
        means = (self.means[:d] - coordinates.shift) / coordinates.scale
        sizes = np.hypot(means, self.deviations[:d] / coordinates.scale) * np.where(means < 0, -1, 1)
        return np.concatenate([[1.0], sizes]) if coordinates.fit_intercept else sizes

    def standardized(self) -> "Triangle":
        """Return the triangle of the same rows with every feature at mean 0 and standard deviation 1.

        Constant features become 0. Targets stay in their units.
        """
        d = len(self.features)
        standard = self.coordinates("standardized")
        scale = np.concatenate([standard.scale, np.ones(len(self.targets))])
        centred = self.centred / scale
        centred[:, :d] *= self.deviations[:d] > 0
        target = np.arange(len(scale)) >= d
        return replace(self, means=self.means * target, tails=self.tails * target, centred=centred)

    def design(self, coordinates: Coordinates) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the least-squares problem of this table, reduced to a triangle.

            Σ w·(b' + u·w' - y)²  =  ‖R_x·theta - r_y‖² + ρ²        for each target

        Args:
            coordinates: the inputs u to use.

        Returns:
            (R_x, r_y, rho): upper triangular (q, p), right-hand sides (q, t), and ρ (t,), with p = d + 1, or d
            without intercept, and q = p, or fewer where there are fewer rows. Rounding noise of constant columns is set to
            exactly 0.
        """
        check_kind("coordinates", coordinates, Coordinates)
        d = len(self.features)
        centred = self.centred.copy()
        centred[:, :d] *= self.deviations[:d] > 0
        centred[:, :d] /= coordinates.scale
        first = math.sqrt(self.total_weight) * self.means
        offset = ((self.means[:d] - coordinates.shift) + self.tails[:d]) / coordinates.scale
        size = np.where(self.deviations[:d] > 0, self.deviations[:d], np.abs(self.means[:d])) / coordinates.scale
        offset[np.abs(offset) < np.finfo(float).eps * size] = 0.0  # beside the spread float64 holds no such mean
        first[:d] = math.sqrt(self.total_weight) * offset
        first[:d][np.abs(first[:d]) < SMALLEST * math.sqrt(self.total_weight)] = 0.0
        if coordinates.fit_intercept:
            factor = np.zeros((1 + len(centred), 1 + len(first)))
            factor[0, 0], factor[0, 1:], factor[1:, 1:] = math.sqrt(self.total_weight), first, centred
        else:
            factor = retriangularize(np.vstack([first, centred]))
        p = d + coordinates.fit_intercept
        return factor[:p, :p], factor[:p, p:], lengths(factor[p:, p:])

    def rmse(self, weights: FloatArray, bias: FloatArray | float) -> FloatArray:
        """Return √(Σ w r² / Σ w) of a model on this table's rows, from the triangle alone.

            Σ w r² = ‖centred·[weights; -1]‖² + W·(mean of x · weights + bias - mean of y)²

        Args:
            weights: shape (d, t), in the data's own units.
            bias: shape (t,) or a number.

        Returns:
            shape (t,), in the targets' units.
        """
        d, t = len(self.features), len(self.targets)
        model = np.vstack([weights, -np.eye(t)])
        spread = np.linalg.norm(self.centred @ model, axis=0) / math.sqrt(self.total_weight)
        return np.asarray(np.hypot(spread, self.means[:d] @ weights + bias - self.means[d:]))

    def rmse_of(self, weights: FloatArray, biases: FloatArray) -> FloatArray:
        """Return √(Σ w r² / Σ w) of K models of this table's only target: weights (d, K), biases (K,) to (K,)."""
        d = len(self.features)
        model = np.vstack([weights, -np.ones((1, weights.shape[1]))])
        spread = np.linalg.norm(self.centred @ model, axis=0) / math.sqrt(self.total_weight)
        return np.asarray(np.hypot(spread, self.means[:d] @ weights + biases - self.means[d]))

    def save(self, path: str | os.PathLike[str], *, force: bool = True) -> None:
        """Write the triangle to one file, with its coding and where its rows came from; no pickle, with a checksum.

        The file is whole or absent; `Triangle.load(path)` gives the same bits back.

        Args:
            path: the file to make.
            force: replace a file that is there.

        Raises:
            UsageError: there is a file of that name, and `force` is False.
            DataError: the disk is full, or cannot be written.
        """
        write_whole(check_file_name("path", path), self.to_bytes(), force=check_flag("force", force))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Triangle":
        """Read a triangle that `save` wrote.

        Raises:
            ModelFileError: the file is damaged, is no triangle, or has a version this steepest does not know.
            FileNotFoundError: there is no such file.
        """
        return cls(**triangle_file.from_bytes(check_file_name("path", path).read_bytes(), str(path)))

    def to_bytes(self) -> bytes:
        """Return the bytes of the file that `save` writes; `from_bytes` gives the same triangle back, origins too."""
        return triangle_file.to_bytes(vars(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> "Triangle":
        """Return the triangle in the bytes of a file.

        Raises:
            ModelFileError: they are damaged, hold no triangle, or have a version this steepest does not know.

        Example:
            >>> triangle = Triangle.of(Batch(np.eye(2), np.ones((2, 1)), ("a", "b"), ("y",)))
            >>> Triangle.from_bytes(triangle.to_bytes()) == triangle
            True
        """
        return cls(**triangle_file.from_bytes(content, "the byte string"))

    def parts(self) -> tuple[dict[str, Any], dict[str, FloatArray]]:
        """Return the triangle as JSON types and arrays; `from_parts` gives it back, bit for bit."""
        return triangle_file.to_parts(vars(self))

    @classmethod
    def from_parts(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "Triangle":
        """Return the triangle of what `parts` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(**triangle_file.from_parts(header, arrays))

    @property
    def checksum(self) -> str:
        """SHA-256 of names, counts and numbers: equal for triangles that are equal to the last bit."""
        names = json.dumps([self.features, self.targets, self.row_count, self.total_weight.hex()])
        return hashlib.sha256(
            names.encode() + self.means.tobytes() + self.tails.tobytes() + self.centred.tobytes()
        ).hexdigest()
