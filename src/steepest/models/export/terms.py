"""Terms: a model as a sum over its raw columns, each with the weights of all that is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from steepest.data.coding import Coding, Column
from steepest.errors import DataError, Option, UsageError
from steepest.models.model import Model

LONGEST_SUM = 100  # terms side by side
MOST_CLASSES = 50  # where each probability is written with the margins of all
LARGEST_EXPONENT = 700  # exp of it is within float64, and 1 beside it is nothing
BOOLEAN = {  # the levels of a boolean column, and what DuckDB takes for each, in any case
    "false": ("false", "f", "no", "n", "0"),
    "true": ("true", "t", "yes", "y", "1"),
}


@dataclass(frozen=True)
class ColumnTerms:
    """What one raw column adds to a prediction.

        number x      powers[0]·x + powers[1]·x² + …
        text          the weight of its level, 0 for the reference
        missing       the weight of being missing, in place of those

    Args:
        column: the raw column.
        powers: weights of x, x² …; empty for a column of texts.
        levels: (level, weight) of each level, the reference first; empty for a column of numbers.
        missing: the weight where the value is missing; None where it may not be.
    """

    column: Column
    powers: tuple[float, ...]
    levels: tuple[tuple[str, float], ...]
    missing: float | None


@dataclass(frozen=True)
class ProductTerms:
    """What the products of two raw columns add: weights[i][j] times the i-th number of the one and the j-th of the other.

    A column of numbers has one number, itself; a column of texts the indicators of all levels but the reference. Both
    are 0 where the value is missing.
    """

    first: Column
    second: Column
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Terms:
    """One target: bias + what each column adds + what each pair of columns adds + the offset, a column with a weight of 1."""

    target: str
    bias: float
    columns: tuple[ColumnTerms, ...]
    products: tuple[ProductTerms, ...]
    offset: Column | None = None
    is_log: bool = False


def coding_of(model: Model) -> Coding:
    """Return how raw columns become the model's features: its coding, or plain numbers where it has none.

    Raises:
        DataError: names, weights and coding do not fit together, or a number is not finite.
    """
    d, t = len(model.features), len(model.targets)
    if not d or not t or model.weights.shape != (d, t) or model.bias.shape != (t,):
        raise DataError(
            f"a model of {d} features and {t} targets needs one of each, weights of shape ({d}, {t}) and {t} biases; got "
            f"{model.weights.shape} and {model.bias.shape}."
        )
    if not (np.isfinite(model.weights).all() and np.isfinite(model.bias).all()):
        raise DataError("the model holds NaN or inf and is not exported. See the run's verdict for the cause.")
    for names in (model.features, model.targets):
        if len(set(names)) != len(names):
            raise DataError("two features or targets of the model have the same name. Rename one and fit again.")
    coding = model.coding or Coding.plain(model.features)
    dates = [column.raw for column in coding.columns if column.part]
    if dates:
        raise UsageError(
            f"the model reads column {dates[0]!r} as dates, which no export computes yet.",
            "predict with steepest",
            "make the dates numbers in the table and fit again",
        )
    if coding.features != tuple(model.features):
        raise DataError("the model's coding does not give its features. Fit it again.")
    return coding


def offset_of(model: Model) -> tuple[Column | None, bool]:
    """Return the column that is added to the margin, None where none is, and whether its logarithm is.

    Raises:
        UsageError: the offset was given beside the rows, so that no column has it.
    """
    if model.offset is None:
        return None, False
    if model.offset.column is None:
        raise UsageError(
            f"the model was fitted with an {model.offset.option} beside the rows, and an export reads columns.",
            "name a column when fitting (" + Option(model.offset.option, ...) + ")",
            "predict with steepest",
        )
    return Column(model.offset.column), model.offset.option == "exposure"


def names_of(model: Model) -> tuple[str, ...]:
    """Return the names of all raw columns that a model reads, that of its offset the last."""
    column, _ = offset_of(model)
    return (*coding_of(model).names, *(() if column is None else (column.name,)))


def factors_of(model: Model) -> tuple[float, ...] | None:
    """Return what exp of each target's fitted logarithm is multiplied by; None where the targets themselves were fitted.

    Of Poisson loss the logarithm of the expected count is what is fitted, and the factor 1.
    """
    if model.loss == "poisson":
        return (1.0,)
    if model.target_scale is None:
        return None
    return model.target_scale.smearing or (1.0,) * len(model.targets)


def terms_of(model: Model) -> tuple[Terms, ...]:
    """Return the terms of each target, in the order of `Coding.expand`'s columns.

    Raises:
        DataError: names, weights and coding do not fit together, or a number is not finite.

    Example:
        >>> coding = Coding((Column("x"), Column("kind", ("fir", "oak"))))
        >>> model = Model(coding.features, ("y",), np.array([[2.0], [0.5]]), np.array([1.0]), {}, coding)
        >>> [(c.column.name, c.powers, c.levels) for c in terms_of(model)[0].columns]
        [('x', (2.0,), ()), ('kind', (), (('fir', 0.0), ('oak', 0.5)))]
    """
    coding = coding_of(model)
    weights, bias, beside = model.weights.tolist(), model.bias.tolist(), offset_of(model)
    each = (_terms(target, bias[j], coding, [row[j] for row in weights]) for j, target in enumerate(model.targets))
    return tuple(replace(terms, offset=beside[0], is_log=beside[1]) for terms in each)


def _terms(target: str, bias: float, coding: Coding, weights: Sequence[float]) -> Terms:
    left = iter(weights)
    columns = []
    for column in coding.columns:
        powers: tuple[float, ...] = ()
        levels: tuple[tuple[str, float], ...] = ()
        if column.levels is None:
            powers = tuple(next(left) for _ in range(coding.degree))
        else:
            levels = tuple((level, next(left) if i else 0.0) for i, level in enumerate(column.levels))
        columns.append(ColumnTerms(column, powers, levels, next(left) if column.missing else None))
    named = {column.name: column for column in coding.columns}
    products = []
    for a, b in coding.interactions:
        one, other = named[a], named[b]
        table = tuple(tuple(next(left) for _ in range(numbers_of(other))) for _ in range(numbers_of(one)))
        products.append(ProductTerms(one, other, table))
    return Terms(target, bias, tuple(columns), tuple(products))


def numbers_of(column: Column) -> int:
    """Return how many numbers of a column go into products: itself, or the indicators of its levels."""
    return 1 if column.levels is None else len(column.levels) - 1


def is_boolean(column: Column) -> bool:
    """Return whether a column's levels are false and true: then databases and files write it in more than one way."""
    return column.levels == tuple(BOOLEAN)


