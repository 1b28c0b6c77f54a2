"""The regressor in batches of rows: what `descend` does, what scikit-learn's SGDRegressor does, and what it says."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDRegressor

import steepest
from steepest import DivergenceError, GradientDescentRegressor
from steepest.data.split import Share
from steepest.errors import UsageError

GENERATOR = np.random.default_rng(2)
X = GENERATOR.normal(size=(120, 3)) * [1.0, 2.0, 0.5]
Y = X @ [1.0, -2.0, 0.5] + 3 + GENERATOR.normal(size=120)
SETTINGS = {"batch_size": 8, "learning_rate": 0.02, "epochs": 30}


def quiet(model, *args, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*args, **more)


@pytest.mark.parametrize("order", ["shuffled", "replacement", "fixed"])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_what_descend_does(order, weighted):
    weight = GENERATOR.uniform(0.5, 2, 120) if weighted else None
    model = quiet(GradientDescentRegressor(order=order, random_state=5, **SETTINGS), X, Y, weight)
    run = steepest.descend(
        X, Y, weight=weight, order=order, seed=model._seed, standardize=True, tolerance=1e-12, **SETTINGS
    )
    np.testing.assert_array_equal(model.coef_, run.weights)
    assert model.n_iter_ == 30


def test_it_is_scikit_learns_with_batches_of_one_row():
    theirs = SGDRegressor(penalty=None, eta0=0.01, learning_rate="constant", shuffle=False, max_iter=4, tol=None)
    theirs.fit(X, Y)
    ours = GradientDescentRegressor(batch_size=1, order="fixed", learning_rate=0.01, epochs=4, standardize=False)
    quiet(ours, X, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_[0], rtol=1e-12)


def test_the_state_is_the_seed_of_the_order():
    first, again, other = (quiet(GradientDescentRegressor(random_state=state, **SETTINGS), X, Y) for state in (0, 0, 1))
    assert (first.coef_ == again.coef_).all()
    assert (first.coef_ != other.coef_).any()
    assert (quiet(clone(first), X, Y).coef_ == first.coef_).all()


@pytest.mark.parametrize("kind", ["share", "rows"])
def test_held_out_rows_make_no_steps_and_choose_the_epoch(kind):
    model = GradientDescentRegressor(
        validation=0.25 if kind == "share" else (X[:30], Y[:30]), random_state=3, standardize=False, **SETTINGS
    )
    rows = (X, Y) if kind == "share" else (X[30:], Y[30:])
    quiet(model, *rows)
    kept = np.ones(len(rows[1]), dtype=bool)
    if kind == "share":
        kept = ~Share(0.25, model._seed).holds_out(np.arange(120, dtype=np.uint64))
    run = steepest.descend(rows[0][kept], rows[1][kept], seed=model._seed, tolerance=1e-12, **SETTINGS)
    weights, biases = run.parameters()
    held = (X[~kept], Y[~kept]) if kind == "share" else (X[:30], Y[:30])
    errors = [((held[0] @ w + b - held[1]) ** 2).mean() for w, b in zip(weights, biases, strict=True)]
    assert model.n_iter_ == np.argmin(errors)
    np.testing.assert_allclose(model.coef_, weights[np.argmin(errors)], rtol=1e-12)


def test_a_learning_rate_is_found():
    model = quiet(GradientDescentRegressor(batch_size=8, epochs=30, random_state=0), X, Y)
    assert "smallest expected loss" in model.trajectory_.reasons["learning_rate"]
    best = steepest.solve(X, Y)
    assert ((model.predict(X) - Y) ** 2).mean() < 1.02 * ((X @ best.weights + best.bias - Y) ** 2).mean()


def test_a_model_in_a_file_is_without_its_rows():
    model = quiet(GradientDescentRegressor(random_state=0, **SETTINGS), X, Y)
    many = quiet(GradientDescentRegressor(random_state=0, **SETTINGS), np.tile(X, (50, 1)), np.tile(Y, 50))
    again = pickle.loads(pickle.dumps(many))
    assert len(pickle.dumps(many)) < 1.2 * len(pickle.dumps(model))
    assert (again.predict(X) == many.predict(X)).all()
    with pytest.raises(UsageError, match="kept without its rows"):
        again.trajectory_.extend(3)


def test_a_run_that_hovers_far_above_its_minimum_warns_and_one_near_it_does_not():
    with pytest.warns(ConvergenceWarning, match="Hovers"):
        GradientDescentRegressor(batch_size=1, learning_rate=0.3, epochs=200, random_state=0).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model = GradientDescentRegressor(batch_size=8, learning_rate=0.005, epochs=300, random_state=0).fit(X, Y)
    assert model.verdict_.kind == "hovers"
    with pytest.raises(DivergenceError, match="mean-square stability limit"):
        GradientDescentRegressor(batch_size=1, learning_rate=3.0, epochs=200, random_state=0).fit(X, Y)


def test_what_is_refused():
    with pytest.raises(UsageError, match="partial_fit keeps no rows"):
        GradientDescentRegressor(**SETTINGS).partial_fit(X, Y)
    with pytest.raises(UsageError, match="number of epochs"):
        GradientDescentRegressor(batch_size=8, learning_rate=0.1).fit(X, Y)
    with pytest.raises(UsageError, match="order and drop_last are about batches"):
        GradientDescentRegressor(order="fixed").fit(X, Y)
