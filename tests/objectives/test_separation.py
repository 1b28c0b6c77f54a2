"""Separable tables: found, named, certified in fractions, and given a penalty that will do."""

from fractions import Fraction

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, DataWarning
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import LogisticLoss, PoissonLoss
from steepest.objectives.multinomial import MultinomialLoss
from tests.truths import PENGUINS


def problem(X, y, loss=None, **more):
    source = steepest.open_source(X, y, weight=more.pop("weight", None))
    return LossProblem.over(steepest.summarize(source), source.batches, loss or LogisticLoss(), **more)


def sure_table(n=200):
    """One column that is 1 in some rows, all of class 1, beside two that tell no class."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, 3))
    X[:, 2] = generator.random(n) < 0.1
    y = (generator.logistic(size=n) < X[:, 0]).astype(float)
    y[X[:, 2] == 1] = 1
    return X, y


def margins(separation, X, y):
    """s·(x·w + b) of each row, in fractions of the very numbers."""
    weights, bias = map(Fraction, separation.weights[:, 0].tolist()), Fraction(float(separation.bias[0]))
    weights = list(weights)
    return [
        (1 if target else -1) * (sum(w * Fraction(x) for w, x in zip(weights, row, strict=True)) + bias)
        for row, target in zip(X.tolist(), y, strict=True)
    ]


def test_breast_cancer_with_30_columns_is_separable_for_certain():
    X, y = pytest.importorskip("sklearn.datasets").load_breast_cancer(return_X_y=True)
    separation = problem(X, y).separation
    assert separation.kind == "complete"
    assert separation.infimum == 0
    assert min(margins(separation, X, y)) > 0
    assert 15 <= len(separation.columns) < 30
    assert "together tell the classes apart" in str(separation)
    # none of these columns can be left out
    kept = [int(name[1:]) - 1 for name in separation.columns]
    assert problem(X[:, kept], y, coordinates="standardized").separation.kind == "complete"
    for out in kept[:3]:
        rest = [j for j in kept if j != out]
        assert problem(X[:, rest], y, coordinates="standardized").separation is None


def test_one_column_is_named_with_its_threshold():
    iris = pytest.importorskip("sklearn.datasets").load_iris()
    separation = problem(iris.data, (iris.target == 0).astype(float)).separation
    assert separation.columns == ("x3",)
    assert len(separation.endless) == 4
    assert (
        str(separation) == "'x3' alone tells the classes apart: at most 1.9 where 'y' is 1, at least 3 where 'y' is 0"
    )
    assert separation.weights[:, 0].tolist() == [0, 0, -1, 0]
    assert separation.bias == pytest.approx([2.45])
    for other in (1, 2):
        assert problem(iris.data, (iris.target == other).astype(float)).separation is None


def test_one_class_of_several_is_named():
    iris = pytest.importorskip("sklearn.datasets").load_iris()
    separation = problem(iris.data, np.eye(3)[iris.target], MultinomialLoss()).separation
    assert separation.kind == "quasi-complete"
    assert str(separation).startswith("'x3' alone tells 'y1' from the other classes: at most 1.9 there, at least 3")
    # what is left is the loss of two classes
    rest = iris.target > 0
    two = problem(iris.data[rest], (iris.target[rest] == 1).astype(float))
    assert separation.infimum == pytest.approx(two.found.bowl.value * 2 / 3, rel=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_one_sure_column_is_quasi_complete(scale):
    X, y = sure_table()
    X[:, 2] *= scale
    separation = problem(X, y).separation
    assert (separation.kind, separation.columns, separation.endless) == ("quasi-complete", ("x3",), ("x3",))
    assert str(separation) == "'x3' alone tells the class of some rows for certain: 'y' is 1 wherever it is above 0"
    told = margins(separation, X, y)
    assert min(told) == 0 < max(told)
    rest = X[:, 2] == 0
    assert separation.infimum == pytest.approx(problem(X[rest, :2], y[rest]).found.bowl.value * rest.mean(), rel=1e-12)


def test_counts_that_are_0_wherever_a_column_is_above_0():
    X, _y = sure_table()
    counts = np.random.default_rng(1).poisson(np.exp(X[:, 0] / 3)).astype(float)
    counts[X[:, 2] == 1] = 0
    separation = problem(X, counts, PoissonLoss()).separation
    assert (separation.kind, separation.columns) == ("quasi-complete", ("x3",))
    assert "'y' is 0 wherever it is above 0" in str(separation)


def test_a_sum_of_columns_is_named_as_such():
    generator = np.random.default_rng(3)
    X = generator.integers(-3, 4, size=(80, 4)).astype(float)
    y = (X[:, 0] + X[:, 1] > 0).astype(float)
    separation = problem(X, y).separation
    assert separation.columns == ("x1", "x2")
    assert min(margins(separation, X, y)) > 0
    assert str(separation) == "'x1' and 'x2' together tell the classes apart"


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_penalty_offered_has_a_minimum(fit_intercept):
    X, y = sure_table()
    l2 = problem(X, y, fit_intercept=fit_intercept).separation.l2
    assert l2 == 0.005
    penalized = problem(X, y, l2=l2, fit_intercept=fit_intercept)
    assert penalized.separation is None
    assert penalized.found.settled


def test_tables_that_overlap_are_not_called_separable():
    X, y = sure_table()
    y[np.flatnonzero(X[:, 2])[0]] = 0
    assert problem(X, y).separation is None
    source = steepest.open_source(PENGUINS, target="body_mass_g", missing="drop")
    batch = next(iter(source.batches()))
    assert problem(batch.X, (batch.y[:, 0] > 4000).astype(float), coordinates="standardized").separation is None


def test_a_class_without_rows_is_refused_also_with_a_penalty():
    X = np.arange(5.0)[:, None]
    with pytest.raises(DataError, match="'y' is 1 in every row, so the logistic loss has no minimum"):
        problem(X, np.ones(5), l2=0.1)
    with pytest.raises(DataError, match="'y' is 0 in every row, so the poisson loss"):
        problem(X, np.zeros(5), PoissonLoss())
    with pytest.raises(DataError, match="no row is of 'y2'"):
        problem(X, np.eye(3)[[0, 2, 0, 2, 0]], MultinomialLoss())
    # without an intercept a penalty is on all there is
    assert problem(X, np.ones(5), l2=0.1, fit_intercept=False).found.settled


def test_rows_in_pieces_say_the_same():
    X, y = sure_table()
    source = steepest.open_source(X, y)
    triangle = steepest.summarize(source)

    def in_pieces():
        for batch in source.batches():
            for first in range(0, len(batch), 7):
                yield batch.take(slice(first, first + 7))

    whole, pieces = (
        LossProblem.over(triangle, rows, LogisticLoss()).separation for rows in (source.batches, in_pieces)
    )
    assert str(whole) == str(pieces)
    assert whole.columns == pieces.columns
    assert pieces.infimum == pytest.approx(whole.infimum, rel=1e-12)


def test_the_coefficient_table_says_that_there_is_no_minimum():
    with pytest.warns(DataWarning, match="Separable: 'x3' alone"):
        run = steepest.descend(*sure_table(), loss="logistic", epochs=5)
    with pytest.raises(DataError, match=r"no minimum. Add a penalty \(l2=0.005\)"):
        run.optimum  # noqa: B018
