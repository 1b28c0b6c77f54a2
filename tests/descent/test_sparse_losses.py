"""Runs with an l1 penalty on other losses than squares: literal epochs, the minimum, its certificate, and what is refused."""

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from sklearn.linear_model import LogisticRegression

import steepest
from steepest.descent.minibatch import Batches
from steepest.descent.settings import MOST_WALKED
from steepest.errors import DataError, UsageError
from steepest.objectives import loss_rows
from steepest.objectives.losses import HuberLoss
from steepest.rules.ista import IstaRule

GENERATOR = np.random.default_rng(5)
N, D = 120, 6
X = GENERATOR.normal(size=(N, D)) * np.geomspace(1, 3, D) + 1
MARGIN = X @ [1.0, 0, -0.5, 0, 0, 0]
WEIGHT = GENERATOR.uniform(0.5, 3, N)
TARGETS = {
    "logistic": (MARGIN + GENERATOR.logistic(size=N) > 0).astype(float),
    "poisson": GENERATOR.poisson(np.exp(MARGIN / 3 + 0.3)).astype(float),
    "huber": MARGIN + GENERATOR.standard_t(1.5, N),
}
SLOPES = {
    "logistic": lambda m, y: scipy.special.expit(m) - y,
    "poisson": lambda m, y: np.exp(m) - y,
    "huber": lambda m, y: np.clip(m - y, -1.345, 1.345),
}
LOSSES = list(TARGETS)
U = np.column_stack([np.ones(N), X])
FREE = np.append(0.0, np.ones(D))
ZEROS = (np.zeros(D), 0.0)  # counts begin elsewhere where nobody says


def shrunk(v, bound):
    return np.sign(v) * np.maximum(np.abs(v) - bound, 0)


def literal(loss, rate, epochs, l1, l2, weight, rule):
    """Proximal descent, with or without its sequence ahead, one line a formula."""
    y, omega = TARGETS[loss], weight / weight.mean()
    theta = ahead = np.zeros(D + 1)
    t, path = 1.0, [theta]
    for _ in range(epochs):
        slope = U.T @ (omega * SLOPES[loss](U @ ahead, y)) / N + l2 * FREE * ahead
        x = shrunk(ahead - rate * slope, rate * l1 * FREE)
        step = x - theta
        t = 1.0 if rule == "ista" or (ahead - x) @ step > 0 else t
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        ahead = x if rule == "ista" else x + (t - 1) / following * step
        theta, t = x, following
        path.append(theta)
    return np.array(path)


