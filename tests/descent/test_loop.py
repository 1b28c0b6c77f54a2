"""The loop: it stops when asked to, says why, lets nobody change the path, and measures what is left of each mode."""

import pickle
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.descent import loop
from steepest.descent.iterates import shares_left
from steepest.errors import UsageError
from tests.strategies import problems


class Sign:
    """Steps of one length, whatever the gradient: a rule without closed form."""

    name = "sign"

    def __init__(self, length=0.01):
        self.length = length

    def init(self, theta):
        return None

    def step(self, gradient, theta, memory):
        return theta - self.length * np.sign(gradient(theta)), None


class Adam:
    """Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1."""

    name = "adam"

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def init(self, theta):
        return np.zeros_like(theta), np.zeros_like(theta), 0

    def step(self, gradient, theta, memory):
        slope = gradient(theta)
        m, v, k = 0.9 * memory[0] + 0.1 * slope, 0.999 * memory[1] + 0.001 * slope**2, memory[2] + 1
        step = self.learning_rate * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
        return theta - step, (m, v, k)


def test_a_callback_that_returns_true_ends_the_run(line):
    settings = {"learning_rate": 1e-5, "epochs": 50}
    run = steepest.descend(*line, callbacks=[lambda epoch, loss, theta: np.bool_(epoch == 7)], **settings)
    assert (run.epochs, run.requested_epochs, run.ended.reason) == (7, 50, "callback")
    assert str(run.ended) == "A callback ended the run after epoch 7."
    np.testing.assert_array_equal(run.loss([7]), steepest.descend(*line, engine="loop", **settings).loss([7]))
    for answer in (None, 1, "yes", [0]):  # what list.append or a printed number returns ends nothing
        assert steepest.descend(*line, callbacks=[lambda *_, answer=answer: answer], **settings).epochs == 50


def test_nobody_changes_the_path_that_is_walked(line):
    def meddle(epoch, loss, theta):
        theta[:] = 0

    with pytest.raises(ValueError, match="read-only"):
        steepest.descend(*line, learning_rate=1e-5, epochs=5, callbacks=[meddle])

    class InPlace(Sign):
        def step(self, gradient, theta, memory):
            theta -= 0.01 * np.sign(gradient(theta))
            return theta, None

    with pytest.raises(ValueError, match="read-only"):
        steepest.descend(*line, rule=InPlace(), epochs=5)


@pytest.mark.parametrize(
    ("returned", "text"),
    [(np.zeros(2), "float64 of shape \\(2,\\)"), (np.zeros((2, 1), dtype=np.float32), "float32"), ([0.0], "list")],
)
def test_a_step_returns_parameters(line, returned, text):
    class Wrong(Sign):
        def step(self, gradient, theta, memory):
            return returned, None

    with pytest.raises(UsageError, match=f"rule 'sign' returned {text}"):
        steepest.descend(*line, rule=Wrong(), epochs=5)


