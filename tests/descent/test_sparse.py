"""Runs with an l1 penalty: how they end, what is said of them, batches, and what they have no answer for."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

import steepest
from steepest.descent import loop
from steepest.descent.sparse import MOST_AUTO, elastic_net
from steepest.errors import DivergenceWarning, UsageError
from steepest.rules.ista import IstaRule

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(60, 6)) * np.geomspace(1, 3, 6) + 1
Y = X @ [2.0, 0, -1, 0, 0, 0] + GENERATOR.normal(size=60)
RUN = steepest.descend(X, Y, l1=0.1)
L = float(RUN.problem.quadratic.modes.eigenvalues[0])


def test_with_nothing_else_asked_for_fista_goes_to_scikit_learns_answer():
    theirs = ElasticNet(0.1, l1_ratio=1.0, tol=1e-14, max_iter=100_000).fit(X, Y)
    assert (RUN.rule.name, RUN.ended.reason, RUN.l1) == ("fista", "gap", 0.1)
    assert "it knows l1" in RUN.reasons["rule"]
    assert f"at most {MOST_AUTO:,}" in RUN.reasons["epochs"]
    # a gap of 1e-9 of the loss leaves at most √(2·1e-9·J/λ_min), 1e-4 here, and in fact far less
    np.testing.assert_allclose(RUN.weights, theirs.coef_, atol=1e-6)
    assert ((RUN.weights == 0) == (theirs.coef_ == 0)).all()
    np.testing.assert_allclose(RUN.optimum.weights, theirs.coef_, atol=1e-8)
    assert RUN.optimum.gradient_norm < 1e-13
    assert RUN.last.gradient_norm > RUN.optimum.gradient_norm


def test_l1_ratio_says_the_ridge_part_of_an_elastic_net():
    one, other = steepest.descend(X, Y, l1=0.1, l1_ratio=0.25), steepest.descend(X, Y, l1=0.1, l2=0.3)
    assert (one.l1, one.l2) == (0.1, pytest.approx(0.3, rel=1e-15))
    theirs = ElasticNet(0.4, l1_ratio=0.25, tol=1e-14, max_iter=100_000).fit(X, Y)
    for run in (one, other):
        np.testing.assert_allclose(run.optimum.weights, theirs.coef_, atol=1e-8)
    assert elastic_net(0.5, 0, 1) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"l1": -1}, "l1 must be a finite number"),
        ({"l1": "x"}, "l1 must be a finite number"),
        ({"l1": 0.1, "l1_ratio": 0}, "l1_ratio must lie above 0 and be at most 1"),
        ({"l1_ratio": 0.5}, "l1_ratio says how much of the penalty is not l1, and there is none"),
        ({"l1": 0.1, "l2": 0.2, "l1_ratio": 0.5}, "and so does l2=0.2"),
        ({"l1": 0.1, "engine": "modes"}, "rule fista has no closed form"),
        ({"l1": 0.1, "batch_size": 8, "epochs": 3}, "of rule gradient only; this is ista. Give a learning rate"),
        ({"l1": 0.1, "rule": 3}, "or a rule object; got 3"),
        ({"stop": steepest.DualityGap(0.1)}, "DualityGap is about a run with an l1 penalty"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(UsageError) as raised:
        steepest.descend(X, Y, **settings)
    assert words in str(raised.value)


def test_the_verdict_is_certified_by_the_gap_at_the_last_epoch():
    for epochs in (0, 5, 20, 40, 400):
        run = steepest.descend(X, Y, l1=0.1, epochs=epochs)
        above = run.loss([epochs])[0] - run.optimum.loss
        assert run.verdict.gap * run.loss([epochs])[0] >= above - 1e-15
        assert (run.verdict.kind == "converged") == (run.verdict.gap <= 1e-6)
    assert run.verdict.kind == "converged"
    assert "3 of 6 weights are in use, the same ones as at the exact minimum, since epoch" in str(run.verdict)


def test_the_epoch_since_which_weights_are_in_use_is_the_paths():
    used = RUN.parameters()[0] != 0
    since = np.flatnonzero((used != used[-1]).any(axis=1))[-1] + 1
    assert f"since epoch {since}." in RUN.verdict.sentence
    none = steepest.descend(X, Y, l1=100.0)
    assert "none of 6 weights is in use, the same ones as at the exact minimum, since epoch 0" in none.verdict.sentence


def test_a_tolerance_and_a_stop_are_shares_of_the_loss():
    for run in (
        steepest.descend(X, Y, l1=0.1, tolerance=1e-3),
        steepest.descend(X, Y, l1=0.1, epochs=5_000, tolerance=1e-3),
        steepest.descend(X, Y, l1=0.1, epochs=5_000, stop=steepest.DualityGap(1e-3)),
    ):
        J, before = run.problem.quadratic, run.iterates.parameters(np.array([run.epochs - 1]))[0]
        assert J.gap(run.iterates.final)[0] <= 1e-3 * run.last.loss
        assert J.gap(before)[0] > 1e-3 * J.value(before)[0]
        assert "the duality gap is within a thousandth of the loss" in str(run.ended)
    with pytest.raises(UsageError, match="above 0 and below 1; got 1"):
        steepest.DualityGap(1)
    few = steepest.descend(X, Y, l1=0.1, epochs=3, tolerance=1e-3)
    assert few.ended.reason == "epochs"


def test_a_small_gradient_is_the_shortest_subgradient():
    run = steepest.descend(X, Y, l1=0.1, stop=steepest.SmallGradient(1e-2))
    assert run.ended.reason == "gradient"
    assert run.last.gradient_norm <= 1e-2 < run.at(run.epochs - 1).gradient_norm


def test_epochs_to_are_measured_and_not_promised():
    away = np.linalg.norm(
        RUN.iterates.parameters(RUN.iterates.epochs)[..., 0] - RUN.problem.quadratic.minimum[:, 0], axis=1
    )
    assert RUN.epochs_to(1e-3) == np.flatnonzero(away <= 1e-3 * away[0])[0]
    above = RUN.loss() - RUN.optimum.loss
    assert RUN.epochs_to(1e-3, "loss") == np.flatnonzero(above <= 1e-3 * above[0])[0]
    with pytest.raises(UsageError, match="Run more epochs"):
        RUN.epochs_to(1e-15)


def test_ista_above_its_limit_diverges_and_the_advice_names_the_rates():
    with pytest.warns(DivergenceWarning, match="1/L = "):
        run = steepest.descend(X, Y, l1=0.1, rule="ista", learning_rate=3 / L, epochs=200)
    assert run.verdict.kind == "diverges"
    assert steepest.descend(X, Y, l1=0.1, rule="ista", learning_rate=1.9 / L, epochs=2_000).verdict.kind == "converged"
    slow = steepest.descend(X, Y, l1=0.1, rule="ista", learning_rate=0.1 / L, epochs=5)
    assert "The learning rate is 10% of 1/L" in slow.verdict.advice
    assert "Standardizing the inputs reduces the condition number" in slow.verdict.advice


@pytest.mark.parametrize("order", ["fixed", "shuffled", "replacement"])
def test_batches_are_the_literal_steps(order):
    from steepest.descent.minibatch import Batches

    run = steepest.descend(X, Y, l1=0.2, learning_rate=0.02, batch_size=7, epochs=5, order=order, seed=3)
    assert run.rule.rule == IstaRule(0.02)
    theta, U, free = np.zeros(7), np.column_stack([np.ones(60), X]), np.array([0.0, 1, 1, 1, 1, 1, 1])
    for epoch in range(5):
        for rows in Batches(7, order, 3).rows(60, epoch):
            v = theta - 0.02 * U[rows].T @ (U[rows] @ theta - Y[rows]) / len(rows)
            theta = np.sign(v) * np.maximum(np.abs(v) - 0.02 * 0.2 * free, 0)
        state = run.at(epoch + 1)
        np.testing.assert_allclose(np.append(state.bias, state.weights), theta, rtol=1e-12, atol=1e-12)
    residual = U @ theta - Y
    assert run.last.loss == pytest.approx((residual**2).mean() / 2 + 0.2 * np.abs(theta[1:]).sum(), rel=1e-12)


def test_batches_hover_and_rows_in_a_file_walk_the_same(monkeypatch):
    settings = {"l1": 0.2, "learning_rate": 0.05, "batch_size": 6, "epochs": 60}
    run = steepest.descend(X, Y, **settings)
    assert run.verdict.kind == "hovers"
    assert "A smaller learning rate" in run.verdict.advice
    in_order = {**settings, "order": "fixed"}  # the order in a file is another one otherwise
    run = steepest.descend(X, Y, **in_order)
    from steepest.objectives import stored_rows

    monkeypatch.setattr(stored_rows, "fits_memory", lambda *given: False)
    stored = steepest.descend(X, Y, **in_order)
    assert isinstance(stored.rule.rows, stored_rows.StoredRows)
    np.testing.assert_allclose(stored.weights, run.weights, rtol=1e-12)


def test_a_run_that_is_cut_off_goes_on_with_the_same_bits(tmp_path):
    def give_up(epoch, loss, theta):
        if epoch == 30:
            raise KeyboardInterrupt

    settings = {"l1": 0.1, "learning_rate": 0.05, "epochs": 80, "checkpoint": tmp_path / "state"}
    with pytest.raises(KeyboardInterrupt):
        steepest.descend(X, Y, **settings, callbacks=give_up)
    with pytest.raises(UsageError, match="l1"):
        steepest.descend(X, Y, **{**settings, "l1": 0.2})
    whole = steepest.descend(X, Y, **{**settings, "checkpoint": None})
    np.testing.assert_array_equal(steepest.descend(X, Y, **settings).parameters()[0], whole.parameters()[0])


def test_the_loop_descends_a_sparse_objective_by_itself():
    walked = loop.run(RUN.problem.quadratic, IstaRule(1 / L), np.zeros((7, 1)), 50, stop=steepest.DualityGap(0.5))
    assert walked.ended.reason == "gap"


def test_pictures_are_drawn_and_what_has_no_answer_is_refused_in_words():
    assert RUN.plot("loss").floor == RUN.optimum.loss
    contour = RUN.plot("contour", first="x1", second="x2")
    J, i, j = RUN.problem.quadratic, 3, 5
    theta = J.minimum.copy()
    theta[1, 0], theta[2, 0] = contour.x[i], contour.y[j]
    assert contour.loss[j, i] == pytest.approx(J.value(theta)[0], rel=1e-14)
    for question in (RUN.remaining, lambda: RUN.plot("modes")):
        with pytest.raises(UsageError, match="under an l1 penalty modes do not shrink each by itself"):
            question()
    with pytest.raises(UsageError, match="computes runs without an l1 penalty"):
        RUN.page()
    with pytest.raises(
        UsageError, match="chosen on these very rows, so standard errors and p-values from them would be too small"
    ):
        steepest.infer(RUN)
    with pytest.raises(UsageError, match="no effective parameters"):
        RUN.effective_parameters()


def test_a_run_tells_its_penalty():
    assert "l1 0.1" in repr(RUN)
    assert "l1 0.1" in repr(RUN.problem)
    assert "duality gap" in RUN.verdict._repr_html_()
    assert steepest.Model.of(RUN).training["l1"] == 0.1
    assert "l1" not in steepest.Model.of(steepest.descend(X, Y)).training
    assert RUN.extend(3).epochs == RUN.epochs + 3
    assert "l1 0.1" in str(steepest.explain(X, Y, epoch=2, l1=0.1))