@pytest.mark.parametrize("rule", ["ista", "fista"])
@pytest.mark.parametrize("loss", LOSSES)
def test_epochs_are_the_literal_steps(loss, rule):
    settings = {"rule": rule, "learning_rate": 0.02, "epochs": 40, "l1": 0.05, "l2": 0.02}
    run = steepest.descend(X, TARGETS[loss], loss=loss, weight=WEIGHT, start=ZEROS, **settings)
    path = literal(loss, 0.02, 40, 0.05, 0.02, WEIGHT, rule)
    weights, bias = run.parameters()
    # the same sums in another order
    np.testing.assert_allclose(np.column_stack([bias, weights]), path, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_minimum_meets_its_conditions(loss, l1_ratio, fit_intercept):
    given = {"l1": 0.3 if loss == "poisson" else 0.06, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    run = steepest.descend(X, TARGETS[loss], loss=loss, weight=WEIGHT, **given, epochs=0)
    w, l1, l2 = run.optimum.weights, run.l1, run.l2
    v = WEIGHT / WEIGHT.sum() * SLOPES[loss](X @ w + run.optimum.bias, TARGETS[loss])
    c = -(X.T @ v) - l2 * w
    # proximal Newton ends at 1e-11 of the largest penalty, which is some 0.5 here
    np.testing.assert_allclose(c[w != 0], l1 * np.sign(w[w != 0]), atol=2e-11)
    assert (np.abs(c[w == 0]) <= l1 + 2e-11).all()
    assert 0 < (w != 0).sum() < D
    if fit_intercept:
        assert abs(v.sum()) < 2e-11
    else:
        assert run.optimum.bias == 0
    assert run.optimum.gradient_norm < 1e-10


@pytest.mark.parametrize(("l1", "l2"), [(0.05, 0.0), (0.05, 0.1), (0.001, 0.0)])
def test_logistic_goes_to_scikit_learns_answer(l1, l2):
    y, penalty = TARGETS["logistic"], l1 + l2
    theirs = LogisticRegression(
        solver="saga", C=1 / (N * penalty), l1_ratio=l1 / penalty, tol=1e-13, max_iter=200_000
    ).fit(X, y)
    run = steepest.descend(X, y, loss="logistic", l1=l1, l2=l2)
    # saga ends where its steps are 1e-13 of the largest coefficient
    np.testing.assert_allclose(run.optimum.weights, theirs.coef_[0], atol=1e-8)
    assert ((run.optimum.weights == 0) == (theirs.coef_[0] == 0)).all()
    assert (run.rule.name, run.ended.reason, run.verdict.kind) == ("fista", "gap", "converged")
    # a gap of 1e-9 of the loss leaves at most √(2·1e-9·J/λ_min)
    left = np.sqrt(2e-9 * run.last.loss / run.problem.quadratic.modes.eigenvalues[-1])
    np.testing.assert_allclose(run.weights, run.optimum.weights, atol=left)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gap_is_never_below_the_distance_and_closes_at_the_minimum(loss):
    run = steepest.descend(X, TARGETS[loss], loss=loss, weight=WEIGHT, l1=0.05, l2=0.01, epochs=60)
    J = run.problem.quadratic
    for epoch in (0, 1, 5, 20, 60):
        theta = run.iterates.parameters(np.array([epoch]))[0]
        assert J.gap(theta)[0] >= J.value(theta)[0] - run.optimum.loss - 1e-14
    # the intercept alone off its best place counts too, and nothing else does there
    theta = J.minimum.copy()
    assert abs(J.gap(theta)[0]) < 1e-12
    theta[0] += 0.3
    assert J.gap(theta)[0] == pytest.approx(J.value(theta)[0] - run.optimum.loss, abs=1e-12)
    assert run.verdict.gap == pytest.approx(J.gap(run.iterates.final)[0] / run.last.loss)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_ends_by_its_gap_and_says_what_is_in_use(loss):
    run = steepest.descend(X, TARGETS[loss], loss=loss, l1=0.05)
    assert (run.ended.reason, run.verdict.kind) == ("gap", "converged")
    assert f"at most {MOST_WALKED:,}" in run.reasons["epochs"]
    used = int((run.optimum.weights != 0).sum())
    assert f"{used} of 6 weights are in use, the same ones as at the exact minimum" in run.verdict.sentence
    above = run.last.loss - run.optimum.loss
    assert -1e-15 <= above <= run.verdict.gap * run.last.loss + 1e-15


def test_rates_are_safe_everywhere_where_curvature_has_a_bound_and_said_to_be_local_where_not():
    largest = float(np.linalg.eigvalsh(U.T @ U / N)[-1])
    for loss, bound in (("logistic", 0.25), ("huber", 1.0)):
        run = steepest.descend(X, TARGETS[loss], loss=loss, l1=0.05, l2=0.01)
        assert run.rule.learning_rate == pytest.approx(1 / (bound * largest + 0.01), rel=1e-12)
        assert run.verdict.global_limit == pytest.approx(2 / (bound * largest + 0.01), rel=1e-12)
        assert "from any start it comes to the minimum" in run.reasons["learning_rate"]
    few = (TARGETS["poisson"] > 4).astype(float)  # a mean below 1, which is that of the start
    for counts, is_more_curved in ((TARGETS["poisson"], True), (few, False)):
        run = steepest.descend(X, counts, loss="poisson", l1=0.01, start=ZEROS)
        means = np.exp(U @ np.append(run.optimum.bias, run.optimum.weights))
        at_minimum = float(np.linalg.eigvalsh(U.T @ (means[:, None] * U) / N)[-1])
        assert (at_minimum > largest) == is_more_curved
        assert run.rule.learning_rate == pytest.approx(1 / max(at_minimum, largest), rel=1e-9)
        assert "no rate is known to be safe from any start" in run.reasons["learning_rate"]
    slow = steepest.descend(X, TARGETS["poisson"], loss="poisson", l1=0.05, learning_rate=1e-4, epochs=5)
    assert "which is safe near the minimum" in slow.verdict.advice
    slow = steepest.descend(X, TARGETS["logistic"], loss="logistic", l1=0.05, learning_rate=1e-4, epochs=5)
    assert "which is safe from any start" in slow.verdict.advice
    assert slow.verdict.kind == "unfinished"


@pytest.mark.parametrize("order", ["fixed", "shuffled", "replacement"])
def test_batches_are_the_literal_steps(order):
    y = TARGETS["logistic"]
    run = steepest.descend(
        X, y, loss="logistic", l1=0.05, learning_rate=0.05, batch_size=7, epochs=5, order=order, seed=3
    )
    assert run.rule.rule == IstaRule(0.05)
    theta = np.zeros(D + 1)
    for epoch in range(5):
        for rows in Batches(7, order, 3).rows(N, epoch):
            v = theta - 0.05 * U[rows].T @ SLOPES["logistic"](U[rows] @ theta, y[rows]) / len(rows)
            theta = shrunk(v, 0.05 * 0.05 * FREE)
        state = run.at(epoch + 1)
        np.testing.assert_allclose(np.append(state.bias, state.weights), theta, rtol=1e-12, atol=1e-12)
    margin = U @ theta
    expected = (np.logaddexp(0, margin) - y * margin).mean() + 0.05 * np.abs(theta[1:]).sum()
    assert run.last.loss == pytest.approx(expected, rel=1e-12)


def test_rows_in_a_file_walk_the_same(monkeypatch):
    for settings in ({}, {"learning_rate": 0.05, "batch_size": 6, "epochs": 30, "order": "fixed"}):
        given = {"loss": "logistic", "l1": 0.05, **settings}
        run = steepest.descend(X, TARGETS["logistic"], **given)
        with monkeypatch.context() as patched:
            patched.setattr(loss_rows, "fits_memory", lambda *given: False)
            stored = steepest.descend(X, TARGETS["logistic"], **given)
        assert isinstance(stored.problem.rows, loss_rows.StoredLossRows)
        np.testing.assert_allclose(stored.weights, run.weights, rtol=1e-9)
        np.testing.assert_allclose(stored.optimum.weights, run.optimum.weights, atol=1e-9)
        assert stored.verdict.gap == pytest.approx(run.verdict.gap, rel=1e-4)


def test_standardized_inputs_and_an_offset_have_their_own_minimum():
    offset = GENERATOR.uniform(0, 1, N)
    S = (X - X.mean(axis=0)) / X.std(axis=0)
    run = steepest.descend(X, TARGETS["poisson"], loss="poisson", l1=0.1, offset=offset, standardize=True)
    by_hand = steepest.descend(S, TARGETS["poisson"], loss="poisson", l1=0.1, offset=offset)
    np.testing.assert_allclose(run.optimum.weights * X.std(axis=0), by_hand.optimum.weights, atol=1e-9)
    np.testing.assert_allclose(run.weights * X.std(axis=0), by_hand.weights, atol=1e-9)
    assert run.verdict.kind == "converged"


@pytest.mark.parametrize("loss", LOSSES)
def test_inputs_far_from_0_keep_their_minimum(loss):
    near = steepest.descend(X, TARGETS[loss], loss=loss, l1=0.05, epochs=0)
    far = steepest.descend(X + 1e6, TARGETS[loss], loss=loss, l1=0.05, epochs=0)
    # a millionth of 2e-16 of 1e6 is lost in the inputs themselves
    np.testing.assert_allclose(far.optimum.weights, near.optimum.weights, atol=1e-9)


def test_classes_that_can_be_told_apart_have_a_minimum_under_l1():
    y = (X[:, 0] > 1).astype(float)
    run = steepest.descend(X, y, loss="logistic", l1=0.01)
    assert run.verdict.kind == "converged"
    assert run.problem.separation is None
    v = SLOPES["logistic"](X @ run.optimum.weights + run.optimum.bias, y) / N
    used = run.optimum.weights != 0
    np.testing.assert_allclose(-(X.T @ v)[used], 0.01 * np.sign(run.optimum.weights[used]), atol=1e-10)


def test_a_penalty_above_the_largest_leaves_the_intercept_alone():
    y = TARGETS["logistic"]
    run = steepest.descend(X, y, loss="logistic", l1=100.0)
    assert not run.optimum.weights.any()
    assert run.optimum.bias == pytest.approx(scipy.special.logit(y.mean()), abs=1e-12)
    assert "none of 6 weights is in use" in run.verdict.sentence


def test_a_run_that_is_cut_off_goes_on_with_the_same_bits(tmp_path):
    def give_up(epoch, loss, theta):
        if epoch == 30:
            raise KeyboardInterrupt

    y = TARGETS["logistic"]
    settings = {"loss": "logistic", "l1": 0.05, "learning_rate": 0.1, "epochs": 80, "checkpoint": tmp_path / "state"}
    with pytest.raises(KeyboardInterrupt):
        steepest.descend(X, y, **settings, callbacks=give_up)
    with pytest.raises(UsageError, match="l1"):
        steepest.descend(X, y, **{**settings, "l1": 0.2})
    whole = steepest.descend(X, y, **{**settings, "checkpoint": None})
    np.testing.assert_array_equal(steepest.descend(X, y, **settings).parameters()[0], whole.parameters()[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "quantile"}, r'a quantile loss has no run with l1 here.*loss="huber"'),
        ({"rule": "nesterov"}, "knows nothing of l1=0.1"),
        ({"engine": "modes"}, "only runs on squared loss have a closed form"),
        ({"batch_size": 8, "epochs": 3}, "of rule gradient only; this is ista. Give a learning rate"),
        ({"objective": "mse"}, "a logistic loss is the mean over the rows"),
    ],
)
def test_what_has_no_run_is_refused_in_words(settings, message):
    with pytest.raises(UsageError, match=message):
        steepest.descend(X, TARGETS["logistic"], **{"loss": "logistic", "l1": 0.1, **settings})


