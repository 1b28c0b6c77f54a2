"""The adaptive rules beside torch's and beside their formulas, number by number."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.rules.registry import RULES

EPOCHS = 60
RATE = {"sign": 0.01, "adagrad": 0.3, "rmsprop": 0.02}
TORCH = Path(__file__).parent / "torch_paths.json"
OTHERS = {
    "adam": {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
    "adamw": {"weight_decay": 0.3},
    "amsgrad": {"beta_2": 0.5},
    "nadam": {"momentum_decay": 0.1},
    "adagrad": {"epsilon": 0.1},
    "rmsprop": {"decay": 0.5},
}
CASES = [*((name, {}) for name in ("adam", "adamw", "amsgrad", "nadam", "adagrad", "rmsprop")), *OTHERS.items()]


def table():
    """Rows from a formula, the same for whoever computes them."""
    i = np.arange(1.0, 31.0)
    X = np.column_stack([np.sin(i), 3 * np.cos(2 * i) + 1, i / 10])
    return X, X @ [1.0, -2.0, 0.5] + 3 + np.sin(7 * i)


def by_torch(name, numbers):
    """The parameters after 0 … EPOCHS steps by torch's optimizer, shape (EPOCHS + 1, 1 + d)."""
    import torch

    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of momenta in the default type
    kinds = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "amsgrad": lambda theta, **given: torch.optim.Adam(theta, amsgrad=True, **given),
        "nadam": torch.optim.NAdam,
        "adagrad": torch.optim.Adagrad,
        "rmsprop": torch.optim.RMSprop,
    }
    words = {"epsilon": "eps", "decay": "alpha"}
    given = {words.get(key, key): value for key, value in numbers.items() if not key.startswith("beta")}
    if name not in ("adagrad", "rmsprop"):
        given["betas"] = (numbers.get("beta_1", 0.9), numbers.get("beta_2", 0.999))
    X, y = table()
    A, b = torch.tensor(np.column_stack([np.ones(len(X)), X])), torch.tensor(y)
    theta = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = kinds[name]([theta], lr=RATE.get(name, 0.1), **given)
    path = [theta.detach().tolist()]
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        (((A @ theta - b) ** 2).sum() / (2 * len(b))).backward()
        optimizer.step()
        path.append(theta.detach().tolist())
    return path


def ours(name, numbers):
    kind = RULES[name]
    run = steepest.descend(*table(), rule=kind(RATE.get(name, 0.1), **numbers), epochs=EPOCHS)
    return np.column_stack(run.parameters()[::-1])


@pytest.mark.parametrize(("name", "numbers"), CASES, ids=str)
def test_each_step_is_torchs(name, numbers):
    expected = json.loads(TORCH.read_text())[f"{name} {numbers}"]
    # 60 steps of rounding, a few ε each, grown by the first steps' division by a small root
    np.testing.assert_allclose(ours(name, numbers), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("name", "numbers"), CASES, ids=str)
def test_torchs_steps_are_torchs(name, numbers):
    pytest.importorskip("torch", reason="torch is not installed; its path is kept in torch_paths.json")
    expected = json.loads(TORCH.read_text())[f"{name} {numbers}"]
    np.testing.assert_allclose(by_torch(name, numbers), expected, rtol=1e-12, atol=1e-13)


def test_sign_descent_moves_every_parameter_by_the_rate():
    path = ours("sign", {})
    X, y = table()
    A = np.column_stack([np.ones(len(X)), X])
    for before, after in itertools.pairwise(path):
        np.testing.assert_allclose(after - before, -0.01 * np.sign(A.T @ (A @ before - y)), rtol=1e-12)


@pytest.mark.parametrize("name", ["adam", "adamw", "amsgrad", "nadam", "adagrad", "rmsprop", "sign"])
def test_targets_do_not_meet(name):
    X, y = table()
    numbers = {"rule": name, "learning_rate": 0.1, "epochs": 20}
    both = steepest.descend(X, np.column_stack([y, -3 * y + X[:, 0]]), **numbers)
    for j, one in enumerate([y, -3 * y + X[:, 0]]):
        alone = steepest.descend(X, one, **numbers)
        np.testing.assert_allclose(both.weights[:, j], alone.weights, rtol=1e-12)


@pytest.mark.parametrize("name", ["adam", "adamw", "amsgrad", "nadam", "adagrad", "rmsprop", "sign"])
def test_a_start_at_the_minimum_stays(name):
    run = steepest.descend([[1.0], [-1.0]], [0.0, 0.0], rule=name, learning_rate=0.1, epochs=3)
    assert run.weights.tolist() == [0.0]
    assert run.bias == 0


@pytest.mark.parametrize(
    ("name", "numbers", "words"),
    [
        ("adam", {"beta_1": 1.0}, "beta_1 must be a number, 0 ≤ beta_1 < 1; got 1.0"),
        ("adam", {"beta_2": -0.1}, "beta_2 must be"),
        ("adam", {"epsilon": 0.0}, "epsilon must be a finite number above 0"),
        ("adamw", {"weight_decay": -1.0}, "weight_decay must be a finite number, 0 or larger"),
        ("nadam", {"momentum_decay": float("inf")}, "momentum_decay must be"),
        ("adagrad", {"epsilon": None}, "epsilon must be"),
        ("rmsprop", {"decay": 1.5}, "decay must be"),
    ],
)
def test_numbers_out_of_range_are_refused(name, numbers, words):
    with pytest.raises(UsageError, match=words):
        RULES[name](0.1, **numbers)


@pytest.mark.parametrize("name", ["adam", "adagrad", "rmsprop", "sign"])
def test_a_learning_rate_is_needed(name):
    with pytest.raises(UsageError, match="Give a learning rate"):
        steepest.descend(*table(), rule=name, epochs=10)


if __name__ == "__main__":  # python -m tests.rules.test_adaptive, where torch is
    lines = [f'"{name} {numbers}": {json.dumps(by_torch(name, numbers))}' for name, numbers in CASES]
    TORCH.write_text("{\n" + ",\n".join(lines) + "\n}\n")
