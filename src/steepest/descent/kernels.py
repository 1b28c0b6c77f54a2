"""Kernels: many steps of an element-wise rule, as machine code where numba is installed.

The functions that numba compiles are plain Python: called without it they give the same numbers, slowly.
"""

import hashlib
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from steepest.rules.elementwise import Ahead, ElementWise, Update

try:
    import numba
    from numba.core.errors import NumbaError as NumbaError
    from numba.extending import overload, register_jitable
    from numba.np.unsafe.ndarray import to_fixed_tuple
except ImportError:
    numba = None
    NumbaError = ArithmeticError  # type: ignore[misc, assignment]  # never raised: nothing compiles

    def register_jitable(**options: Any) -> Any:
        """Leave a function as it is."""
        return lambda function: function


def as_tuple(row: Any, like: Any) -> tuple[Any, ...]:
    """Return a row of numbers as a tuple as long as another one, which tells the compiler the length."""
    return tuple(row)


if numba is not None:

    @overload(as_tuple, strict=False)  # type: ignore[untyped-decorator]  # annotations would have to be the same
    def _as_tuple(row: Any, like: Any) -> Any:
        count = len(like)
        return lambda row, like: to_fixed_tuple(row, count)


Compiled = Callable[..., Any]
Maker = Callable[[Update, Ahead, bool, tuple[float, ...], str], Compiled]
Function = TypeVar("Function", bound=Callable[..., Any])

# sums in another order, and a product and a sum in one rounding; NaN and inf stay what they are
FAST_MATH = {"reassoc", "contract"}


def is_there() -> bool:
    """Whether there is a compiler, and it is switched on."""
    return numba is not None and not numba.config.DISABLE_JIT


def inner(function: Function) -> Function:
    """Mark a function that compiled ones call."""
    same: Function = register_jitable(inline="always")(function)
    return same


class Design(NamedTuple):
    """A quadratic: J = factor/2·(‖R·theta - r‖² + ρ²) + l2/2·Σ penalized·theta² for each target.

    Args:
        columns: Rᵀ, shape (p, q).
        lengths: up to which place each of them has numbers other than 0, shape (p,).
        r: right-hand sides, shape (t, q).
        rho: ρ, shape (t,).
        factor: s/W.
        l2: the penalty.
        penalized: 1 for weights, 0 for the intercept, shape (p,).
    """

    columns: Any
    lengths: Any
    r: Any
    rho: Any
    factor: float
    l2: float
    penalized: Any


class Kept(NamedTuple):
    """What is kept of a run: epochs (K,), and places for theta (K, p, t) and J (K, t) at each."""

    epochs: Any
    thetas: Any
    losses: Any


class Rows(NamedTuple):
    """Rows in the order of their batches: inputs (n, p), targets (n, t), weights (n,) or none (0,); and the loss, as `OverRows`."""

    U: Any
    y: Any
    omega: Any
    scale: float
    l2: float
    penalized: Any