def test_several_classes_are_refused_and_one_class_too():
    labels = np.digitize(MARGIN, [0, 1])
    with pytest.raises(UsageError, match="a multinomial loss one for each class"):
        steepest.descend(X, np.eye(3)[labels], loss="multinomial", l1=0.1)
    with pytest.raises(DataError, match="there is nothing to learn"):
        steepest.descend(X, np.zeros(N), loss="logistic", l1=0.1)


def test_questions_that_have_no_answer_are_refused_in_words():
    run = steepest.descend(X, TARGETS["logistic"], loss="logistic", l1=0.05)
    assert run.plot("loss").floor == run.optimum.loss
    with pytest.raises(UsageError, match="under an l1 penalty modes do not shrink each by itself"):
        run.remaining()
    with pytest.raises(UsageError, match="computes runs without an l1 penalty"):
        run.page()
    with pytest.raises(UsageError, match="chosen on these very rows"):
        steepest.infer(run)
    assert steepest.Model.of(run).training["l1"] == 0.05
    assert "l1 0.05" in repr(run)
    assert run.extend(3).epochs == run.epochs + 3


def test_a_delta_of_hubers_loss_and_a_loss_of_ones_own_keep_their_certificate():
    class Own(HuberLoss):
        pass

    theirs = steepest.descend(X, TARGETS["huber"], loss=HuberLoss(0.5), l1=0.05)
    own = steepest.descend(X, TARGETS["huber"], loss=Own(0.5), l1=0.05)  # whose conjugate nobody knows
    np.testing.assert_allclose(own.optimum.weights, theirs.optimum.weights, atol=1e-10)
    assert own.verdict.kind == theirs.verdict.kind == "converged"
    assert own.epochs <= theirs.epochs  # the distance to the minimum itself is never above the gap


