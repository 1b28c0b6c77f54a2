"""Kept run: what `steepest compare` reads of a run folder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent.trajectory import Trajectory
from steepest.models import run_reader
from steepest.models.run_folder import finite
from steepest.support.arrays import FloatArray
from steepest.support.values import Value
from steepest.views.plots.canvas import CURVE_POINTS

OF_CLASSES = ("logistic", "multinomial")
LOSS_NUMBERS = ("delta", "tau")  # what the loss of a row depends on; how far a kink is smoothed belongs to the descent


@dataclass(frozen=True, eq=False)
class KeptRun(Value):
    """A run folder, to be set beside others.

    Args:
        name: the folder, as it was given.
        record: its run.json.
        run: the run; None on another loss than squares, whose rows are gone.
    """

    name: str
    record: dict[str, Any]
    run: Trajectory | None

    @classmethod
    def read(cls, name: str) -> "KeptRun":
        """Read a folder.

        Raises:
            UsageError: it is no run folder.
            ModelFileError: a file in it is damaged, or they do not belong together.
        """
        folder = Path(name)
        record = run_reader.read_record(folder)
        if run_reader.loss_of_folder(folder) != "squared":
            return cls(name, record, None)
        return cls(name, record, run_reader.read(folder))

    @property
    def rows(self) -> tuple[object, ...]:
        """What tells the rows that it learned from, as far as the target goes, from others."""
        data = self.record["data"]
        return data.get("sha256_of_size_and_ends") or json.dumps(data, sort_keys=True), self.record["options"].get(
            "seed"
        )

    @property
    def target(self) -> str:
        """The target's column; of squares as the run names it, a logarithm for example."""
        return str(self.record["target"]) if self.run is None else self.run.targets[0]

    @property
    def features(self) -> tuple[str, ...]:
        """The inputs."""
        return tuple(self.record["features"])

    @property
    def rule(self) -> tuple[str, float | None]:
        """The rule's name and its learning rate, where it has one."""
        if self.run is not None:
            return self.run.rule.name, getattr(self.run.rule, "learning_rate", None)
        told = self.record["rule"]
        inner = told.get("rule") if isinstance(told.get("rule"), dict) else {}
        return str(told["name"]), told.get("learning_rate", inner.get("learning_rate"))

    @property
    def loss(self) -> str:
        """What a row costs, with the loss's own numbers: "quantile (tau 0.9)"."""
        if self.run is not None:
            return "squared"
        numbers = self.record.get("loss_numbers", {})
        told = ", ".join(f"{key} {numbers[key]:g}" for key in LOSS_NUMBERS if key in numbers)
        return f"{self.record['objective']} ({told})" if told else str(self.record["objective"])

    @property
    def error_name(self) -> str:
        """The error that runs on this loss are compared by, a key of run.json."""
        if self.run is not None:
            return "rmse"
        return "log_loss" if self.record["objective"] in OF_CLASSES else "deviance"

    @property
    def error(self) -> float | None:
        """That error on the rows learned from."""
        return float(self.run.last.rmse) if self.run is not None else self.measure("train", self.error_name)

    @property
    def test_error(self) -> float | None:
        """The same on held-out rows."""
        found: float | None = (
            self.record.get("test_rmse") if self.run is not None else self.measure("test", self.error_name)
        )
        return found

    @property
    def test_share(self) -> float | None:
        """How much of the held-out rows is told: R² of squares, the accuracy of classes, else D²."""
        if self.run is not None:
            found: float | None = self.record.get("test_r2")
            return found
        return self.measure("test", "accuracy" if self.error_name == "log_loss" else "d_squared")

    def measure(self, rows: str, name: str) -> float | None:
        """What `fit` measured on rows of "train" or "test", or None."""
        value: float | None = ((self.record.get("measures") or {}).get(rows) or {}).get(name)
        return value

    def curve(self, error: str) -> tuple[NDArray[np.int64], FloatArray]:
        """Epochs, shape (K,), and "rmse" there, shape (K,); of another error the loss, with the run's penalty."""
        if self.run is None:
            return run_reader.read_curve(Path(self.name), "rmse" if error == "rmse" else "loss")
        epochs = self.run.some_epochs(CURVE_POINTS)
        return np.asarray(epochs), np.asarray(self.run.rmse(epochs))

    def as_json(self) -> dict[str, Any]:
        """What is told of it as JSON types."""
        keys = (
            "target",
            "features",
            "coordinates",
            "rule",
            "epochs",
            "l2",
            "objective",
            "rmse",
            "test_rmse",
            "test_r2",
        )
        told = {"run": self.name, "verdict": self.record["verdict"]["kind"], "loss": self.loss}
        told |= {key: finite(self.record.get(key)) for key in keys}
        if self.run is not None:
            return told
        return told | {self.error_name: self.error, f"test_{self.error_name}": self.test_error}
