"""What first_epoch and the verdict say must be what a literal count of epochs finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.best_rate import at_best_rate, with_learning_rate
from steepest.rules.convergence import first_epoch, settled_epoch
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule

TWO_TERM = {rule.name: rule for rule in (HeavyBallRule, NesterovRule)}


def counted(rule, eigenvalues, tolerance, weights=None, most=20_000):
    """The first epoch within the tolerance, by stepping every mode: e ← (what the rule does to an error)."""
    theta = np.ones((len(eigenvalues), 1))
    memory = rule.init(theta)
    for epoch in range(most + 1):
        share = np.abs(theta).max() if weights is None else float((weights * theta[:, 0] ** 2).sum() / weights.sum())
        if share <= tolerance:
            return epoch
        theta, memory = rule.step(lambda point: eigenvalues[:, None] * point, theta, memory)
    return None


@pytest.mark.slow
@given(
    eigenvalues=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5),
    kind=st.sampled_from([GradientRule, HeavyBallRule, NesterovRule]),
    momentum=st.sampled_from([0.0, 0.2, 0.6, 0.9, 0.95]),
    of_limit=st.floats(0.02, 0.99),
    tolerance=st.sampled_from([0.3, 1e-2, 1e-6]),
    by_loss=st.booleans(),
)
def test_first_epoch_is_the_first(eigenvalues, kind, momentum, of_limit, tolerance, by_loss):
    values = np.sort(np.array(eigenvalues))[::-1]
    probe = kind(1.0) if kind is GradientRule else kind(1.0, momentum)
    rate = of_limit * probe.stability_limit(values[0])
    rule = kind(rate) if kind is GradientRule else kind(rate, momentum)
    weights = np.arange(1.0, len(values) + 1) if by_loss else None
    expected = counted(rule, values, tolerance, weights)
    ours = first_epoch(rule, values, tolerance, weights)
    if expected is None:
        assert ours > 20_000
        return
    # a share that meets the tolerance to the last bits may round to either side of it
    assert ours in (
        expected,
        counted(rule, values, tolerance * (1 - 1e-9), weights),
        counted(rule, values, tolerance * (1 + 1e-9), weights),
    )


@pytest.mark.parametrize(
    "rule", [NesterovRule(0.25, 0.9), NesterovRule(0.25, 0.25), NesterovRule(0.25, 0.0), HeavyBallRule(0.25, 0.0)]
)
@pytest.mark.parametrize("values", [[4.0], [4.0, 2.0, 0.03125], [4.0, 4.0, 0.25]])
def test_a_mode_that_is_gone_after_one_step_keeps_no_run_waiting(rule, values):
    # at 1/λ_max, the textbooks' rate, both roots of the steepest mode are 0
    for tolerance in (0.9, 1e-2, 1e-6):
        assert first_epoch(rule, np.array(values), tolerance) == counted(rule, np.array(values), tolerance)
    assert settled_epoch(rule, np.array(values), 1e-6) < 2000


@pytest.mark.parametrize("name", ["heavy_ball", "nesterov"])
def test_the_best_momentum_of_modes_too_far_apart_for_a_number(name):
    rate, momentum = TWO_TERM[name].best_momentum(Modes(np.array([1e200, 1e-200]), np.eye(2)))
    assert 0.999 < momentum < 1
    assert rate == pytest.approx({"heavy_ball": 4, "nesterov": 4 / 3}[name] * 1e-200)


def test_no_number_of_epochs_is_enough_at_and_above_the_limit():
    values = np.array([2.0, 0.5])
    for rule in (
        GradientRule(1.0),
        GradientRule(1.001),
        HeavyBallRule(1.9, 0.9),
        HeavyBallRule(2.0, 0.9),
        NesterovRule(1.0, 0.9),
    ):
        assert first_epoch(rule, values, 1e-3) is None
    assert first_epoch(GradientRule(0.999999), values, 1e-3) is not None


def test_nothing_to_do_takes_no_epoch():
    assert first_epoch(GradientRule(0.1), np.array([]), 1e-6) == 0
    assert first_epoch(GradientRule(0.1), np.array([1.0]), 1.0) == 0
    assert first_epoch(GradientRule(0.5), np.array([2.0]), 1e-300) == 1  # gone in one epoch


@pytest.mark.parametrize("tolerance", [0, -1, float("nan"), float("inf"), "x", True])
def test_a_tolerance_is_a_number_above_0(tolerance):
    with pytest.raises(UsageError, match="above 0"):
        first_epoch(GradientRule(0.1), np.array([1.0]), tolerance)


@given(
    largest=st.floats(0.1, 10),
    kappa=st.floats(1.5, 1e4),
    momentum=st.sampled_from([0.0, 0.3, 0.9]),
    name=st.sampled_from(["gradient", "heavy_ball", "nesterov"]),
)
def test_the_best_rate_beats_its_neighbours(largest, kappa, momentum, name):
    values = np.array([largest, largest / kappa])
    rule = GradientRule(1.0) if name == "gradient" else TWO_TERM[name](1.0, momentum)
    rate = at_best_rate(rule, Modes(values, np.eye(2))).learning_rate

    def radius(eta):
        return with_learning_rate(rule, eta).radius(values).max()

    for factor in (0.9, 0.99, 0.999, 1.001, 1.01, 1.1):
        # where all roots are complex the factor is √β on a whole interval of rates
        assert radius(rate) <= radius(rate * factor) * (1 + 1e-12)


@given(kappa=st.floats(1.5, 1e5), name=st.sampled_from(["heavy_ball", "nesterov"]))
def test_the_best_momentum_beats_its_neighbours(kappa, name):
    values = np.array([1.0, 1 / kappa])
    kind = HeavyBallRule if name == "heavy_ball" else NesterovRule
    rate, beta = TWO_TERM[name].best_momentum(Modes(values, np.eye(2)))
    best = kind(rate, beta).radius(values).max()
    for rate_factor in (0.97, 1.0, 1.03):
        for shift in (-0.03, 0.0, 0.03):
            other = beta + shift * (1 - beta)
            if 0 <= other < 1:
                # at the optimum two roots meet, and the factor rounds like the square root of a rounding
                assert best <= kind(rate * rate_factor, other).radius(values).max() + 1e-7


def test_the_tutorials_numbers(line):
    run = steepest.descend(*line, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
    verdict = run.verdict
    assert verdict.kind == "unfinished"
    assert verdict.condition_number == pytest.approx(121_212, abs=0.5)
    assert verdict.stability_limit == pytest.approx(1.32666e-4, rel=1e-5)
    assert verdict.learning_rate / verdict.stability_limit == pytest.approx(0.75, abs=0.005)
    assert verdict.remaining == pytest.approx(0.083, abs=5e-4)
    assert run.epochs_to(1e-6) == verdict.epochs_needed == pytest.approx(1.11e6, rel=2e-3)
    assert verdict.epochs_at_best == pytest.approx(0.84e6, rel=5e-3)
    assert verdict.epochs_standardized == 1
    assert verdict.standardized_condition_number == pytest.approx(1, abs=1e-12)
    # the loss hides the slow mode: 8.7e-7 of it is left, and it looks finished
    loss = run.loss([0, 200_000])
    assert (loss[1] - run.optimum.loss) / (loss[0] - run.optimum.loss) == pytest.approx(8.7e-7, rel=0.01)
    assert run.epochs_to(1e-6, measure="loss") < 200_000
    assert "8.3% of the bias is still missing" in str(verdict)
    assert [words for words, _ in verdict.slowest] == ["the intercept against x1", "x1"]
    assert verdict.slowest[0][1] == verdict.remaining


def test_verdicts_by_kind(line):
    X, y = line

    def verdict(**settings):
        return steepest.descend(X, y, objective="quarter_mse", **settings).verdict

    limit = verdict(learning_rate=1e-4, epochs=1).stability_limit
    assert verdict(learning_rate=1e-4, epochs=2_000_000).kind == "converged"
    assert verdict(learning_rate=1e-4, epochs=200_000).kind == "unfinished"
    assert verdict(learning_rate=1e-4, epochs=1_000).kind == "crawls"
    assert verdict(learning_rate=limit, epochs=1_000).kind == "oscillates"
    assert verdict(learning_rate=limit * (1 + 1e-9), epochs=10).kind == "diverges"
    assert verdict(learning_rate=limit * (1 - 1e-9), epochs=10).kind == "crawls"
    diverging = verdict(learning_rate=1.33e-4, epochs=200_000)
    assert diverging.kind == "diverges"
    assert "stability limit 0.000132666" in diverging.sentence
    assert verdict(learning_rate="auto", epochs="auto").kind == "converged"
    # a run of the loop gets the same verdict, but for the rounding of what is measured on its path
    walked, known = (verdict(learning_rate=1e-4, epochs=1_000, engine=engine) for engine in ("loop", "modes"))
    assert str(walked) == str(known)
    assert walked.remaining == pytest.approx(known.remaining, rel=1e-12)
    assert [words for words, _ in walked.slowest] == [words for words, _ in known.slowest]


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov"])
def test_auto_arrives(rule, line):
    X, y = line
    run = steepest.descend(np.column_stack([X, np.sqrt(X)]), y + np.cos(X[:, 0]), rule=rule)
    assert run.verdict.kind == "converged"
    assert run.verdict.remaining <= 1e-12
    np.testing.assert_allclose(run.weights, run.optimum.weights, rtol=1e-9)
    assert set(run.reasons) == {"learning_rate", "epochs"} | ({"momentum"} if rule != "gradient" else set())


def test_the_best_rate_of_large_eigenvalues_is_that_of_small_ones_rescaled():
    for largest in (1e-290, 1e290, 1e299):
        rate = NesterovRule(1.0, 0.9).at_best_rate(Modes(np.array([largest, largest / 2]), np.eye(2))).learning_rate
        assert rate * largest == pytest.approx(
            NesterovRule(1.0, 0.9).at_best_rate(Modes(np.array([1.0, 0.5]), np.eye(2))).learning_rate, rel=1e-12
        )
