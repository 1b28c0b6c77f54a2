"""Class column: predicted classes as a column of texts in a file of predictions, and their comparison with the target."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from steepest.data.batch import Batch
from steepest.data.sources.connection import quoted
from steepest.data.sources.label_sql import label_code
from steepest.data.sources.labels import FALSE, TRUE
from steepest.models.link import class_codes
from steepest.support.arrays import FloatArray


def with_codes(blocks: Iterator[tuple[Batch, FloatArray]], threshold: float) -> Iterator[tuple[Batch, FloatArray]]:
    """Yield each batch with probabilities and, behind them, the code of the predicted class."""
    for batch, probabilities in blocks:
        yield batch, np.column_stack([probabilities, class_codes(probabilities, threshold)])


def label_of(code: str, labels: Sequence[str]) -> str:
    """Return SQL for the label of a code, NULL where that is.

    Example:
        >>> label_of("p.c1", ["no", "it's"])
        "CASE p.c1 WHEN 0 THEN 'no' WHEN 1 THEN 'it''s' END"
    """
    arms = " ".join(f"WHEN {k} THEN {_literal(label)}" for k, label in enumerate(labels))
    return f"CASE {code} {arms} END"


def true_code(name: str, kind: str, labels: Sequence[str]) -> str | None:
    """Return SQL for the code of the class that a row has; None where the column is none of these labels.

    Args:
        name: of the target.
        kind: DuckDB's type of it; yes and no of a text file are BOOLEAN.
        labels: of the classes.
    """
    if kind.endswith("]"):
        return None
    words = [label.casefold() for label in labels]
    if kind == "BOOLEAN" and len(words) == 2 and words[0] in FALSE and words[1] in TRUE:
        return f"CASE WHEN {quoted(name)} THEN 1.0 WHEN NOT {quoted(name)} THEN 0.0 END"
    return label_code(name, kind, tuple(labels))


def accuracy(connection: Any, rows: str, parameters: list[Any], code: str) -> tuple[float | None, int]:
    """Return the share of rows whose class is predicted, and of how many: of those with a label that the model knows.

    Args:
        connection: with the predictions.
        rows: what puts the table's rows, with the column `truth`, beside them.
        parameters: of the table.
        code: the predicted code.
    """
    right = f"SELECT CAST(p.{code} = d.truth AS DOUBLE) AS r FROM {rows} predictions p WHERE p.{code} IS NOT NULL AND d.truth >= 0"
    share, count = connection.execute(f"SELECT avg(r), count(*) FROM ({right})", parameters).fetchone()
    return share, int(count)


def unknown_labels(connection: Any, rows: str, parameters: list[Any], code: str) -> tuple[str, ...]:
    """Return the labels of a table that the model does not know.

    Args:
        connection, parameters, code: as `accuracy`.
        rows: as `accuracy`, with the column `label` beside.

    Returns:
        labels with how often each is there, the most frequent first: "maybe (3)".
    """
    where = f"FROM {rows} predictions p WHERE p.{code} IS NOT NULL AND d.truth < 0"
    query = f"SELECT d.label, count(*) AS n {where} GROUP BY 1 ORDER BY n DESC, 1"
    return tuple(f"{label!r} ({count:,})" for label, count in connection.execute(query, parameters).fetchall())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