@pytest.mark.parametrize("l1", [0.05, 100.0])  # with nothing in use the gap is the distance itself
@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_ends_at_the_first_epoch_whose_gap_is_within(loss, l1):
    run = steepest.descend(X, TARGETS[loss], loss=loss, l1=l1, tolerance=1e-4)
    J = run.problem.quadratic
    gaps = [J.gap(theta)[0] / J.value(theta)[0] for theta in run.iterates.parameters(run.iterates.epochs)]
    assert run.epochs == np.flatnonzero(np.array(gaps) <= 1e-4)[0]


@pytest.mark.parametrize("l2", [0.0, 0.02])
def test_the_gap_is_the_literal_one_of_the_dual(l2):
    y, l1 = TARGETS["logistic"], 0.05
    J = steepest.descend(X, y, loss="logistic", l1=l1, l2=l2, epochs=0).problem.quadratic
    for theta in (np.append(0.7, X[0] / 5), np.zeros(D + 1), np.append(-3.0, np.ones(D) / 9)):
        margin = X @ theta[1:]
        best = scipy.optimize.brentq(lambda b, m=margin: SLOPES["logistic"](m + b, y).sum(), -50, 50, xtol=1e-15)
        v = SLOPES["logistic"](margin + best, y)
        c = np.abs(X.T @ v) / N
        v, c = (v, c) if l2 else (v * min(1, l1 / c.max()), c)  # a point that the dual allows
        p = v + y
        dual = -(scipy.special.xlogy(p, p) + scipy.special.xlogy(1 - p, 1 - p)).mean()
        dual -= (np.maximum(c - l1, 0) ** 2).sum() / (2 * l2) if l2 else 0.0
        J_here = (np.logaddexp(0, margin + theta[0]) - y * (margin + theta[0])).mean()
        J_here += l1 * np.abs(theta[1:]).sum() + l2 / 2 * (theta[1:] ** 2).sum()
        # slopes that sum to 0 up to rounding, times the width of the margins
        assert J.gap(theta[:, None])[0] == pytest.approx(J_here - dual, rel=1e-9)