def full_batch(update: Update, ahead: Ahead, looks_ahead: bool, like: tuple[float, ...], fingerprint: str) -> Compiled:
    """Return the function that takes steps by the gradient of a quadratic."""

    def walk(
        design: Any,
        theta: Any,
        memory: Any,
        numbers: Any,
        epoch: int,
        last: int,
        path: Any,
        value: Any,
        kept: Any,
        position: int,
    ) -> tuple[int, int]:
        """Take steps from an epoch that was looked at up to one that was not, or to where theta leaves float64.

        Args:
            design: the quadratic.
            theta: parameters at `epoch`, shape (t, p); those at the epoch returned in the end.
            memory: what the rule remembers, shape (slots, t·p), brought up to date.
            numbers: what its update takes, shape (last - epoch, count), or (1, count) for all.
            epoch: done so far.
            last: epoch to go to.
            path: theta one epoch and two epochs before, shape (2, t, p), brought up to date.
            value: J one epoch before, shape (t,), brought up to date.
            kept: what is kept.
            position: how much of it there is.

        Returns:
            the epoch of theta, and how much is kept.
        """
        t, p = theta.shape
        ahead_of, g, unused, left = np.empty((t, p)), np.empty((t, p)), np.empty(t), np.empty(design.columns.shape[1])
        flat, points, slopes = theta.reshape(-1), ahead_of.reshape(-1), g.reshape(-1)
        old, older = path[0].reshape(-1), path[1].reshape(-1)
        for step in range(last - epoch):
            row = as_tuple(numbers[min(step, len(numbers) - 1)], like)
            _value_and_gradient(design, theta, value, g, left)
            if step > 0:
                if not _is_finite(value) and not _is_finite(flat):
                    return epoch + step, position
                if kept.epochs[position] == epoch + step:
                    _keep(kept, position, theta, value)
                    position += 1
            for i in range(len(flat)):
                older[i], old[i] = old[i], flat[i]
            if looks_ahead:
                for i in range(len(flat)):
                    points[i] = ahead(flat[i], memory[:, i], *row)
                _gradient_ahead(design, ahead_of, unused, g, left)
            for i in range(len(flat)):
                flat[i] = update(flat[i], slopes[i], memory[:, i], *row)
        return last, position + 0 * len(fingerprint)

    return walk


def mini_batch(update: Update, ahead: Ahead, looks_ahead: bool, like: tuple[float, ...], fingerprint: str) -> Compiled:
    """Return the function that takes steps by the gradients of batches of rows."""

    def walk(rows: Any, size: int, theta: Any, memory: Any, numbers: Any) -> int:
        """Take a step for each `size` rows, the last one perhaps of fewer.

        Args:
            rows: all of them, in order.
            size: rows of a batch.
            theta: parameters, shape (t, p), brought up to date.
            memory: what the rule remembers, shape (slots, t·p), brought up to date.
            numbers: what its update takes, shape (steps, count), or (1, count) for all.

        Returns:
            the number of steps.
        """
        t, p = theta.shape
        points, slope, penalty = np.empty((t, p)), np.zeros(p), rows.l2 * rows.penalized
        steps = 0
        for begin in range(0, len(rows.U), size):
            row = as_tuple(numbers[min(steps, len(numbers) - 1)], like)
            end = min(begin + size, len(rows.U))
            for c in range(t):
                here, slots = theta[c], memory[:, c * p : (c + 1) * p]
                point = here
                if looks_ahead:
                    point = points[c]
                    for j in range(p):
                        point[j] = ahead(here[j], slots[:, j], *row)
                share = rows.scale / (end - begin)
                if size > 1:
                    _sum_rows(rows, begin, end - 1, c, share, point, slope)
                left = share * _residual(rows, end - 1, c, point)
                last = rows.U[end - 1]
                if rows.l2 > 0:
                    for j in range(p):
                        here[j] = update(here[j], slope[j] + left * last[j] + penalty[j] * point[j], slots[:, j], *row)
                else:
                    for j in range(p):
                        here[j] = update(here[j], slope[j] + left * last[j], slots[:, j], *row)
            steps += 1
        return steps + 0 * len(fingerprint)

    return walk


@inner
def _value_and_gradient(design: Any, theta: Any, value: Any, g: Any, left: Any) -> None:
    """J and ∇J at theta (t, p), into value (t,) and g (t, p); left (q,) is room for R·theta - r."""
    for c in range(len(theta)):
        for i in range(len(left)):
            left[i] = -design.r[c, i]
        for j in range(len(design.columns)):
            column, weight = design.columns[j, : design.lengths[j]], theta[c, j]
            for i in range(len(column)):
                left[i] += column[i] * weight
        squares, spoiled = design.rho[c] * design.rho[c], 0.0
        for i in range(len(left)):
            squares += left[i] * left[i]
        if not np.isfinite(squares) and not _is_finite(left):
            spoiled = np.nan  # as in the product with all of Rᵀ, where inf meets 0
        value[c] = design.factor / 2 * squares
        for j in range(len(design.columns)):
            column, product = design.columns[j, : design.lengths[j]], 0.0
            for i in range(len(column)):
                product += column[i] * left[i]
            g[c, j] = design.factor * product + spoiled
        if design.l2 > 0:
            for j in range(len(design.penalized)):
                value[c] += design.l2 / 2 * design.penalized[j] * theta[c, j] * theta[c, j]
                g[c, j] += design.l2 * design.penalized[j] * theta[c, j]


