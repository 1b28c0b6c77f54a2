"""Export to ONNX: a graph in double precision, of operators that every runtime since 2019 has."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.coding import Coding, Column
from steepest.errors import UsageError
from steepest.models.export.description import description
from steepest.models.export.terms import (
    BOOLEAN,
    coding_of,
    factors_of,
    is_boolean,
    names_of,
    numbers_of,
    offset_of,
    refuse_characters,
    refuse_nameless,
)
from steepest.models.model import Model
from steepest.support.version import __version__

OPSET = 9  # the first with Where and IsNaN
ML_OPSET = 2  # the first with LabelEncoder from texts to numbers
IR_VERSION = 4  # the first in which constants need not be inputs
UNKNOWN = -1


def export(model: Model) -> bytes:
    """Return the bytes of an ONNX model with the output y (n, t), float64: of two classes the second's probability, of more each's.

        plain numbers     one input X (n, d), float64, in the order of the model's features
        coded columns     one input a raw column (n, 1), of its name: float64, or string for texts
        offset, exposure  one input (n, 1) more, of its name, float64; where that is X, the other one is X_

    A boolean is the text "true", "t", "yes", "y", "1" or "false", "f", "no", "n", "0", in any case.
    A missing number is NaN, a missing text "". Where the model was fitted without missing values they give NaN, as does
    an unknown category.

    Args:
        model: any.

    Raises:
        UsageError: the package onnx is not installed, or a column cannot be said in ONNX.
        DataError: the model's parts do not fit together, or are not finite.
    """
    try:
        import onnx  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            "ONNX needs the package onnx. Install it: pip install 'steepest[onnx]', or export to python, sql or excel."
        ) from None
    coding = coding_of(model)
    _refuse(model, coding)
    beside, is_log = offset_of(model)
    taken = set(() if coding.is_plain else coding.names)
    graph = _Graph(onnx, taken if beside is None else {*taken, beside.name})
    guards: list[str] = []
    features = _plain(graph, len(model.features)) if coding.is_plain else _coded(graph, coding, guards)
    result = graph.node("MatMul", features, graph.constant(model.weights))
    guards += [] if beside is None else [_offset(graph, beside, is_log)]
    for guard in guards:
        result = graph.node("Add", result, guard)
    operator, inputs = _linked(graph, model, [result, graph.constant(model.bias)])
    output = graph.free("y")
    graph.nodes.append(onnx.helper.make_node(operator, inputs, [output]))
    content = graph.model(output, len(model.targets))
    content.doc_string = "\n".join(description(model, coding))
    content.producer_name, content.producer_version = "steepest", __version__
    named = {"features": model.features, "targets": model.targets, "columns": names_of(model)}
    named |= {"classes": model.labels} if model.names_classes else {}
    onnx.helper.set_model_props(content, {key: "\n".join(names) for key, names in named.items()})
    onnx.checker.check_model(content, full_check=True)
    return bytes(content.SerializeToString(deterministic=True))


def _linked(graph: "_Graph", model: Model, terms: list[str]) -> tuple[str, list[str]]:
    """Return the last operator and its inputs: of the margins, which are the sum of terms, or of what they stand for."""
    factors, one = factors_of(model), np.ones((1, 1))
    if factors is not None:
        return "Mul", [graph.node("Exp", graph.node("Add", *terms)), graph.constant(np.array(factors))]
    if model.loss == "logistic":  # exp may be inf, and 1 over that 0
        odds = graph.node("Exp", graph.node("Neg", graph.node("Add", *terms)))
        return "Div", [graph.constant(one), graph.node("Add", graph.constant(one), odds)]
    if model.loss == "multinomial":
        margins = graph.node("Add", *terms)
        parts = graph.node("Exp", graph.node("Sub", margins, graph.node("ReduceMax", margins, axes=[1], keepdims=1)))
        return "Div", [parts, graph.node("ReduceSum", parts, axes=[1], keepdims=1)]
    return "Add", terms


def _refuse(model: Model, coding: Coding) -> None:
    """Raise UsageError where names or missing texts cannot be said."""
    refuse_characters(model, "ONNX", "\0")
    if not coding.is_plain or model.offset is not None:
        refuse_nameless(names_of(model) if not coding.is_plain else names_of(model)[-1:], "ONNX")
    for column in coding.columns:
        if column.missing and "" in (column.levels or ()):
            raise UsageError(
                f"column {column.name[:60]!r} has the empty text as a category and may be missing; ONNX does not tell the two "
                "apart. Give the category a name and fit again, or export to python or sql."
            )


@dataclass
class _Graph:
    """Nodes, constants and inputs of a graph as it grows; names of ours that no column has."""

    onnx: Any
    taken: set[str]
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)

    def free(self, name: str) -> str:
        """Return a name that nothing in the graph has: this one, or with underscores."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def input(self, name: str, kind: int, width: int) -> str:
        """Add an input of shape (n, width)."""
        self.inputs.append(self.onnx.helper.make_tensor_value_info(name, kind, ["n", width]))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """Add an array."""
        name = self.free(f"constant{len(self.constants)}")
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator and return the name of what it gives."""
        name = self.free(f"value{len(self.nodes)}")
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def model(self, output: str, width: int) -> Any:
        """Return the whole, with an output of shape (n, width)."""
        helper = self.onnx.helper
        result = helper.make_tensor_value_info(output, self.onnx.TensorProto.DOUBLE, ["n", width])
        graph = helper.make_graph(self.nodes, "linear model", self.inputs, [result], self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _plain(graph: _Graph, width: int) -> str:
    return graph.input(graph.free("X"), graph.onnx.TensorProto.DOUBLE, width)


def _offset(graph: _Graph, column: Column, is_log: bool) -> str:
    """Return what is added to the margin as it is, shape (n, 1), an input of its own; NaN where an exposure is not above 0."""
    value = graph.input(column.name, graph.onnx.TensorProto.DOUBLE, 1)
    if not is_log:
        return value
    is_above = graph.node("Greater", value, graph.constant(np.zeros((1, 1))))
    return graph.node("Where", is_above, graph.node("Log", value), graph.constant(np.full((1, 1), np.nan)))


def _coded(graph: _Graph, coding: Coding, guards: list[str]) -> str:
    """Return the features (n, d) made of raw columns; a guard (n, 1) is 0, and NaN where a row has no answer."""
    blocks: list[str] = []
    own: dict[str, str] = {}
    for column in coding.columns:
        if column.levels is None:
            own[column.name], more = _number(graph, column, coding.degree)
            blocks += [own[column.name], *more]
        else:
            own[column.name] = _text(graph, column, blocks, guards)
    columns = {column.name: column for column in coding.columns}
    for a, b in coding.interactions:
        widths = numbers_of(columns[a]), numbers_of(columns[b])
        if all(widths):
            blocks.append(_product(graph, own[a], own[b], *widths))
    return graph.node("Concat", *blocks, axis=1)


def _number(graph: _Graph, column: Column, degree: int) -> tuple[str, list[str]]:
    """Return a column's number, and its powers and missing indicator."""
    onnx = graph.onnx
    value = graph.input(column.name, onnx.TensorProto.DOUBLE, 1)
    more: list[str] = []
    indicator = None
    if column.missing:
        absent = graph.node("IsNaN", value)
        indicator = graph.node("Cast", absent, to=onnx.TensorProto.DOUBLE)
        value = graph.node("Where", absent, graph.constant(np.zeros((1, 1))), value)
    for power in range(2, degree + 1):
        more.append(graph.node("Pow", value, graph.constant(np.full((1, 1), float(power)))))
    return value, [*more, *([indicator] if indicator else [])]


