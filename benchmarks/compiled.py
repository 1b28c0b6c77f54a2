"""P9: runs without a closed form. 200,000 Adam epochs beside optax in lax.scan, and one epoch of batches beside SGDRegressor.

All are measured after a call that compiles or loads what it needs. Rows and steps are the same for all; optax descends on the
normal equations, of which a step needs half the products.
"""

import importlib.util

import numpy as np

import steepest
from benchmarks.timing import in_turns
from steepest.descent import loop, stretch
from steepest.descent.minibatch import Batches, MiniBatchRule
from steepest.objectives.over_rows import OverRows
from steepest.objectives.problem import Problem
from steepest.rules.adam import AdamRule
from steepest.rules.gradient import GradientRule


def table(rows, columns):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(rows, columns))
    return X, X @ generator.normal(size=columns) + generator.normal(size=rows)


def by_optax(X, y, epochs, rate):
    """A function that takes the epochs and keeps all parameters and losses; None without optax."""
    try:
        import jax
        import jax.numpy as jnp
        import optax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    U = np.column_stack([np.ones(len(X)), X])
    H, b, c = jnp.array(U.T @ U / len(y)), jnp.array(U.T @ y / len(y)), y @ y / len(y) / 2
    optimizer = optax.adam(rate)

    def step(carry, _):
        theta, state = carry
        product = H @ theta
        changes, state = optimizer.update(product - b, state, theta)
        after = optax.apply_updates(theta, changes)
        return (after, state), (after, theta @ product / 2 - b @ theta + c)

    theta = jnp.zeros(len(b))
    scan = jax.jit(lambda: jax.lax.scan(step, (theta, optimizer.init(theta)), None, length=epochs)[1])
    return lambda: jax.block_until_ready(scan())


def full_batch(epochs=200_000):
    for columns in (2, 20, 100):
        X, y = table(1_000, columns)
        quadratic = Problem.of(steepest.summarize(X, y)).quadratic
        rule, start, record = AdamRule(1e-3), np.zeros((columns + 1, 1)), steepest.Record(every=1)
        peer = by_optax(X, y, epochs, 1e-3)
        calls = [lambda: loop.run(quadratic, rule, start, epochs, record=record)]  # noqa: B023
        ours, *others = in_turns(*calls, *([peer] if peer else []), repeat=5)
        beside = (
            f"optax {others[0]:.3f} s, {ours / others[0]:.2f} × that (goal 1)" if others else "optax is not installed"
        )
        print(f"P9  {epochs:,} Adam epochs, {columns} columns, all kept: steepest {ours:.3f} s; {beside}")


def batches(rows=1_000_000, columns=20):
    X, y = table(rows, columns)
    source = steepest.open_source(X, y)
    over = OverRows.of(Problem.of(steepest.summarize(source)), source.batches())
    start = np.zeros((columns + 1, 1))

    def fit(size, order):
        return lambda: steepest.descend(X, y, batch_size=size, order=order, learning_rate=1e-3, epochs=1)

    def epoch(size, order):
        rule = MiniBatchRule(GradientRule(1e-3), over, Batches(size, order))
        return lambda: stretch.epoch_of(rule, start, 1)(None, start, rule.init(start))

    for order in ("shuffled", "fixed"):
        for size in (1, 256):
            calls = [fit(size, order), epoch(size, order), *by_scikit_learn(X, y, order)]
            ours, steps, *others = in_turns(*calls, repeat=5)
            beside = (
                f"SGDRegressor's fit {others[0]:.3f} s: {ours / others[0]:.2f} and {steps / others[0]:.2f} × that"
                if others
                else ""
            )
            print(
                f"P9  an epoch of {rows:,} × {columns}, batches of {size}, {order}: fit {ours:.3f} s, steps alone {steps:.3f} s; {beside}"
            )


def by_scikit_learn(X, y, order):
    try:
        from sklearn.linear_model import SGDRegressor
    except ImportError:
        return []
    settings = {"penalty": None, "learning_rate": "constant", "eta0": 1e-3, "max_iter": 1, "tol": None}
    return [lambda: SGDRegressor(shuffle=order == "shuffled", **settings).fit(X, y)]


def main():
    print("P9  numba is there" if importlib.util.find_spec("numba") else "P9  without numba")
    stretch.FEWEST = 1  # batches of 256 too
    full_batch()
    batches()
