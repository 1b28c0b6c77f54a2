"""Classes: labels of any kind as the targets that a loss takes, and what a class weighs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from steepest.data.inputs import columns_of, is_frame, refuse_lazy
from steepest.data.sources.matrices import is_sparse, not_targets
from steepest.errors import DataError, UsageError
from steepest.estimators.refusals import refuse_targets
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray

Labels = NDArray[Any]


def as_labels(y: Any) -> Any:
    """Return labels as scikit-learn takes them: a data frame of one column that it does not know as an array.

    Raises:
        DataTypeError: they are not computed yet, or sparse.
        DataError: they are one value, or hold NaN or inf. Without y (None) scikit-learn says what is missing.
    """
    refuse_lazy(y)
    if is_frame(y) and not hasattr(y, "__array__"):
        y = np.column_stack([np.asarray(column) for column in columns_of(y).values()])
    if y is not None and not is_sparse(y) and np.asarray(y).ndim == 0:
        raise not_targets(())
    refuse_targets(y)
    return y


def number_classes(labels: Labels, known: Labels | None = None) -> tuple[Labels, NDArray[np.intp]]:
    """Return the classes, sorted, and the number of each row's class.

    Args:
        labels: shape (n,).
        known: all classes there are, sorted, where they were given before.

    Raises:
        ValueError: the labels are numbers of a regression.
        DataError: there is one class only, or one that is not known.

    Example:
        >>> number_classes(np.array(["no", "yes", "no"]))
        (array(['no', 'yes'], dtype='<U3'), array([0, 1, 0]))
    """
    check_classification_targets(labels)
    classes, numbers = np.unique(labels, return_inverse=True)
    if known is not None:
        unknown = np.setdiff1d(classes, known)
        if unknown.size:
            raise DataError(f"the class {unknown[0]!r} is not among those named before: {_named(known)}.")
        numbers, classes = np.searchsorted(known, labels), known
    if len(classes) < 2:
        raise DataError(
            f"a classifier needs at least two classes; y has one class, {shown(classes[0].item() if classes.size else None)}, in every row. "
            "Give rows of another class as well."
        )
    return classes, numbers.reshape(-1)


def as_targets_of(numbers: NDArray[np.intp], classes: Labels, name: str) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the targets of a loss and their names: of two classes one column, 1 for the second; of more an indicator each.

    Example:
        >>> as_targets_of(np.array([0, 2]), np.array(["a", "b", "c"]), "y")
        (array([[1., 0., 0.],
               [0., 0., 1.]]), ('y=a', 'y=b', 'y=c'))
    """
    if len(classes) == 2:
        return numbers.astype(np.float64), (name,)
    return (numbers[:, None] == np.arange(len(classes))).astype(np.float64), tuple(
        f"{name}={label}" for label in classes
    )


def weigh_classes(
    class_weight: Mapping[Any, float] | str | None,
    numbers: NDArray[np.intp],
    classes: Labels,
    weight: FloatArray | None,
) -> FloatArray | None:
    """Return the weights of rows times those of their classes, or None where all are 1.

        "balanced": the weight of a class is Σ weight / (K·Σ weight of its rows)

    Args:
        class_weight: a weight for each class that is not 1, or "balanced", or None.
        numbers: of the rows' classes, shape (n,).
        classes: sorted, shape (K,).
        weight: of the rows, shape (n,), or None.

    Raises:
        UsageError: it names a class that there is not, or a weight is no number, 0 or larger.
        DataError: a class has weight 0 in all its rows.
    """
    own = np.ones(len(numbers)) if weight is None else weight
    masses = np.bincount(numbers, own, minlength=len(classes))
    if class_weight is None:
        factors = np.ones(len(classes))
    elif isinstance(class_weight, str) and class_weight == "balanced":
        factors = np.divide(masses.sum(), len(classes) * masses, out=np.zeros(len(classes)), where=masses > 0)
    elif isinstance(class_weight, Mapping):
        factors = _by_class(class_weight, classes)
    else:
        raise UsageError(f'class_weight is None, "balanced" or a dict from class to weight; got {shown(class_weight)}.')
    absent = np.flatnonzero(masses * factors == 0)
    if absent.size:
        raise DataError(
            f"the class {shown(classes[absent[0]].item())} has weight 0 in all rows, so nothing can be learned of it; a classifier needs rows of "
            "every class. Leave its rows out."
        )
    return weight if class_weight is None else own * factors[numbers]


def _by_class(class_weight: Mapping[Any, float], classes: Labels) -> FloatArray:
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown:
        raise UsageError(f"class_weight names the class {shown(unknown[0])}; the classes of y are {_named(classes)}.")
    factors = np.ones(len(labels))
    for j, label in enumerate(labels):
        given = class_weight.get(label, 1.0)
        if isinstance(given, (str, bool)) or not 0 <= (as_float(given) if np.isscalar(given) else np.nan) < np.inf:
            raise UsageError(
                f"a class's weight is a finite number, 0 or larger; that of {label!r}: got {shown(given)}."
            )
        factors[j] = given
    return factors


def _named(classes: Labels) -> str:
    return ", ".join(map(repr, classes.tolist()[:20]))