def test_seconds_end_a_run_at_the_end_of_an_epoch(line, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("steepest.descent.stops.time.monotonic", lambda: next(clock))
    run = steepest.descend(*line, learning_rate=1e-5, epochs=500, stop=steepest.TimeLimit(20))
    assert (run.epochs, run.ended.reason, run.engine) == (19, "seconds", "loop")  # the clock is read before each step
    assert "20 seconds" in run.ended.sentence


def test_a_short_gradient_ends_a_run(line):
    walked = steepest.descend(*line, learning_rate=3e-5, epochs=500, engine="loop")
    norms = [state.gradient_norm for state in walked.states()]
    threshold = norms[200]
    run = steepest.descend(*line, learning_rate=3e-5, epochs=500, stop=steepest.SmallGradient(threshold))
    assert (run.epochs, run.ended.reason) == (next(k for k, norm in enumerate(norms) if norm <= threshold), "gradient")


def test_a_stop_of_ones_own(line):
    class AfterBest:
        """Ends a run five epochs after its smallest loss."""

        name = "after_best"

        def begin(self, objective, start):
            best = [np.inf, 0]

            def check(progress):
                if progress.loss[0] < best[0]:
                    best[:] = progress.loss[0], progress.epoch
                return f"No smaller loss since epoch {best[1]}." if progress.epoch >= best[1] + 5 else None

            return check

    run = steepest.descend(*line, rule=Sign(), epochs=500, stop=[AfterBest()])
    losses = run.loss()
    assert run.ended.reason == "after_best"
    assert losses.argmin() == run.epochs - 5
    assert str(run.ended) == f"No smaller loss since epoch {losses.argmin()}."


def test_a_stop_sees_the_last_epoch_and_does_not_end_it(line):
    seen = []

    class AtFive:
        name = "at_five"

        def begin(self, objective, start):
            return lambda progress: seen.append(progress.epoch) or ("five" if progress.epoch == 5 else None)

    assert steepest.descend(*line, rule=Sign(), epochs=5, stop=AtFive()).ended.reason == "epochs"
    assert seen == [0, 1, 2, 3, 4, 5]
    assert steepest.descend(*line, rule=Sign(), epochs=6, stop=AtFive()).ended.reason == "at_five"


@pytest.mark.parametrize("stop", [3, "soon", [None], steepest.TimeLimit])
def test_what_is_no_stop_is_refused(line, stop):
    with pytest.raises(UsageError, match="stop takes"):
        steepest.descend(*line, learning_rate=1e-5, epochs=5, stop=stop)


def test_a_tolerance_is_kept_by_a_rule_without_closed_form(line):
    rule = Adam(0.05)
    whole = steepest.descend(*line, rule=rule, epochs=5000, standardize=True)
    run = steepest.descend(*line, rule=rule, epochs=5000, standardize=True, tolerance=1e-3)
    assert run.ended.reason == "tolerance"
    assert run.epochs < 5000
    left = whole.remaining(range(run.epochs + 1)).max(axis=1)
    assert (left[-2:] <= 1e-3).all()  # two epochs in a row, since it swings
    assert not ((left[1:-1] <= 1e-3) & (left[:-2] <= 1e-3)).any()  # and not before
    assert steepest.descend(*line, rule=rule, epochs=10, standardize=True, tolerance=1e-3).ended.reason == "epochs"


@pytest.mark.parametrize(
    "asked",
    [{"callbacks": [print]}, {"record": steepest.Record(every=2)}, {"stop": steepest.TimeLimit(1.0)}],
)
def test_the_closed_form_refuses_what_only_a_loop_can_do(line, asked):
    with pytest.raises(UsageError, match=next(iter(asked))):
        steepest.descend(*line, learning_rate=1e-5, epochs=5, engine="modes", **asked)


@given(problems(), st.sampled_from(["gradient", "heavy_ball", "nesterov"]), st.integers(0, 40), st.booleans())
def test_what_is_measured_of_each_mode_is_what_the_residual_polynomial_says(problem, rule, epochs, standardize):
    X, y = problem
    y = np.column_stack([y, np.cos(y)])
    settings = {"rule": rule, "epochs": epochs, "standardize": standardize, "learning_rate": 0.03}
    if rule != "gradient":
        settings["momentum"] = 0.5
    known, walked = (steepest.descend(X, y, engine=engine, **settings) for engine in ("modes", "loop"))
    # a share is e_k/e_0, and e_0 is known to rounding of the whole start error
    first = np.abs(known.problem.quadratic.start_errors(known.start)).max(axis=1)
    clear = first > 1e-6 * first.max(initial=0.0)
    np.testing.assert_allclose(walked.remaining()[:, clear], known.remaining()[:, clear], rtol=1e-6, atol=1e-9)


def test_a_mode_that_starts_at_its_minimum_is_measured_against_the_whole_start_error():
    quadratic = steepest.descend(
        [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [2.0, -2.0, 0.0, 0.0]
    ).problem.quadratic
    start = np.zeros((3, 1))
    astray = quadratic.minimum + np.array([[0.0], [0.0], [1.0]])  # the second weight has left its minimum
    shares = shares_left(quadratic, start, np.stack([start, quadratic.minimum, astray]))
    assert shares[0].max() == 1
    assert shares[1].max() == 0
    assert shares[2].max() == pytest.approx(0.5)  # both weights count alike, and the first had 2 to go
    at_minimum = shares_left(quadratic, quadratic.minimum, np.stack([quadratic.minimum, astray]))
    assert at_minimum[0].max() == 0
    assert at_minimum[1].max() == np.inf


def test_a_rule_without_closed_form_gets_a_verdict_from_its_path(line):
    run = steepest.descend(*line, rule=Sign(), epochs=20)
    assert run.engine == "loop"
    assert run.weights[0] == pytest.approx(0.2)
    assert run.verdict.kind == "unfinished"
    assert run.verdict.remaining == run.remaining([19, 20]).max()  # two epochs in a row: it may be passing through
    assert "of the bias is still missing after 20 epochs of rule sign" in run.verdict.sentence
    assert "gradient descent at its best constant rate" in run.verdict.advice
    with pytest.raises(UsageError, match="Run more epochs"):
        run.epochs_to(1e-3)
    first = run.epochs_to(0.9, "loss")
    losses = run.loss()
    assert losses[first] <= 0.9 * losses[0] < losses[first - 1]
    arrived = steepest.descend(*line, rule=Adam(0.05), epochs=6000, standardize=True)
    assert arrived.verdict.kind == "converged"
    assert "Converged" in arrived.verdict.sentence
    away = steepest.descend(*line, rule=Sign(10.0), epochs=5)
    assert away.verdict.kind == "diverges"
    assert f"began at {line[1].var() / 2 + line[1].mean() ** 2 / 2:,.2f}" in away.verdict.sentence


def test_an_estimator_warns_of_what_such_a_rule_leaves(line):
    from sklearn.exceptions import ConvergenceWarning

    with pytest.warns(
        ConvergenceWarning,
        match="% of the (bias|weight of .x1.) in standardized inputs is still missing after 5 epochs of rule adam",
    ):
        steepest.GradientDescentRegressor(rule=Adam(1e-6), epochs=5).fit(*line)
    with pytest.raises(steepest.DivergenceError, match="Diverges: after 5 epochs of rule sign"):
        steepest.GradientDescentRegressor(rule=Sign(1000.0), epochs=5).fit(*line)


@pytest.mark.parametrize("engine", ["modes", "loop"])
def test_a_run_is_extended(line, engine):
    settings = {"rule": "heavy_ball", "momentum": 0.5, "learning_rate": 3e-5, "engine": engine}
    short, long = (steepest.descend(*line, epochs=epochs, **settings) for epochs in (10, 25))
    longer = short.extend(15)
    assert (longer.epochs, longer.requested_epochs, short.epochs) == (25, 25, 10)
    np.testing.assert_array_equal(longer.loss(), long.loss())
    np.testing.assert_array_equal(longer.weights, long.weights)
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(UsageError, match="1 or larger"):
            short.extend(wrong)


@pytest.mark.parametrize("engine", ["modes", "loop"])
def test_a_run_holds_facts_and_no_callables(line, engine):
    run = steepest.descend(*line, learning_rate=3e-5, epochs=10, engine=engine)
    _ = run.verdict, run.last, run.optimum
    seen, waiting = set(), [run]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        assert not isinstance(value, (types.FunctionType, types.MethodType, types.BuiltinFunctionType)), value
        waiting += list(value) if isinstance(value, (tuple, list)) else list(getattr(value, "__dict__", {}).values())
    again = pickle.loads(pickle.dumps(run))
    np.testing.assert_array_equal(again.loss(), run.loss())
    assert str(again.verdict) == str(run.verdict)
    assert str(again.summary()) == str(run.summary())


def test_states_come_one_after_the_other(line):
    run = steepest.descend(*line, learning_rate=3e-5, epochs=4)
    assert [state.epoch for state in run.states()] == [0, 1, 2, 3, 4]
    assert [state.loss for state in run.states([4, 2])] == [run.at(4).loss, run.at(2).loss]


def test_an_objective_of_ones_own_is_walked():
    class Quartic:
        """J = Σ (theta - 3)⁴: no quadratic, no modes."""

        metric_name = "distance"

        def value(self, theta):
            return ((theta - 3) ** 4).sum(axis=0)

        def value_and_gradient(self, theta):
            return self.value(theta), 4 * (theta - 3) ** 3

        def metric(self, theta):
            return np.abs(theta - 3).max(axis=0)

    walked = loop.run(
        Quartic(), steepest.GradientRule(0.02), np.zeros((2, 1)), 10_000, stop=[steepest.SmallGradient(1e-3)]
    )
    assert walked.ended.reason == "gradient"
    literal, count = 0.0, 0
    while np.sqrt(2) * abs(4 * (literal - 3) ** 3) > 1e-3:
        literal, count = literal - 0.02 * 4 * (literal - 3) ** 3, count + 1
    assert walked.epochs[-1] == count
    np.testing.assert_allclose(walked.thetas[-1], literal, rtol=1e-12)
    assert walked.metric(walked.epochs[-1:])[0, 0] == pytest.approx(3 - literal)
    with pytest.raises(UsageError, match="Quartic knows no modes"):
        walked.remaining(walked.epochs)


def test_a_rule_whose_step_is_its_own_is_judged_by_the_path_it_walks(line):
    class Clipped(steepest.GradientRule):
        """Plain gradient with steps cut to a length: no longer what the power (1 - ηλ)^k says."""

        def step(self, gradient, theta, memory):
            step = self.learning_rate * gradient(theta)
            return theta - np.clip(step, -0.01, 0.01), None

    run = steepest.descend(*line, rule=Clipped(1.0), epochs=30, standardize=True)
    assert run.engine == "loop"
    assert run.weights[0] == pytest.approx(0.3 / line[0].std())
    assert (run.verdict.kind, run.epochs) == ("unfinished", 30)
    known = steepest.descend(*line, rule=steepest.GradientRule(1.0), epochs=30, standardize=True)
    assert known.verdict.kind == "converged"  # as the formula has it, which the clipped steps do not follow


@pytest.mark.parametrize("answer", [True, False, 0])
def test_a_check_answers_with_a_sentence_or_none(line, answer):
    class Bare:
        name = "bare"

        def begin(self, objective, start):
            return lambda progress: answer

    with pytest.raises(UsageError, match=f"the stop 'bare' answered {answer}"):
        steepest.descend(*line, learning_rate=1e-5, epochs=5, stop=Bare())


class Swing:
    """Heavy ball, as a rule that says nothing of its polynomial."""

    name = "swing"

    def __init__(self, learning_rate, momentum=0.9):
        self.learning_rate, self.momentum = learning_rate, momentum

    def init(self, theta):
        return np.zeros_like(theta)

    def step(self, gradient, theta, velocity):
        velocity = self.momentum * velocity - self.learning_rate * gradient(theta)
        return theta + velocity, velocity


def test_a_run_that_passes_through_its_minimum_has_not_arrived():
    table = {"data": [[1.0], [2.0]], "y": [1.0, 2.0], "fit_intercept": False}
    steepest_mode = steepest.diagnose(**table).modes[0].eigenvalue
    for rule in (Swing(1 / steepest_mode), steepest.HeavyBallRule(1 / steepest_mode, 0.9)):
        run = steepest.descend(**table, rule=rule, epochs=1)
        assert run.remaining([1]).max() < 1e-12
        assert run.verdict.kind == "unfinished"
        assert "pass" in run.verdict.sentence
        assert run.verdict.remaining > 0.1
        arrived = steepest.descend(**table, rule=rule, epochs=2000)
        assert arrived.verdict.kind == "converged"


def test_a_run_from_its_minimum_has_nothing_to_go(line):
    y = line[1] + np.sin(line[0][:, 0])
    goal = steepest.solve(line[0], y)
    settings = {"start": (goal.weights, goal.bias), "epochs": 20}
    for engine in ("modes", "loop"):
        run = steepest.descend(line[0], y, learning_rate=1e-5, engine=engine, **settings)
        assert run.verdict.kind == "converged"
    stepped = steepest.descend(line[0], y, rule=Sign(1e-6), **settings)
    assert stepped.verdict.kind == "hovers"  # a little beside its minimum, which is no divergence


def test_rules_and_stops_cannot_reach_into_the_run(line):
    class Greedy(Swing):
        def init(self, theta):
            return theta  # its buffer

        def step(self, gradient, theta, memory):
            memory -= self.learning_rate * gradient(theta)
            return memory, memory

    with pytest.raises(ValueError, match="read-only"):
        steepest.descend(*line, rule=Greedy(1e-5), epochs=3)

    class Meddler:
        name = "meddler"

        def begin(self, objective, start):
            start += 5
            return lambda progress: None

    with pytest.raises(ValueError, match="read-only"):
        steepest.descend(*line, learning_rate=1e-5, epochs=3, stop=Meddler())

    class Eraser(Meddler):
        def begin(self, objective, start):
            def check(progress):
                progress.gradient[:] = 0

            return check

    with pytest.raises(ValueError, match="read-only"):
        steepest.descend(*line, learning_rate=1e-5, epochs=3, stop=Eraser())


def test_a_rule_may_use_its_array_again(line):
    class Buffer(Swing):
        def init(self, theta):
            return theta.copy()

        def step(self, gradient, theta, memory):
            memory -= self.learning_rate * gradient(theta)
            return memory, memory

    for rate, epochs in ((1e-5, 50), (1.0, 400)):  # the second leaves float64
        record = steepest.Record(points=5)
        plain = steepest.descend(*line, learning_rate=rate, epochs=epochs, engine="loop", record=record)
        buffered = steepest.descend(*line, rule=Buffer(rate), epochs=epochs, record=record)
        assert str(buffered.ended) == str(plain.ended)
        np.testing.assert_array_equal(buffered.weights, plain.weights)
        np.testing.assert_array_equal(buffered.loss(buffered.iterates.epochs), plain.loss(plain.iterates.epochs))


def test_a_target_that_starts_at_its_goal_spoils_no_share(line):
    X, y = line
    both = steepest.descend(X, np.column_stack([y, np.zeros(300)]), learning_rate=5e-5, epochs=1000)
    alone = steepest.descend(X, y, learning_rate=5e-5, epochs=1000)
    assert both.verdict.sentence == alone.verdict.sentence


def test_a_tolerance_names_itself_as_the_end(line):
    settings = {"learning_rate": 0.3, "standardize": True, "epochs": 1000, "tolerance": 1e-6}
    for engine in ("modes", "loop"):
        run = steepest.descend(*line, engine=engine, **settings)
        assert (run.epochs, run.ended.reason) == (39, "tolerance")
        assert "more than a millionth of its starting error left" in run.ended.sentence


def test_one_callback_needs_no_list_and_a_record_is_one(line):
    seen = []
    steepest.descend(
        *line, learning_rate=1e-5, epochs=3, callbacks=lambda epoch, loss, theta: seen.append(f"{loss:.3f}")
    )
    assert len(seen) == 3
    with pytest.raises(UsageError, match="record is a Record"):
        steepest.descend(*line, learning_rate=1e-5, epochs=3, record=5)