def _text(graph: _Graph, column: Column, blocks: list[str], guards: list[str]) -> str:
    """Return the indicators of a column's levels; append them, with the missing one, to the blocks."""
    onnx, levels = graph.onnx, list(column.levels or ())
    value = graph.input(column.name, onnx.TensorProto.STRING, 1)
    known = [(text, code) for code, level in enumerate(levels) for text in _texts(column, level)]
    known += [("", len(levels))] if column.missing else []
    code = graph.node(
        "LabelEncoder",
        value,
        domain="ai.onnx.ml",
        keys_strings=[text for text, _ in known],
        values_int64s=[code for _, code in known],
        default_int64=UNKNOWN,
    )
    unknown = graph.node("Equal", code, graph.constant(np.array([[UNKNOWN]])))
    guards.append(
        graph.node("Where", unknown, graph.constant(np.full((1, 1), np.nan)), graph.constant(np.zeros((1, 1))))
    )
    own = _equal(graph, code, range(1, len(levels)))
    if len(levels) > 1:
        blocks.append(own)
    if column.missing:
        blocks.append(_equal(graph, code, range(len(levels), len(levels) + 1)))
    return own


def _texts(column: Column, level: str) -> list[str]:
    """Return the texts that say a level: itself; of a boolean, each of its words in each mixture of upper and lower case."""
    if not is_boolean(column):
        return [level]
    cases = [itertools.product(*((letter, letter.upper()) for letter in word)) for word in BOOLEAN[level]]
    return list(dict.fromkeys("".join(letters) for word in cases for letters in word))


def _equal(graph: _Graph, code: str, values: range) -> str:
    """Return (n, len(values)): 1 where the code is that value, else 0."""
    if not values:
        return ""
    equal = graph.node("Equal", code, graph.constant(np.array([values], dtype=np.int64)))
    return graph.node("Cast", equal, to=graph.onnx.TensorProto.DOUBLE)


def _product(graph: _Graph, a: str, b: str, p: int, q: int) -> str:
    """Return (n, p*q): each number of a times each of b. In a shape, 0 stands for n."""
    one = graph.node("Reshape", a, graph.constant(np.array([0, p, 1], dtype=np.int64)))
    other = graph.node("Reshape", b, graph.constant(np.array([0, 1, q], dtype=np.int64)))
    product = graph.node("Mul", one, other)
    return graph.node("Reshape", product, graph.constant(np.array([0, p * q], dtype=np.int64)))
