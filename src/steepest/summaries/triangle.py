"""Triangle: everything that squared loss will ever ask of a table, in one small mergeable value."""

import hashlib
import json
import math
import os
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch, check_finite
from steepest.data.coding import Coding
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.summaries import gram
from steepest.summaries.coordinates import Coordinates, CoordinatesName
from steepest.summaries.double_double import two_sum
from steepest.summaries.qr import EXTENDED_WORK, lengths, retriangularize, triangularize, working_type
from steepest.support import remedies
from steepest.support.array_file import read_arrays, write_arrays
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map

BLOCK_ROWS = 1_048_576  # rows of one Gram matrix
QR_ROWS = 16_384  # rows of one QR decomposition
GRAM_ROWS = 8  # a Gram matrix is worth its Cholesky factor from so many times the columns on
# A column is taken for constant when its spread is below this share of its size: float64 cannot resolve less,
# since each of its values is only known to 1.1e-16 of itself.
ROUNDING = 1e-14
LARGEST = 1e150  # above, the sum of the squares of 10^7 rows leaves float64
SMALLEST = 1e-150  # a spread below is taken for none: its square, an eigenvalue, would have lost its digits
FORMAT = "steepest-triangle"


@dataclass(frozen=True, eq=False)
class Triangle:
    """The triangle of a table: R of the QR decomposition of A = √w·[1 X y], so that RᵀR = AᵀA.

    R is kept in the form that loses no digits when columns have large means:

        R = [ √W   √W·means ]        W       = Σ w
            [  0    centred ]        means   = Σ w·[X y] / W
                                     centred = R of √w·([X y] - means), diagonal ≥ 0

    Triangles add: `a + b` is the triangle of both tables' rows, `Triangle.empty(...)` changes nothing.

    Args:
        features: the d names of the inputs.
        targets: the t names of the targets.
        row_count: number of rows with a weight above 0.
        total_weight: W, the sum of the weights (the row count where there are none).
        means: weighted means of [X y], shape (d + t,), in the columns' units.
        tails: what rounding to float64 left of the means, shape (d + t,): means of 1e7 are only good to 1e-9, and a
            merge takes their difference.
        centred: upper triangular, shape (d + t, d + t), in the columns' units times √weight.
        coding: how the features were made from a table's columns, or None where nobody said.
        origins: where the rows came from, one entry a table that went in (JSON types).
        log_weights: Σ log w, 0 where there are no weights: what a likelihood asks of them beside their sum. NaN where a
            file from an earlier version does not say.

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
    origins: tuple[dict[str, Any], ...] = ()
    log_weights: float = 0.0

    @classmethod
    def empty(cls, features: tuple[str, ...], targets: tuple[str, ...]) -> "Triangle":
        """Return the triangle of no rows, the neutral element of `+`."""
        m = len(features) + len(targets)
        return cls(features, targets, 0, 0.0, np.zeros(m), np.zeros(m), np.zeros((m, m)))

    @classmethod
    def of(cls, batch: Batch) -> "Triangle":
        """Return the triangle of a batch's rows.

        Rows of weight 0 count as absent. The batch is not changed.

        Raises:
            DataError: a weight is negative or not finite, or a value is so large that its square overflows.
        """
        batch = _rows_that_count(batch)
        empty = cls.empty(batch.features, batch.targets)
        blocks = (batch.take(slice(start, start + BLOCK_ROWS)) for start in range(0, len(batch), BLOCK_ROWS))
        log_weights = 0.0 if batch.weight is None else float(np.log(batch.weight).sum())
        try:
            whole = reduce(cls.__add__, map(cls._of_block, blocks), empty)
        except DataError:
            # what a section of the rows has refused is counted over all of them
            check_finite(np.concatenate([batch.X, batch.y], axis=1), (*batch.features, *batch.targets), batch.first_row)
            raise
        return replace(whole, log_weights=log_weights)

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
        parts, d = [cls.empty(batch.features, batch.targets) for _ in range(count)], len(batch.features)
        for start in range(0, len(batch), BLOCK_ROWS * count):
            block = slice(start, start + BLOCK_ROWS * count)
            rows, here = batch.take(block), labels[block]
            reduced: list[gram.Reduced | None] = [None] * count
            if len(rows) >= GRAM_ROWS * count * d and len(rows) * d**2 > EXTENDED_WORK and rows.weight is None:
                reduced = gram.triangularize_parts(rows, here, count)
            for part, sums in enumerate(reduced):
                if sums is None:
                    parts[part] = parts[part] + cls.of(rows.take(here == part))
                else:  # each row weighs 1: the total weight is their number
                    parts[part] = parts[part] + cls(batch.features, batch.targets, int(sums[0]), *sums)
        return parts

    @classmethod
    def _of_block(cls, batch: Batch) -> "Triangle":
        """Triangularize one block: by a Gram matrix where it is large and well-conditioned, by QR otherwise."""
        columns = len(batch.features) + len(batch.targets)
        if len(batch) >= GRAM_ROWS * columns and len(batch) * columns**2 > EXTENDED_WORK:
            by_gram = gram.triangularize(batch)
            if by_gram is not None:
                return cls(batch.features, batch.targets, len(batch), *by_gram)
        pieces = [batch.take(slice(start, start + QR_ROWS)) for start in range(0, len(batch), QR_ROWS)]
        return reduce(cls.__add__, parallel_map(cls._by_qr, pieces))

    @classmethod
    def _by_qr(cls, batch: Batch) -> "Triangle":
        """Triangularize one block: shift by its mean first, so that QR works on numbers of the size of the spread."""
        rows = np.concatenate([batch.X, batch.y], axis=1)
        check_finite(rows, (*batch.features, *batch.targets), first_row=batch.first_row)
        weight = np.ones(len(rows)) if batch.weight is None else batch.weight
        heavy = rows if batch.weight is None else rows * np.sqrt(np.maximum(weight, 1.0))[:, None]
        if np.abs(heavy).max(initial=0.0) > LARGEST:
            raise DataError(_too_large((*batch.features, *batch.targets), rows, heavy))
        total = float(weight.sum())
        shift = weight @ rows / total
        wide = rows.astype(working_type(rows))
        root = np.sqrt(weight.astype(wide.dtype))[:, None]
        factor = triangularize(np.concatenate([root, root * (wide - shift)], axis=1))
        # the first row of R holds √W·(mean - shift): what rounding left of the mean
        means, tails = two_sum(shift, (factor[0, 1:] / factor[0, 0]).astype(np.float64))
        return cls(batch.features, batch.targets, len(rows), total, means, tails, factor[1:, 1:].astype(np.float64))

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
        coding, origins = self.coding or other.coding, self.origins + other.origins
        if not self.row_count or not other.row_count:
            return replace(self if self.row_count else other, coding=coding, origins=origins)
        total = self.total_weight + other.total_weight
        work = working_type(np.vstack([self.centred, other.centred]))
        between = (other.means.astype(work) - self.means) + (other.tails - self.tails)
        row = np.sqrt(work(self.total_weight) * (other.total_weight / work(total))) * between
        step = (between * (other.total_weight / work(total))).astype(np.float64)
        means, tails = two_sum(self.means, self.tails + step)
        return Triangle(
            self.features,
            self.targets,
            self.row_count + other.row_count,
            total,
            means,
            tails,
            triangularize(np.vstack([self.centred, other.centred, row])).astype(np.float64),
            coding,
            origins,
            self.log_weights + other.log_weights,
        )

    @property
    def factor(self) -> FloatArray:
        """R itself, upper triangular, shape (1 + d + t, 1 + d + t), the column of ones first."""
        root = math.sqrt(self.total_weight)
        return np.block(
            [[np.array([[root]]), root * self.means[None, :]], [np.zeros((len(self.means), 1)), self.centred]]
        )

    @property
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

    def select(self, features: tuple[str, ...] | None = None, targets: tuple[str, ...] | None = None) -> "Triangle":
        """Return the triangle of some columns, in the order given; a target may become a feature and the reverse.

        Raises:
            UsageError: a name is unknown or stands twice.
        """
        features = self.features if features is None else tuple(features)
        targets = self.targets if targets is None else tuple(targets)
        names = (*self.features, *self.targets)
        chosen = (*features, *targets)
        unknown = [name for name in chosen if name not in names]
        if unknown or len(set(chosen)) != len(chosen):
            wrong = f"unknown column {unknown[0]!r}" if unknown else "a column stands twice"
            raise UsageError(f"cannot select {chosen}: {wrong}. The triangle has {names}.")
        index = [names.index(name) for name in chosen]
        return replace(
            self,
            features=features,
            targets=targets,
            means=self.means[index],
            tails=self.tails[index],
            centred=retriangularize(self.centred[:, index]),
            coding=None if self.coding is None else self.coding.select(features),
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
        d = len(self.features)
        means, deviations = self.means[:d], self.deviations[:d]
        if name == "raw":
            return Coordinates(name, np.zeros(d), np.ones(d), fit_intercept)
        if name == "centred" and fit_intercept:
            return Coordinates(name, means, np.ones(d), True)
        if name == "standardized":
            scale = deviations if fit_intercept else np.hypot(means, deviations)
            shift = means if fit_intercept else np.zeros(d)
            return Coordinates(name, shift, np.where(scale > 0, scale, 1.0), fit_intercept)
        if name == "centred":
            raise UsageError(
                "centred inputs need an intercept to take the means up.", remedies.INTERCEPT, "use raw inputs"
            )
        raise UsageError(f'coordinates are "raw", "centred" or "standardized"; given was {name!r}.')

    def input_sizes(self, coordinates: Coordinates) -> FloatArray:
        """Return each parameter's input as root mean square with the sign of its mean, shape (p,); 1 for the intercept."""
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
            (R_x, r_y, rho): upper triangular (p, p), right-hand sides (p, t), and ρ (t,), with p = d + 1, or d
            without intercept. Rounding noise of constant columns is set to exactly 0.
        """
        d = len(self.features)
        centred = self.centred.copy()
        centred[:, :d] *= self.deviations[:d] > 0
        centred[:, :d] /= coordinates.scale
        first = math.sqrt(self.total_weight) * self.means
        first[:d] = math.sqrt(self.total_weight) * ((self.means[:d] - coordinates.shift) / coordinates.scale)
        first[:d][np.abs(first[:d]) < SMALLEST * math.sqrt(self.total_weight)] = 0.0
        if coordinates.fit_intercept:
            factor = np.zeros((1 + len(first), 1 + len(first)))
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the triangle to one file, with its coding and where its rows came from; no pickle, with a checksum.

        The file is whole or absent; `Triangle.load(path)` gives the same bits back.
        """
        header, arrays = self.parts()
        write_arrays(path, FORMAT, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Triangle":
        """Read a triangle that `save` wrote.

        Raises:
            ModelFileError: the file is damaged, is no triangle, or has a version this steepest does not know.
            FileNotFoundError: there is no such file.
        """
        header, arrays = read_arrays(path, FORMAT)
        try:
            return cls.from_parts(header, arrays)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelFileError(
                f"{path} is not a triangle that steepest wrote. Make it again from the data."
            ) from error

    def parts(self) -> tuple[dict[str, Any], dict[str, FloatArray]]:
        """Return the triangle as JSON types and arrays; `from_parts` gives it back, bit for bit."""
        header = {
            "features": list(self.features),
            "targets": list(self.targets),
            "row_count": self.row_count,
            "total_weight": self.total_weight.hex(),
            "log_weights": self.log_weights.hex(),
            "coding": None if self.coding is None else self.coding.as_json(),
            "origins": list(self.origins),
        }
        return header, {"means": self.means, "tails": self.tails, "centred": self.centred}

    @classmethod
    def from_parts(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> "Triangle":
        """Return the triangle of what `parts` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        features, targets = tuple(map(str, header["features"])), tuple(map(str, header["targets"]))
        m = len(features) + len(targets)
        means, tails, centred = (np.asarray(arrays[name], dtype=np.float64) for name in ("means", "tails", "centred"))
        if means.shape != (m,) or tails.shape != (m,) or centred.shape != (m, m):
            raise ValueError("the arrays do not fit the names")
        coding = None if header["coding"] is None else Coding.from_json(header["coding"])
        total, logs = float.fromhex(header["total_weight"]), float.fromhex(header.get("log_weights", "nan"))
        rows, origins = int(header["row_count"]), tuple(header["origins"])
        return cls(features, targets, rows, total, means, tails, centred, coding, origins, logs)

    @property
    def checksum(self) -> str:
        """SHA-256 of names, counts and numbers: equal for triangles that are equal to the last bit."""
        names = json.dumps([self.features, self.targets, self.row_count, self.total_weight.hex()])
        return hashlib.sha256(
            names.encode() + self.means.tobytes() + self.tails.tobytes() + self.centred.tobytes()
        ).hexdigest()


def _rows_that_count(batch: Batch) -> Batch:
    """Check the weights and leave rows of weight 0 out."""
    if batch.weight is None:
        return batch
    if not np.isfinite(batch.weight).all() or (batch.weight < 0).any():
        wrong = batch.weight[~(np.isfinite(batch.weight) & (batch.weight >= 0))]
        raise DataError(f"weights must be finite and not negative; {wrong.size} are not, the first is {wrong[0]}.")
    counts = batch.weight > 0
    return batch if counts.all() else batch.take(counts)


def _too_large(names: tuple[str, ...], rows: FloatArray, heavy: FloatArray) -> str:
    """Say which column has values whose squares, times the rows' weights, leave float64."""
    largest = np.abs(heavy).max(axis=0)
    column = int(largest.argmax())
    value = np.abs(rows[:, column]).max()
    weighed = "" if value == largest[column] else f" ({largest[column]:.3g} with the root of its row's weight)"
    return (
        f"squares overflow: column {names[column]!r} holds {value:.3g}{weighed}, and squared loss needs squares and "
        f"their sum below 1.8e308. Rescale the column (choose another unit){', or divide all weights by the largest' if weighed else ''}."
    )
