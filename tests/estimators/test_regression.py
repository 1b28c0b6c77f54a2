"""Regression: losses other than squares by the regressor, beside other libraries' answers."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, PoissonRegressor
from sklearn.metrics import d2_tweedie_score, r2_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import steepest
from steepest import GradientDescentRegressor
from steepest.errors import UsageError
from steepest.objectives.losses import HuberLoss

GENERATOR = np.random.default_rng(11)
X = GENERATOR.normal(size=(150, 3)) * [1.0, 10.0, 0.1]
COUNTS = GENERATOR.poisson(np.exp(X @ [0.5, 0.02, -3.0] + 1))
NUMBERS = X @ [1.0, 0.2, -4.0] + 3 + GENERATOR.standard_t(2, size=150)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([GradientDescentRegressor(loss=loss) for loss in ("huber", "poisson")])
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_counts_are_those_of_the_poisson_regressor(l2):
    weight = np.linspace(0.5, 2.0, len(X))
    model = GradientDescentRegressor(loss="poisson", l2=l2, standardize=False, solver="newton").fit(X, COUNTS, weight)
    peer = PoissonRegressor(alpha=l2, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(X, COUNTS, weight)
    # the peer stops at a gradient of 1e-12
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-9)
    assert model.intercept_ == pytest.approx(peer.intercept_, rel=1e-9)
    np.testing.assert_allclose(model.predict(X), peer.predict(X), rtol=1e-8)
    assert model.score(X, COUNTS, weight) == pytest.approx(peer.score(X, COUNTS, weight), rel=1e-9)
    assert model.score(X, COUNTS) == pytest.approx(d2_tweedie_score(COUNTS, peer.predict(X), power=1), rel=1e-8)


@pytest.mark.parametrize(("loss", "y"), [("poisson", COUNTS), ("huber", NUMBERS)])
def test_the_defaults_walk_to_the_minimum(loss, y):
    walked = GradientDescentRegressor(loss=loss).fit(X, y)
    exact = GradientDescentRegressor(loss=loss, solver="newton").fit(X, y)
    np.testing.assert_allclose(walked.coef_, exact.coef_, rtol=1e-9)
    assert walked.verdict_.kind == exact.verdict_.kind == "converged"
    assert exact.n_iter_ == exact.trajectory_.problem.found.passes
    assert walked.trajectory_.objective == loss


def test_huber_pulls_less_by_rows_far_away():
    far = NUMBERS.copy()
    far[:5] += 1000
    near = GradientDescentRegressor(loss="huber", solver="newton", delta=1.0).fit(X, NUMBERS)
    model = GradientDescentRegressor(loss="huber", solver="newton", delta=1.0).fit(X, far)
    assert np.abs(model.predict(X) - near.predict(X)).max() < 1
    assert np.abs(LinearRegression().fit(X, far).predict(X) - near.predict(X)).max() > 10
    assert model.score(X, far) == r2_score(far, model.predict(X))
    squares = GradientDescentRegressor(loss="huber", solver="newton", delta=1e6).fit(X, NUMBERS)
    np.testing.assert_allclose(squares.coef_, LinearRegression().fit(X, NUMBERS).coef_, rtol=1e-10)
    as_object = GradientDescentRegressor(loss=HuberLoss(1.0), solver="newton").fit(X, NUMBERS)
    np.testing.assert_array_equal(as_object.coef_, near.coef_)


def test_the_exact_minimum_of_squares_needs_no_epoch():
    raw, disease = load_diabetes(return_X_y=True, scaled=False)
    model = GradientDescentRegressor(solver="newton").fit(raw, disease)
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(raw, disease).coef_, rtol=1e-9)
    assert (model.n_iter_, model.trajectory_.epochs, model.verdict_.kind) == (1, 0, "converged")


@pytest.mark.parametrize(
    ("settings", "y", "message"),
    [
        ({"loss": "poisson"}, -COUNTS - 1.0, "counts, 0 or larger"),
        ({"loss": "poisson", "validation": 0.3}, COUNTS, "held-out rows are for squared loss"),
        ({"loss": "huber"}, np.column_stack([NUMBERS, NUMBERS]), "one target"),
        ({"loss": "huber", "delta": 0.0}, NUMBERS, "delta must be"),
        ({"loss": "hinge"}, NUMBERS, "loss is"),
        ({"loss": "huber", "objective": "mse"}, NUMBERS, "objective"),
        ({"solver": "lbfgs"}, NUMBERS, "solver is"),
    ],
)
def test_what_cannot_be_used_is_refused(settings, y, message):
    with pytest.raises((UsageError, steepest.DataError), match=message):
        GradientDescentRegressor(**settings).fit(X, y)


def test_rows_in_parts_are_for_squared_loss():
    assert not hasattr(GradientDescentRegressor(loss="huber"), "partial_fit")
    assert hasattr(GradientDescentRegressor(), "partial_fit")


def test_a_score_of_counts_that_do_not_vary_is_a_convention():
    model = GradientDescentRegressor(loss="poisson", solver="newton").fit(X, COUNTS)
    with pytest.warns(steepest.DataWarning, match="D² is undefined"):
        assert model.score(X, np.full(150, 3)) == 0.0
    with pytest.warns(steepest.DataWarning, match="D² is undefined"):
        assert model.score(X, np.zeros(150)) == 0.0
