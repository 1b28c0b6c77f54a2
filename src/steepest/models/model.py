"""Model files: a fitted model as JSON that says everything and keeps every bit; never a pickle."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.analysis.classification import check_threshold
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice
from steepest.analysis.smearing import Smearing
from steepest.data.coding import Coding
from steepest.data.offset_column import OffsetColumn
from steepest.data.sources import Unseen
from steepest.data.sources.labels import label_column
from steepest.data.sources.log_target import log_name, own_names
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.models.link import class_codes, kept_loss, loss_of, predicted
from steepest.models.predictions import MissingInput, asked_offset, predict_rows
from steepest.models.schema import (
    FORMAT,
    LOG_VERSION,
    LOSS_VERSION,
    OFFSET_VERSION,
    VERSION,
    checksum,
    parse,
    problem_of,
    read,
    units_of_model,
)
from steepest.models.sparse_model import chosen_model, columns_in_use, selection_words, weights_of
from steepest.models.target_scale import LogScale
from steepest.objectives.loss_choice import numbers_of
from steepest.rules import registry as rules
from steepest.support.arguments import check_file_name, check_flag, check_kind, check_path
from steepest.support.arrays import FloatArray
from steepest.support.files import write_whole
from steepest.support.looks import html_weights, on, weight_lines
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.version import __version__
from steepest.support.words import pluralize


@numeric
@dataclass(frozen=True, eq=False)
class Model(Value):
    """A fitted linear model, in the data's own units.

    Args:
        features: names of the d inputs, in order.
        targets: names of the t targets.
        weights: shape (d, t), target units per feature unit.
        bias: shape (t,), target units.
        training: how it was made: objective, rule, epochs, coordinates, verdict, data (JSON types).
        coding: how the features are made from a table's columns, or None where the model was fitted to arrays.
        target_scale: where the targets' logarithms were fitted: how predictions come back in the targets' own units; weights
            and bias are then of the logarithms.
        loss: what was minimized, "squared", "logistic" and so on: it says how X @ weights + bias becomes a prediction.
        classes: the labels of the classes, in the order of their codes; empty where the target was a number.
        offset: which column is added to each row's margin, and how; None where none is.

    Two models are equal when all of this is; the arrays are read-only.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray
    training: dict[str, Any] = field(default_factory=dict)
    coding: Coding | None = None
    target_scale: LogScale | None = None
    loss: str = "squared"
    classes: tuple[str, ...] = ()
    offset: OffsetColumn | None = None

    def _told(self) -> Iterator[str]:
        fitted = self.targets if self.target_scale is None else tuple(map(log_name, self.targets))
        yield f": {on(fitted, self.features)}"
        yield from weight_lines(self.features, self.targets, self.weights, self.bias)
        yield from self._origin()

    def _repr_html_(self) -> str:
        """What a notebook shows: bias and weights, and how they were made."""
        caption, *_ = self._told()
        return html_weights(f"Model{caption}", self.features, self.targets, self.weights, self.bias, self._origin())

    def _origin(self) -> Iterator[str]:
        """How the model predicts, and how it was made, where it says so."""
        if self.loss != "squared":
            yield f"{self.loss} loss; " + (
                f"predicts {self._predicts}" if self.names_classes else "predicts the target"
            )
        if self.offset is not None:
            where = "beside the rows" if self.offset.column is None else f"in column {self.offset.column!r}"
            yield f"predictions need the {self.offset.option} of each row, {where}"
        if self.target_scale is not None:
            yield f"predicts {self.target_scale.sentence(self.targets)}"
        epochs, rule = self.training.get("epochs"), self.training.get("rule", {})
        if isinstance(epochs, int) and isinstance(rule, dict):
            yield f"made by {pluralize(epochs, 'epoch')} of rule {rule.get('name', 'unknown')}"
        if (made := selection_words(self.training)) is not None:
            yield made
        verdict = self.training.get("verdict")
        if isinstance(verdict, dict):
            yield f"verdict: {verdict.get('kind', 'unknown')}"

    @classmethod
    def of(cls, run: Trajectory, data: dict[str, Any] | None = None, smearing: Smearing | None = None) -> "Model":
        """Return the model at the last epoch of a run.

        Args:
            run: the run.
            data: where its rows came from (JSON types).
            smearing: of a run on logarithms, what `steepest.smearing` gave: predictions are then means; None: exp of the fit.

        Raises:
            UsageError: there is a smearing and the run is on no logarithms.
        """
        check_kind("run", run, Trajectory)
        triangle, loss = run.problem.triangle, loss_of(run)
        if smearing is not None and not triangle.log_target:
            raise UsageError(
                "smearing belongs to a run on logarithms, and the target of this one is none. Leave it out."
            )
        if data is not None:
            check_kind("data", data, dict)
        d, t = len(run.features), len(run.targets)
        training = {
            "objective": run.objective,
            "l2": run.l2,
            "rule": rules.as_json(run.rule),
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
            "data": {} if data is None else data,
            "steepest": __version__,
        }
        training |= {"l1": run.l1} if run.l1 else {}
        training |= {"loss_numbers": numbers} if (numbers := numbers_of(getattr(run.problem, "loss", None))) else {}
        weights, bias = run.weights.reshape(d, t), np.reshape(run.bias, (t,))
        factor = None if smearing is None else tuple(check_kind("smearing", smearing, Smearing).factor.tolist())
        scale = LogScale(factor) if triangle.log_target else None
        targets = run.targets if loss == "multinomial" else own_names(triangle)
        classes = () if run.coding is None else run.coding.classes
        coding = None if run.coding is None else replace(run.coding, classes=(), offset=None)
        offset = None if run.coding is None else run.coding.offset
        if offset is None and run.problem.has_offset:
            offset = OffsetColumn("offset", None)
        return cls(run.features, targets, weights, bias, training, coding, scale, loss, classes, offset)

    @classmethod
    def of_path(
        cls,
        path: Path,
        choose: PathChoice | float = "best",
        *,
        only_in_use: bool = False,
        data: dict[str, Any] | None = None,
    ) -> "Model":
        """Return one of the sparse models of a path, to be saved, exported and predicted with as any other.

        Args:
            path: what `steepest.path` gave.
            choose: "best", "one_standard_error", "bic", "aic" or "cp"; or a penalty.
            only_in_use: leave out the columns that the model does not use: a table needs them no more. False: weights of 0.
            data: where its rows came from (JSON types).

        Raises:
            UsageError: an unknown choice, no row was held out, or the path was not followed down to the penalty.
            DataError: a criterion needs more rows than coefficients.

        Example:
            >>> import steepest
            >>> X = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
            >>> p = steepest.path(X, [1.0, -1.0, 3.0, -3.0], folds=None)
            >>> Model.of_path(p, 1.0).weights.tolist(), Model.of_path(p, 1.0, only_in_use=True).features
            ([[0.0], [1.0]], ('x2',))
        """
        check_kind("path", path, Path)
        chosen, training = chosen_model(path, choose)
        features, coding = path.features, path.triangle.coding
        if check_flag("only_in_use", only_in_use):
            features, coding = columns_in_use(path, chosen)
        training["data"] = {} if data is None else check_kind("data", data, dict)
        weights, bias = weights_of(path, chosen, features), np.array([float(chosen.bias)])
        scale = LogScale(None) if path.triangle.log_target else None
        loss = getattr(path, "loss", None)
        training |= {"loss_numbers": numbers} if (numbers := numbers_of(loss)) else {}
        classes = () if path.triangle.coding is None else path.triangle.coding.classes
        coding = None if coding is None else replace(coding, classes=())
        return cls(features, own_names(path.triangle), weights, bias, training, coding, scale, kept_loss(loss), classes)

    def predict(
        self,
        data: object,
        *,
        offset: object = None,
        exposure: object = None,
        missing: MissingInput = "error",
        unseen: Unseen = "error",
        **text: Any,
    ) -> FloatArray:
        """Return predictions, shape (n,) or (n, t): X @ weights + bias, or factor·exp of that where the target is a logarithm.

        Of logistic loss they are the probability of the second class, 1 / (1 + exp(-margin)) with margin = X @ weights + bias;
        of multinomial loss the probability of each, shape (n, K); of Poisson loss the expected count, exp(margin).

        Args:
            data: inputs of shape (n, d), the features in their order; or a data frame, a file, a folder or SELECT … with the
                columns the model was fitted to, which are coded as they were then.
            offset: of a model with an offset, that of these rows: one number a row, one for all, or the name of a column;
                default: the column that the model was fitted with.
            exposure: e^offset instead, above 0: 1 gives the expected count per unit of exposure.
            missing: rows with missing inputs: "error", "drop" (left out) or "empty" (NaN).
            unseen: categories the model does not know: "error" or "reference" (taken for the reference).
            text: delimiter, decimal, encoding, thousands, comment, percent, currency and database, as `steepest.open_source`.

        Raises:
            DataError: the data has other columns, missing values, or categories that the model does not know; says which. A
                prediction of a logarithm is beyond float64.
            UsageError: the offset of the rows is not known, or the model has none.

        Example:
            >>> model = Model(("x1",), ("y",), np.array([[0.5]]), np.array([2.0]))
            >>> model.predict([[1.0], [300.0]])
            array([  2.5, 152. ])
            >>> rate = Model(("x1",), ("calls",), np.array([[0.0]]), np.array([0.0]), loss="poisson", offset=OffsetColumn("exposure", "hours"))
            >>> rate.predict([[7.0], [7.0]], exposure=[1.0, 24.0]).round(12)
            array([ 1., 24.])
        """
        beside = asked_offset(self.offset, data, offset, exposure)
        options = {"missing": missing, "unseen": unseen, **text}
        result = predict_rows(data, self.features, self.coding, self.weights, self.bias, **beside, **options)
        result = predicted(self.loss, self.target_scale, result)
        return result[:, 0] if len(self.targets) == 1 else result

    @property
    def names_classes(self) -> bool:
        """Whether the model predicts which class a row is in."""
        return self.loss in ("logistic", "multinomial")

    @property
    def column(self) -> str:
        """The target's column; of several classes that were labels the column of these."""
        return label_column(self.targets, self.classes) if self.classes else self.targets[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """What the classes are called: by their labels, or where they had none "0" and "1", or as their columns."""
        return self.classes or (("0", "1") if len(self.targets) == 1 else self.targets)

    @property
    def _predicts(self) -> str:
        """What is predicted, in words."""
        return f"the probability of {self.labels[1]!r}" if self.loss == "logistic" else "the probability of each class"

    def classify(
        self,
        data: object,
        *,
        threshold: float = 0.5,
        offset: object = None,
        exposure: object = None,
        missing: MissingInput = "error",
        unseen: Unseen = "error",
        **text: Any,
    ) -> NDArray[Any]:
        """Return the predicted class of each row, shape (n,): labels as texts, "" where missing is "empty" and inputs are.

        Args:
            data: as `predict`.
            threshold: of two classes, the probability above which the second is predicted; of more, the likeliest is.
            offset, exposure: as `predict`.
            missing: as `predict`.
            unseen: as `predict`.
            text: as `predict`.

        Raises:
            UsageError: the model predicts numbers, or the threshold is no probability.
            DataError: as `predict`.

        Example:
            >>> model = Model(("x1",), ("churn",), np.array([[1.0]]), np.array([0.0]), loss="logistic", classes=("no", "yes"))
            >>> model.predict([[-1.0], [2.0]]).round(4), model.classify([[-1.0], [2.0]])
            (array([0.2689, 0.8808]), array(['no', 'yes'], dtype='<U3'))
        """
        if not self.names_classes:
            raise UsageError(
                f"a model of {self.loss} loss predicts numbers, and no classes.", "take what predict gives"
            )
        threshold = check_threshold(threshold)
        options = {"offset": offset, "exposure": exposure, "missing": missing, "unseen": unseen, **text}
        probabilities = np.asarray(self.predict(data, **options))
        codes = class_codes(probabilities[:, None] if probabilities.ndim == 1 else probabilities, threshold)
        return np.array([*self.labels, ""])[codes]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as JSON, whole or not at all.

        Raises:
            DataError: a number of the model is not finite, or a part is not what it must be; such a model is not kept.
        """
        write_whole(check_file_name("path", path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the bytes of the file: JSON, floats in the shortest form that reads back to the same bits.

        Raises:
            DataError: as `save`.
        """
        if not (np.isfinite(self.weights).all() and np.isfinite(self.bias).all()):
            raise DataError("the model holds NaN or inf and is not written. See the run's verdict for the cause.")
        content = self._content()
        problem = problem_of(content)
        if problem:
            raise DataError(f"the model cannot be written, it would not be read again: {problem}.")
        try:
            signed = {**content, "sha256": checksum(content)}
            return json.dumps(signed, indent=1, allow_nan=False, ensure_ascii=False).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise DataError(f"the model's training holds what JSON cannot say: {error}.") from None

    @classmethod
    def from_bytes(cls, content: bytes) -> "Model":
        """Return the model in the bytes of a file; every float has the bits it was saved with.

        Raises:
            ModelFileError: damaged, foreign, of another version, or not matching its checksum.

        Example:
            >>> model = Model(("x1",), ("y",), np.array([[0.1]]), np.array([2.0]))
            >>> Model.from_bytes(model.to_bytes()) == model
            True
        """
        return _from_bytes(check_kind("content", content, bytes), "the byte string")

    def _content(self) -> dict[str, Any]:
        scale = {} if self.target_scale is None else {"target_scale": self.target_scale.as_json()}
        loss = {} if self.loss == "squared" else {"loss": self.loss, "classes": list(self.classes)}
        offset = {} if self.offset is None else {"offset": self.offset.as_json()}
        versions = {OFFSET_VERSION: offset, LOSS_VERSION: loss, LOG_VERSION: scale}
        return {
            "format": FORMAT,
            "version": next((version for version, field in versions.items() if field), VERSION),
            "features": list(self.features),
            "targets": list(self.targets),
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
            "units": units_of_model(bool(scale), self.loss),
            "training": self.training,
            "coding": None if self.coding is None else self.coding.as_json(),
            **scale,
            **loss,
            **offset,
        }


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that `Model.save` wrote; every float has the bits it was saved with.

    Args:
        path: model.json, or the run folder that holds it.

    Raises:
        ModelFileError: damaged, foreign, of another version, or not matching its checksum.
    """
    file = check_path("path", path)
    file = file / "model.json" if os.path.isdir(file) else file
    return _from_bytes(read(file), str(file))


def _from_bytes(data: bytes, name: str) -> Model:
    content = parse(data, name)
    return Model(
        tuple(content["features"]),
        tuple(content["targets"]),
        np.array(content["weights"], dtype=np.float64),
        np.array(content["bias"], dtype=np.float64),
        content["training"],
        None if content["coding"] is None else Coding.from_json(content["coding"]),
        LogScale.from_json(content["target_scale"]) if "target_scale" in content else None,
        content.get("loss", "squared"),
        tuple(content.get("classes", ())),
        OffsetColumn.from_json(content["offset"]) if "offset" in content else None,
    )
