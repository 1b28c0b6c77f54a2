"""Runs whose steps are taken many at once, beside the same runs step by step: by machine code, and by the same functions as Python."""

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import steepest
from steepest.descent import kernels, stretch
from steepest.rules.elementwise import ElementWiseRule
from steepest.rules.registry import RULES

numba = importlib.util.find_spec("numba")
needs_numba = pytest.mark.skipif(numba is None, reason="numba is not installed: pip install 'steepest[fast]'")
NEVER = 10**18
ADAPTIVE = ("adam", "adamw", "amsgrad", "nadam", "adagrad", "rmsprop")
N = 37


@pytest.fixture(params=["python", pytest.param("machine", marks=needs_numba)])
def quick(request, monkeypatch):
    """Every run is walked many steps at once, by the kernels as Python or as machine code."""
    monkeypatch.setattr(stretch, "FEWEST", 0)
    if request.param == "python":
        monkeypatch.setattr(stretch, "has_compiler", lambda: True)
        monkeypatch.setattr(kernels, "is_there", lambda: False)
    return request.param


def table(n=N, targets=1):
    generator = np.random.default_rng(7)
    X = generator.normal(size=(n, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 0.0]
    y = X @ [1.0, -2.0, 0.5] + 3 + generator.normal(size=n)
    return X, y if targets == 1 else np.column_stack([y, np.sin(y)])


def both(monkeypatch, *data, **settings):
    """The run many steps at once, which must have been walked so, and step by step."""
    walked = []
    for name in ("stretch_of", "epoch_of"):
        found = getattr(stretch, name)

        def noted(*given, found=found):
            answer = found(*given)
            walked.append(answer is not None and "step" not in getattr(answer, "__name__", ""))
            return answer

        monkeypatch.setattr(f"steepest.descent.loop.{name}", noted)
    at_once = steepest.descend(*data, **settings)
    assert any(walked)
    monkeypatch.setattr(stretch, "FEWEST", NEVER)
    one_by_one = steepest.descend(*data, **settings)
    monkeypatch.setattr(stretch, "FEWEST", 0)
    return at_once, one_by_one


def agree(at_once, one_by_one, rtol=1e-12):
    """Both are the same to rounding, as a share of the largest parameter of the epoch."""
    ours, theirs = at_once.iterates, one_by_one.iterates
    np.testing.assert_array_equal(ours.epochs, theirs.epochs)
    for name in ("thetas", "losses", "before_last"):
        mine, other = (
            getattr(each, name).reshape(-1, each.losses.shape[1] if name == "losses" else each.before_last.size)
            for each in (ours, theirs)
        )
        with np.errstate(over="ignore", invalid="ignore"):
            near = np.abs(mine - other) <= rtol * np.abs(other).max(axis=1, keepdims=True)
        assert (near | (mine == other) | (np.isnan(mine) & np.isnan(other))).all(), name
    assert str(ours.ended) == str(theirs.ended)


@pytest.mark.parametrize("name", [*ADAPTIVE, "sign"])
def test_a_full_batch_many_epochs_at_once(name, quick, monkeypatch):
    monkeypatch.setattr("steepest.descent.compiled.MOST_EPOCHS", 50)  # several stretches
    settings = {"rule": name, "learning_rate": 0.03, "epochs": 160, "l2": 0.1, "record": steepest.Record(every=3)}
    agree(*both(monkeypatch, *table(), **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"fit_intercept": False},
        {"standardize": True, "objective": "mse"},
        {"schedule": "cosine"},
        {"schedule": lambda step: 1 / (1 + step)},
        {"average": 0.25},
        {"rule": "nesterov", "momentum": 0.9, "engine": "loop"},
        {"rule": "heavy_ball", "momentum": 0.9, "engine": "loop", "average": True, "schedule": "step"},
        {"record": steepest.Record(epochs=(3, 77, 78, 200))},
    ],
    ids=lambda settings: " ".join(map(str, settings)),
)
def test_what_is_around_a_rule(settings, quick, monkeypatch):
    settings = {"rule": "adam", "learning_rate": 0.02, "epochs": 160, **settings}
    agree(*both(monkeypatch, *table(targets=2), **settings))


@pytest.mark.filterwarnings("ignore:collinear")
def test_fewer_rows_than_columns(quick, monkeypatch):
    X = np.random.default_rng(3).normal(size=(4, 9))
    agree(*both(monkeypatch, X, X[:, 0] - 2, rule="rmsprop", learning_rate=0.01, epochs=30))