@register_jitable(inline="never")  # type: ignore[untyped-decorator]
def _gradient_ahead(design: Any, theta: Any, value: Any, g: Any, left: Any) -> None:
    """The same, called: inlined a second time, numba warns of itself."""
    _value_and_gradient(design, theta, value, g, left)


@inner
def _residual(rows: Any, i: int, c: int, point: Any) -> Any:
    """ω·(u·theta - y) of a row and a target."""
    row, left = rows.U[i], -rows.y[i, c]
    for j in range(len(row)):
        left += row[j] * point[j]
    return left * rows.omega[i] if len(rows.omega) > 0 else left


@inner
def _sum_rows(rows: Any, begin: int, end: int, c: int, share: Any, point: Any, slope: Any) -> None:
    """Put the gradient over some rows, without the penalty, into slope (p,)."""
    for j in range(len(slope)):
        slope[j] = 0.0
    for i in range(begin, end):
        left, row = share * _residual(rows, i, c, point), rows.U[i]
        for j in range(len(row)):
            slope[j] += left * row[j]


@inner
def _keep(kept: Any, position: int, theta: Any, value: Any) -> None:
    for c in range(len(theta)):
        kept.losses[position, c] = value[c]
        for j in range(theta.shape[1]):
            kept.thetas[position, j, c] = theta[c, j]


@inner
def _is_finite(numbers: Any) -> bool:
    for number in numbers:  # noqa: SIM110 - numba knows no generators
        if not np.isfinite(number):
            return False
    return True


@inner
def _at_theta(theta: Any, memory: Any, *numbers: Any) -> Any:
    return theta


def plain(make: Maker, rule: ElementWise, count: int) -> Compiled:
    """Return one of the two functions above for a rule whose update takes so many numbers, as Python."""
    fingerprint = _fingerprint(rule.update, rule.ahead)
    return make(rule.update, rule.ahead or _at_theta, rule.ahead is not None, (0.0,) * count, fingerprint)


def compiled(make: Maker, rule: ElementWise, count: int) -> Compiled:
    """Return the same as machine code, kept on disk where numba finds a folder to write to."""
    key = make, rule.update, rule.ahead, count
    if key not in _COMPILED:
        _register(rule.update)
        _register(rule.ahead)
        options = {"fastmath": FAST_MATH, "error_model": "numpy"}
        function = plain(make, rule, count)
        try:
            _COMPILED[key] = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder that can be written to
            _COMPILED[key] = numba.njit(**options)(function)
    return _COMPILED[key]


_COMPILED: dict[tuple[Maker, Update, Ahead | None, int], Compiled] = {}


def _register(function: Update | Ahead | None) -> None:
    """Let compiled functions call one, and what that one calls."""
    for one in _reached(function, []):
        register_jitable(one)


def _fingerprint(*functions: Update | Ahead | None) -> str:
    """What changes when one of the functions does: numba asks the source file of the loop alone whether its cache is stale."""
    digest = hashlib.sha256()
    for function in functions:
        for one in _reached(function, []):
            digest.update(repr((one.__code__.co_code, one.__code__.co_consts, one.__code__.co_names)).encode())
    return digest.hexdigest()


def _reached(function: object, found: list[FunctionType]) -> list[FunctionType]:
    """A function and those that it may call: globals, and what stands around it."""
    if isinstance(function, FunctionType) and function not in found:
        found.append(function)
        for name in function.__code__.co_names:
            _reached(function.__globals__.get(name), found)
        for cell in function.__closure__ or ():
            _reached(cell.cell_contents, found)
    return found