def added(parts: Sequence[str], plus: str) -> str:
    """Join parts by plus in groups of LONGEST_SUM, and groups of groups.

    Databases and spreadsheets refuse sums that are nested deeper than some hundred or thousand.
    """
    groups = [plus.join(parts[i : i + LONGEST_SUM]) for i in range(0, len(parts), LONGEST_SUM)]
    return groups[0] if len(groups) == 1 else added([f"({group})" for group in groups], plus)


def refuse_nameless(names: Sequence[str], target: str) -> None:
    """Raise UsageError where a column has no name and the target language finds it by that."""
    if "" in names:
        raise UsageError(
            f"a column without a name cannot be said in {target}. Name it and fit again, or export to python."
        )


def output_names(model: Model) -> tuple[str, ...]:
    """Return what each number that an export gives is called: a target, or the probability of a class.

    Example:
        >>> model = Model(("x",), ("churn",), np.array([[1.0]]), np.array([0.0]), loss="logistic", classes=("no", "yes"))
        >>> output_names(model)
        ('probability of yes',)
    """
    if not model.names_classes:
        return model.targets
    return tuple(f"probability of {label}" for label in (model.labels[1:] if len(model.targets) == 1 else model.labels))


def refuse_many_classes(model: Model, target: str) -> None:
    """Raise UsageError where the probabilities of so many classes, each of which names all, have no room in a language."""
    if len(model.labels) > MOST_CLASSES and model.loss == "multinomial":
        raise UsageError(
            f"the model has {len(model.labels):,} classes; in {target} there is room for {MOST_CLASSES}. Export to python or onnx."
        )


def refuse_characters(model: Model, target: str, *forbidden: str) -> None:
    """Raise UsageError where a name or a level holds a character that the target language cannot say."""
    coding = coding_of(model)
    levels = [level for column in coding.columns for level in column.levels or ()]
    for text in (*names_of(model), *model.targets, *levels, *model.classes):
        found = next((c for c in forbidden if c in text), None)
        if found is not None:
            raise UsageError(
                f"the name or category {text[:60]!r} holds the character {found!r}, which {target} cannot say. "
                "Rename it and fit again, or export to python."
            )