@pytest.mark.parametrize("order", ["shuffled", "replacement", "fixed"])
@pytest.mark.parametrize("size", [1, 8, N])
def test_batches_many_steps_at_once(order, size, quick, monkeypatch):
    monkeypatch.setattr("steepest.descent.minibatch.GATHERED", 64)  # several pieces an epoch
    settings = {"batch_size": size, "order": order, "learning_rate": 0.01, "epochs": 3, "seed": 4}
    agree(*both(monkeypatch, *table(), **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"l2": 0.2, "weight": np.random.default_rng(1).uniform(0.5, 2, N), "objective": "mse"},
        {"rule": "nesterov", "momentum": 0.8, "l2": 0.2},
        {"rule": "heavy_ball", "momentum": 0.8, "schedule": "one_cycle", "average": True},
        {"rule": "nesterov", "momentum": 0.8, "average": 0.5},
        {"schedule": "inverse_scaling", "drop_last": True, "standardize": True},
        *({"rule": name} for name in (*ADAPTIVE, "sign")),
    ],
    ids=lambda settings: " ".join(settings) + settings.get("rule", ""),
)
def test_what_is_around_batches(settings, quick, monkeypatch):
    settings = {"rule": "gradient", "batch_size": 5, "learning_rate": 0.01, "epochs": 4, **settings}
    agree(*both(monkeypatch, *table(targets=2), **settings))


@pytest.mark.filterwarnings("ignore::steepest.DivergenceWarning")
@pytest.mark.parametrize(
    "settings",
    [
        {"rule": steepest.GradientRule(30.0), "engine": "loop"},
        {"rule": steepest.HeavyBallRule(3.0, 0.9), "engine": "loop", "record": steepest.Record(points=5)},
        {"rule": steepest.NesterovRule(3.0, 0.9), "engine": "loop"},
        {"rule": steepest.GradientRule(3.0), "batch_size": 4},
        {"rule": steepest.GradientRule(3.0), "batch_size": 1, "average": True},
    ],
    ids=str,
)
def test_a_run_that_leaves_float64_ends_at_the_same_epoch(settings, quick, monkeypatch):
    at_once, one_by_one = both(monkeypatch, *table(), epochs=700, **settings)
    assert at_once.ended.reason == "left_float64"
    # what grows for hundreds of epochs grows its rounding too
    agree(at_once, one_by_one, rtol=1e-9)


def test_residuals_beyond_float64_spoil_every_parameter(quick):
    from steepest.descent.compiled import kernel
    from steepest.rules.elementwise import elementwise_of
    from steepest.rules.gradient import GradientRule

    walk = kernel(kernels.full_batch, elementwise_of(GradientRule(1.0)))
    columns = np.array([[1.0, 0.0], [1.0, 1e200]])  # of R = [[1, 1], [0, 1e200]]
    design = kernels.Design(columns, np.array([1, 2]), np.zeros((1, 2)), np.zeros(1), 1.0, 0.0, np.ones(2))
    theta, kept = np.array([[0.0, 1e200]]), kernels.Kept(np.arange(3), np.empty((3, 2, 1)), np.empty((3, 1)))
    with np.errstate(all="ignore"):
        reached, _ = walk(
            design, theta, np.zeros((0, 2)), np.ones((1, 1)), 0, 2, np.zeros((2, 1, 2)), np.zeros(1), kept, 1
        )
        R = columns.T
        assert np.isnan(R.T @ (R @ np.array([0.0, 1e200]))).any()  # inf · 0, as NumPy has it
    assert reached == 1
    assert np.isnan(theta).all()


def test_callbacks_with_a_pace_see_what_they_would(quick, monkeypatch):
    class Watch:
        pace = 7

        def __init__(self, last):
            self.seen, self.last = [], last

        def __call__(self, epoch, loss, theta):
            self.seen.append((epoch, float(loss), theta.copy()))
            return epoch == self.last

    for last in (10**9, 63):
        seen = []
        for fewest in (0, NEVER):
            monkeypatch.setattr(stretch, "FEWEST", fewest)
            watch = Watch(last)
            run = steepest.descend(*table(), rule="adam", learning_rate=0.1, epochs=100, callbacks=[watch])
            seen.append((run.epochs, str(run.ended), watch.seen))
        (epochs, ended, ours), (*same, theirs) = seen
        assert [epochs, ended] == same
        assert [epoch for epoch, *_ in ours] == [*range(7, min(last, 99) + 1, 7), *([100] if last > 100 else [])]
        assert [epoch for epoch, *_ in ours] == [epoch for epoch, *_ in theirs]
        for (_, loss, theta), (_, other, there) in zip(ours, theirs, strict=True):
            assert loss == pytest.approx(other, rel=1e-12)
            np.testing.assert_allclose(theta, there, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [None, 4])
def test_stops_and_callbacks_look_at_every_epoch(batch_size, quick, monkeypatch):
    settings = {"rule": "adam", "learning_rate": 0.05, "epochs": 4000, "batch_size": batch_size}
    ends = []
    for fewest in (0, NEVER):
        monkeypatch.setattr(stretch, "FEWEST", fewest)
        seen = []
        run = steepest.descend(
            *table(),
            stop=steepest.SmallGradient(0.5),
            callbacks=lambda epoch, *_, seen=seen: seen.append(epoch),
            **settings,
        )
        assert seen == list(range(1, run.epochs + 1))
        ends.append((run.epochs, str(run.ended)))
    assert ends[0] == ends[1]
    assert ends[0][0] < 4000


