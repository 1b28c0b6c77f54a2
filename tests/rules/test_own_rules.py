"""A rule that a user registers gets from every door what the built-in ones get."""

import json
from dataclasses import fields

import numpy as np
import pytest

import steepest
from steepest.cli import main
from steepest.errors import UsageError
from steepest.models import run_reader
from steepest.rules.registry import RULES
from tests.rules.own import OwnAdamRule, RenamedRule, ScratchRule, adam_by_hand

pytestmark = pytest.mark.usefixtures("own_rules")
PLAIN = ("scratch", "renamed")  # both are plain gradient descent
RATE, EPOCHS = 0.05, 40


@pytest.fixture
def table():
    generator = np.random.default_rng(7)
    X = generator.normal(size=(60, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 0.0]
    return X, X @ [1.0, -2.0, 0.5] + 3 + 0.1 * generator.normal(size=60)


@pytest.fixture
def csv(tmp_path, table):
    X, y = table
    path = tmp_path / "rows.csv"
    path.write_text(
        "a,b,c,y\n"
        + "".join(
            ",".join(map(repr, [*row, target])) + "\n" for row, target in zip(X.tolist(), y.tolist(), strict=True)
        )
    )
    return path


def command(*arguments, code=0):
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert left.value.code == code


@pytest.mark.parametrize("given", [*PLAIN, ScratchRule(1e-4), RenamedRule(1e-4)], ids=repr)
def test_verdict_best_rate_and_epochs_are_those_of_plain_gradient_to_the_last_digit(line, given):
    rate = {"learning_rate": 1e-4} if isinstance(given, str) else {}
    settings = {"epochs": 200_000, "objective": "quarter_mse"}
    run = steepest.descend(*line, rule=given, **rate, **settings)
    plain = steepest.descend(*line, learning_rate=1e-4, **settings)
    assert str(run.verdict) == str(plain.verdict)
    for one in fields(plain.verdict):
        ours, theirs = getattr(run.verdict, one.name), getattr(plain.verdict, one.name)
        if one.name in ("remaining", "slowest"):  # a power, and a power by its logarithm
            continue
        assert ours == theirs, one.name
    assert run.verdict.remaining == pytest.approx(plain.verdict.remaining, rel=1e-9)
    assert (run.verdict.best_learning_rate, run.verdict.epochs_at_best) == (
        pytest.approx(0.000132665, abs=5e-10),
        837_301,
    )
    assert run.epochs_to(1e-6) == plain.epochs_to(1e-6) == 1_110_807
    assert run.epochs_to(1e-3, "loss") == plain.epochs_to(1e-3, "loss")
    np.testing.assert_allclose(run.weights, plain.weights, rtol=1e-9)


@pytest.mark.parametrize("name", PLAIN)
def test_automatic_settings_are_those_of_plain_gradient(table, name):
    run, plain = steepest.descend(*table, rule=name), steepest.descend(*table)
    rates = [one.verdict.learning_rate for one in (run, plain)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-15)
    assert run.epochs == plain.epochs
    assert set(run.reasons) == set(plain.reasons) == {"learning_rate", "epochs"}
    assert run.verdict.kind == "converged"


@pytest.mark.parametrize("name", PLAIN)
def test_diagnosis_sweep_and_explanation_are_those_of_plain_gradient(table, name):
    advice = {advice.rule: advice for advice in steepest.diagnose(*table).view.rules}
    assert advice[name].epochs == advice["gradient"].epochs
    assert advice[name].factor == pytest.approx(advice["gradient"].factor, rel=1e-14)
    grids = {"learning_rates": [0.01, 0.1, 0.5], "epochs": [1, 10, 1000]}
    for rule in (name, RULES[name](1.0)):
        swept, plain = steepest.sweep(*table, rule=rule, **grids), steepest.sweep(*table, **grids)
        np.testing.assert_allclose(swept.rmse, plain.rmse, rtol=1e-12)
        np.testing.assert_allclose(swept.effective_parameters, plain.effective_parameters, rtol=1e-12)
        np.testing.assert_array_equal(swept.stability_limits, plain.stability_limits)
        np.testing.assert_allclose(swept.run().weights, plain.run().weights, rtol=1e-12)
    told = steepest.explain(*table, epoch=7, rule=name, learning_rate=RATE)
    plain = steepest.explain(*table, epoch=7, learning_rate=RATE)
    for part in ("before", "velocity", "point", "gradient", "after", "following"):
        np.testing.assert_allclose(getattr(told, part), getattr(plain, part), rtol=1e-12, atol=1e-15)
    assert told.as_json()["rule"] == {"name": name, "learning_rate": RATE}
    steepest.sweep(*table, rule=("gradient", name, "own_adam"), **grids)


def test_adam_walks_as_by_hand_and_is_judged(table):
    X, y = table
    hand = adam_by_hand(X, y, RATE, EPOCHS)
    run = steepest.descend(X, y, rule="own_adam", learning_rate=RATE, epochs=EPOCHS)
    np.testing.assert_allclose(np.column_stack(run.parameters()[::-1]), hand, rtol=1e-9, atol=1e-12)
    assert run.verdict.kind == "unfinished"
    assert "own_adam" in run.verdict.sentence
    assert [
        advice.rule for advice in steepest.diagnose(X, y).view.rules if advice.rule == "own_adam"
    ] == []  # nothing is known
    with pytest.raises(UsageError, match="Give a learning rate"):
        steepest.descend(X, y, rule="own_adam", epochs=3)


def test_adam_is_explained_by_walking_there(table):
    X, y = table
    hand = adam_by_hand(X, y, RATE, EPOCHS)
    told = steepest.explain(X, y, epoch=9, rule="own_adam", learning_rate=RATE)
    for part, k in (("before", 8), ("after", 9), ("following", 10)):
        np.testing.assert_allclose(getattr(told, part), hand[k], rtol=1e-9)
    np.testing.assert_allclose(told.velocity, hand[8] - hand[7], rtol=1e-9)
    A = np.column_stack([np.ones(len(X)), X])
    np.testing.assert_allclose(told.gradient, A.T @ (A @ hand[8] - y) / len(y), rtol=1e-9)
    assert told.memory[2] == 8
    for words in (OwnAdamRule.formula, f"learning rate {RATE}", f"step {told.after[0] - told.before[0]:.10g}"):
        assert words in str(told)
    assert told.as_json()["rule"] == {"name": "own_adam", "learning_rate": RATE, "beta_1": 0.9, "beta_2": 0.999}


@pytest.mark.parametrize("rule", ["own_adam", OwnAdamRule(1.0)], ids=repr)
def test_a_sweep_walks_adam_on_each_fold(table, rule):
    X, y = table
    swept = steepest.sweep(X, y, rule=rule, learning_rates=[0.01, RATE], epochs=[3, EPOCHS], standardize=False, folds=3)
    squares = np.zeros((2, 2))
    for fold in range(3):
        held = swept.folds == fold
        for i, rate in enumerate((0.01, RATE)):
            path = adam_by_hand(X[~held], y[~held], rate, EPOCHS)
            for k, epoch in enumerate((3, EPOCHS)):
                squares[i, k] += ((path[epoch, 0] + X[held] @ path[epoch, 1:] - y[held]) ** 2).sum()
    np.testing.assert_allclose(swept.rmse[:, :, 0], np.sqrt(squares / len(y)), rtol=1e-9)
    np.testing.assert_allclose(swept.run().weights, adam_by_hand(X, y, RATE, EPOCHS)[-1, 1:], rtol=1e-9)
    assert (swept.effective_parameters == 4).all()  # as many as move: no more is known
    assert swept.best.rmse == swept.rmse.min()
    with pytest.raises(UsageError, match="no stability limit is known"):
        steepest.sweep(X, y, rule=rule, epochs=[3])
    with pytest.raises(UsageError, match="is not known beforehand"):
        steepest.sweep(X, y, rule=rule, learning_rates=[0.1])


@pytest.mark.parametrize("name", [*PLAIN, "own_adam"])
def test_estimators_take_it_by_name_and_as_an_object(table, name):
    X, y = table
    numbers = {"learning_rate": RATE, "epochs": EPOCHS, "standardize": False, "tol": None}
    by_name = steepest.GradientDescentRegressor(rule=name, **numbers)
    alone = {key: value for key, value in numbers.items() if key != "learning_rate"}
    as_object = steepest.GradientDescentRegressor(rule=RULES[name](RATE), **alone)
    expected = adam_by_hand(X, y, RATE, EPOCHS)[-1, 1:]
    if name != "own_adam":
        expected = steepest.descend(X, y, learning_rate=RATE, epochs=EPOCHS).weights
    for model in (by_name, as_object):
        with pytest.warns(match="still missing"):
            model.fit(X, y)
        np.testing.assert_allclose(model.coef_, expected, rtol=1e-9)
    with pytest.raises(UsageError, match="beside a rule object"):
        steepest.GradientDescentRegressor(rule=RULES[name](RATE), **numbers).fit(X, y)


@pytest.mark.parametrize("name", [*PLAIN, "own_adam", "halfway"])
def test_the_command_line_fits_it_and_its_folder_leads_back(capsys, monkeypatch, tmp_path, csv, table, name):
    monkeypatch.chdir(tmp_path)
    momentum = ("--momentum", 0.5) if name == "halfway" else ()
    settings = ("--rule", name, "--learning-rate", RATE, *momentum, "--no-standardize")
    command("fit", csv, "--target", "y", *settings, "--epochs", EPOCHS, "--out", tmp_path / "run")
    written = json.loads((tmp_path / "run" / "run.json").read_text())
    assert written["rule"]["name"] == name
    run = run_reader.read(tmp_path / "run")
    own = {"momentum": 0.5} if momentum else {}
    direct = steepest.descend(*table, rule=name, learning_rate=RATE, epochs=EPOCHS, **own)
    assert run.rule == direct.rule
    np.testing.assert_allclose(run.weights, direct.weights, rtol=1e-9)
    assert (
        steepest.Model.load(tmp_path / "run").training["rule"] == written["rule"]
        if hasattr(steepest.Model, "load")
        else True
    )
    command("report", tmp_path / "run", "--out", tmp_path / "page.html")
    assert f'"name":"{name}"' in (tmp_path / "page.html").read_text()
    capsys.readouterr()
    command("explain", csv, "--target", "y", *settings, "--epoch", 3)
    assert f"rule {name}, learning rate {RATE}" in capsys.readouterr().out
    command("sweep", csv, "--target", "y", "--rule", name, "--learning-rates", RATE, "--epochs", "1,40", *momentum)
    assert name in capsys.readouterr().out
    command("diagnose", csv, "--target", "y")
    assert (name in capsys.readouterr().out) == (name in PLAIN)  # Adam has no forecast, halfway no best momentum


def test_the_help_lists_the_rules_there_are(capsys):
    command("fit", "--help")
    text = "".join(capsys.readouterr().out.split())
    assert f"[{'|'.join(RULES)}]" in text
    assert "|scratch|renamed|own_adam|halfway]" in text
    command("fit", "rows.csv", "--target", "y", "--rule", "newton", code=2)
    assert "'newton' is not one of 'gradient'" in " ".join(capsys.readouterr().err.split())
    command("fit", "rows.csv", "--target", "y", "--rule", "momentum", code=2)
    assert 'Did you mean "heavy_ball"?' in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("named", [True, False], ids=["by name", "as an object"])
def test_numbers_beside_a_rule_object_are_refused(table, named):
    for beside in ({"learning_rate": 0.1}, {"momentum": 0.5}):
        with pytest.raises(UsageError, match=next(iter(beside))):
            steepest.descend(*table, rule=OwnAdamRule(0.1), epochs=3, **beside)
    with pytest.raises(UsageError, match="has none"):
        steepest.descend(*table, rule="renamed" if named else "own_adam", learning_rate=0.1, momentum=0.5, epochs=3)


def test_what_replaces_part_of_a_closed_form_is_walked(line):
    class Helped(ScratchRule):
        """A step by way of a method, which a class below may replace."""

        def direction(self, gradient):
            return gradient

        def step(self, gradient, theta, memory):
            return theta - self.learning_rate * self.direction(gradient(theta)), None

        residual, progress, envelope = ScratchRule.residual, ScratchRule.progress, ScratchRule.envelope
        unimodal_until, radius, stability_limit = (
            ScratchRule.unimodal_until,
            ScratchRule.radius,
            ScratchRule.stability_limit,
        )

    class Cut(Helped):
        def direction(self, gradient):
            return np.clip(gradient, -0.01, 0.01)

    class Flattering(steepest.GradientRule):
        def stability_limit(self, largest):
            return 1e9

    class Half(steepest.GradientRule):
        def progress(self, eigenvalues, epochs):
            return 0.5 * super().progress(eigenvalues, epochs)

    class Other(steepest.HeavyBallRule):
        def recurrence(self, eigenvalues):
            return steepest.HeavyBallRule(self.learning_rate, 0.0).recurrence(eigenvalues)

    class Named(steepest.HeavyBallRule):
        name = "renamed_ball"
        label = "a ball by another name"

    settings = {"epochs": 40, "standardize": True}
    for rule, engine in (
        (Helped(0.5), "modes"),
        (Cut(0.5), "loop"),
        (Flattering(0.5), "loop"),
        (Half(0.5), "loop"),
        (Other(0.5, 0.5), "loop"),
        (Named(0.5, 0.5), "modes"),
    ):
        run = steepest.descend(*line, rule=rule, **settings)
        assert run.engine == engine, rule
        walked = steepest.descend(*line, rule=rule, engine="loop", **settings)
        np.testing.assert_allclose(run.weights, walked.weights, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: steepest.GradientRule(-0.1), "learning_rate must be"),
        (lambda: steepest.GradientRule(float("nan")), "learning_rate must be"),
        (lambda: steepest.HeavyBallRule(0.1, 1.5), "momentum must be a number"),
        (lambda: steepest.NesterovRule(0.1, -0.5), "momentum must be a number"),
    ],
)
def test_a_rule_object_has_numbers_in_their_range(make, text):
    with pytest.raises(UsageError, match=text):
        make()
