"""Model files: a fitted model as JSON that says everything and keeps every bit; never a pickle."""

import hashlib
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.batch import FloatArray
from steepest.coding import Coding
from steepest.errors import DataError, ModelFileError
from steepest.files import write_whole
from steepest.trajectory import Trajectory
from steepest.version import __version__

FORMAT = "steepest-model"
VERSION = 1
LARGEST_FILE = 256 << 20


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted linear model, in the data's own units.

    Args:
        features: names of the d inputs, in order.
        targets: names of the t targets.
        weights: shape (d, t), target units per feature unit.
        bias: shape (t,), target units.
        training: how it was made: objective, rule, epochs, coordinates, verdict, data (JSON types).
        coding: how the features are made from a table's columns, or None where the model was fitted to arrays.

    Two models are equal when all of this is.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray
    training: dict[str, Any] = field(default_factory=dict)
    coding: Coding | None = None

    @classmethod
    def of(cls, run: Trajectory, data: dict[str, Any] | None = None) -> "Model":
        """Return the model at the last epoch of a run."""
        d, t = len(run.features), len(run.targets)
        training = {
            "objective": run.objective,
            "l2": run.l2,
            "rule": {"name": run.rule.name, **vars(run.rule)},  # type: ignore[attr-defined]
            "epochs": run.epochs,
            "engine": run.engine,
            "automatic": dict(run.reasons),
            "coordinates": {
                "name": run.coordinates.name,
                "shift": run.coordinates.shift.tolist(),
                "scale": run.coordinates.scale.tolist(),
                "fit_intercept": run.coordinates.fit_intercept,
            },
            "verdict": {"kind": run.verdict.kind, "sentence": str(run.verdict)},
            "data": data or {},
            "steepest": __version__,
        }
        weights, bias = run.weights.reshape(d, t), np.reshape(run.bias, (t,))
        return cls(run.features, run.targets, weights, bias, training, run.coding)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return X @ weights + bias for X (n, d): shape (n,), or (n, t) for several targets.

        Raises:
            DataError: X has another number of columns.
        """
        inputs = np.asarray(X, dtype=np.float64)
        if inputs.ndim != 2 or inputs.shape[1] != len(self.features):
            raise DataError(
                f"the model has the features {self.features}, so X must have the shape (n, {len(self.features)}); given was {inputs.shape}."
            )
        result = inputs @ self.weights + self.bias
        return result[:, 0] if len(self.targets) == 1 else result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self._content() == other._content()

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as JSON, whole or not at all.

        Raises:
            DataError: a number of the model is not finite; such a model is not kept.
        """
        write_whole(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes of the file: floats in the shortest form that reads back to the same bits."""
        if not (np.isfinite(self.weights).all() and np.isfinite(self.bias).all()):
            raise DataError("the model holds NaN or inf and is not written. See the run's verdict for the cause.")
        content = self._content()
        return (
            json.dumps(
                {**content, "sha256": _checksum(content)}, indent=1, allow_nan=False, ensure_ascii=False
            ).encode()
            + b"\n"
        )

    def _content(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "features": list(self.features),
            "targets": list(self.targets),
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
            "training": self.training,
            "coding": None if self.coding is None else self.coding.as_json(),
        }


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that `Model.save` wrote; every float has the bits it was saved with.

    Args:
        path: model.json, or the run folder that holds it.

    Raises:
        ModelFileError: damaged, foreign, of another version, or not matching its checksum.
    """
    file = Path(path)
    file = file / "model.json" if file.is_dir() else file
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise ModelFileError(f"{file} is larger than any model of ours; it is not read.")
        text = file.read_bytes().decode("utf-8")
        content = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_doubles)
    except FileNotFoundError:
        raise ModelFileError(f"not found: {file}. Give a run folder or its model.json.") from None
    except (ValueError, RecursionError, OSError) as error:
        raise ModelFileError(
            f"{file} is not a model that steepest wrote: {_first_line(error)}. Fit it again, or restore the file."
        ) from None
    return _from_content(content, file)


def _from_content(content: Any, file: Path) -> Model:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f'{file} is not a model that steepest wrote: it does not say "format": "{FORMAT}".')
    if content.get("version") != VERSION:
        raise ModelFileError(
            f"{file} has format version {content.get('version')!r}; this steepest ({__version__}) reads version {VERSION}."
        )
    expected = {"format", "version", "features", "targets", "weights", "bias", "training", "coding", "sha256"}
    if set(content) != expected:
        raise ModelFileError(f"{file} has other fields than a model: {sorted(set(content) ^ expected)}.")
    if not (
        _are_names(content["features"]) and _are_names(content["targets"]) and isinstance(content["training"], dict)
    ):
        raise ModelFileError(f"{file} has features, targets or training of the wrong type.")
    d, t = len(content["features"]), len(content["targets"])
    weights, bias = content["weights"], content["bias"]
    if not (
        isinstance(weights, list)
        and len(weights) == d
        and all(_are_numbers(row, t) for row in weights)
        and _are_numbers(bias, t)
    ):
        raise ModelFileError(f"{file} needs {d} rows of {t} finite weights and {t} finite biases.")
    try:
        coding = None if content["coding"] is None else Coding.from_json(content["coding"])
    except (KeyError, TypeError, ValueError):
        raise ModelFileError(f"{file} has a coding of the wrong form.") from None
    if coding is not None and coding.features != tuple(content["features"]):
        raise ModelFileError(f"{file} has a coding that does not give its features.")
    checksum = content.pop("sha256")
    if _checksum(content) != checksum:
        raise ModelFileError(
            f"{file} was changed or damaged: its content does not match its checksum. Restore it, or fit again."
        )
    return Model(
        tuple(content["features"]),
        tuple(content["targets"]),
        np.array(weights, dtype=np.float64).reshape(d, t),
        np.array(bias, dtype=np.float64),
        content["training"],
        coding,
    )


def _checksum(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _are_names(values: object) -> bool:
    return (
        isinstance(values, list)
        and bool(values)
        and all(isinstance(v, str) for v in values)
        and len(set(values)) == len(values)
    )


def _are_numbers(values: object, count: int) -> bool:
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(isinstance(v, float) and math.isfinite(v) for v in values)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"it holds {text}, which is no number")


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