def test_the_same_run_gives_the_same_bits(quick):
    for settings in ({"rule": "adam", "epochs": 200}, {"batch_size": 3, "epochs": 3}):
        first, again = (steepest.descend(*table(), learning_rate=0.01, **settings) for _ in range(2))
        assert (first.parameters()[0] == again.parameters()[0]).all()


def clipped(theta, gradient, memory, rate, most):
    memory[0] = np.minimum(np.maximum(gradient, -most), most)
    return theta - rate * memory[0]


def unknown_to_numba(theta, gradient, memory, rate, most):
    return theta - rate * np.asarray(np.broadcast_arrays(gradient, most)[0])


@dataclass(frozen=True)
class ClippedRule(ElementWiseRule):
    learning_rate: float
    most: float = 0.3
    name: ClassVar[str] = "clipped"
    remembered: ClassVar[int] = 1
    update = staticmethod(clipped)

    def numbers(self, step, rate):
        return rate, self.most


class OddRule(ClippedRule):
    update = staticmethod(unknown_to_numba)


def test_a_rule_of_ones_own_is_walked_at_once_too(quick, monkeypatch):
    at_once, one_by_one = both(monkeypatch, *table(), rule=ClippedRule(0.1), epochs=90)
    agree(at_once, one_by_one)
    assert 0 < abs(at_once.bias) < 0.3 * 0.1 * 91


@needs_numba
def test_a_rule_that_numba_does_not_know_is_walked_step_by_step(monkeypatch):
    runs = []
    for fewest in (0, NEVER):
        monkeypatch.setattr(stretch, "FEWEST", fewest)
        runs += [steepest.descend(*table(), rule=OddRule(0.01), epochs=50)]
        runs += [steepest.descend(*table(), rule=OddRule(0.01), epochs=5, batch_size=3)]
    assert (runs[0].parameters()[0] == runs[2].parameters()[0]).all()
    assert (runs[1].parameters()[0] == runs[3].parameters()[0]).all()


@needs_numba
def test_without_a_folder_to_write_to_nothing_is_kept(monkeypatch):
    njit, asked = kernels.numba.njit, []

    def nowhere(*given, cache=False, **options):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function 'walk': no locator available for file '/nowhere.py'")
        return njit(*given, **options)

    monkeypatch.setattr(kernels, "_COMPILED", {})
    monkeypatch.setattr(kernels.numba, "njit", nowhere)
    monkeypatch.setattr(stretch, "FEWEST", 0)
    agree(*both(monkeypatch, *table(), rule="sign", learning_rate=0.03, epochs=60))
    assert asked == [True, False]


def test_what_is_kept_on_disk_goes_by_the_source_of_the_rule():
    def other(theta, gradient, memory, rate, most):
        memory[0] = np.minimum(np.maximum(gradient, -most), most)
        return theta - 2 * rate * memory[0]

    assert kernels._fingerprint(clipped) == kernels._fingerprint(clipped)
    assert kernels._fingerprint(clipped) != kernels._fingerprint(other)

    def around(step):
        return lambda *given: step(*given)

    assert kernels._fingerprint(around(clipped)) != kernels._fingerprint(around(other))  # what it calls counts


@pytest.mark.parametrize("name", sorted(RULES))
def test_short_runs_need_no_compiler(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "steepest.descent.compiled", None)  # an import fails
    numbers = {"momentum": 0.5} if name in ("heavy_ball", "nesterov") else {}
    if name not in ("conjugate_gradient", "exact_line_search", "barzilai_borwein", "chebyshev"):
        numbers["learning_rate"] = 0.01
    assert steepest.descend(*table(), rule=name, epochs=10, engine="loop", **numbers).epochs == 10


@needs_numba
@pytest.mark.process
@pytest.mark.parametrize("settings", ["epochs=10**9", "epochs=10**6, batch_size=1"])
def test_ctrl_c_is_heard_while_machine_code_runs(settings):
    code = f"""
        import numpy as np, steepest
        X = np.random.default_rng(0).normal(size=(20_000, 3))
        seen = lambda epoch, *_: print("at", epoch, flush=True)
        seen.pace = 50_000
        steepest.descend(X, X[:, 0], rule="rmsprop", learning_rate=1e-5, record=steepest.Record(points=5), callbacks=[seen], {settings})
    """
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    if "batch" in settings:
        code = code.replace("50_000", "5")
    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert run.stdout.readline().startswith("at ")  # under way
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, errors = run.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert time.monotonic() - began < 5  # about a tenth of a second on a machine that is free
