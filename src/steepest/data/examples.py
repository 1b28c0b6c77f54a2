"""Example data: small tables made from formulas, each with one lesson about gradient descent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steepest.errors import UsageError
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, on
from steepest.support.words import pluralize

GOLDEN = (5**0.5 - 1) / 2  # its multiples lie evenly between 0 and 1, however many there are


@dataclass(frozen=True, eq=False)
class ExampleData(Shown):
    """A small table with a lesson; made by `steepest.example`.

    Args:
        X: inputs, shape (n, d).
        y: targets, shape (n,).
        features: names of the d inputs.
        target: name of the target.
        held_out: (X, y) of rows that no run learns from, or None.
        about: two sentences: what the table is, and what it teaches.
        loss: what a run on it is on, as `descend` takes it.
    """

    X: FloatArray
    y: FloatArray
    features: tuple[str, ...]
    target: str
    held_out: tuple[FloatArray, FloatArray] | None
    about: str
    loss: Literal["squared", "logistic", "poisson"] = "squared"

    def _told(self) -> Iterator[str]:
        held_out = "" if self.held_out is None else f", {len(self.held_out[1]):,} held out"
        yield f": {pluralize(len(self.y), 'row')}{held_out}, {on([self.target], self.features)}"
        yield self.about


def example(name: str) -> ExampleData:
    """Return one of the built-in tables; formulas make it, so that its numbers stay what they are.

        place_i = i·(√5 - 1)/2 mod 1                                               even between 0 and 1
        noise_i = √(-2 ln(1 - u))·cos(2πv)    u = √2·i² mod 1,  v = √3·i² mod 1    as good as normal

    Args:
        name: one of `steepest.EXAMPLES`.

    Returns:
        an ExampleData: X (n, d), y (n,), features, target, held_out and about.

    Raises:
        UsageError: there is no such table.

    Example:
        >>> data = example("noisy line")
        >>> data.X.shape, data.held_out[0].shape, data.features
        ((40, 1), (40, 1), ('x',))
        >>> data.X[:3, 0].round(4), data.y[:3].round(4)
        (array([2.4721, 0.9443, 3.4164]), array([5.1499, 2.289 , 5.8279]))

    Source: Weyl, "Über die Gleichverteilung von Zahlen mod. Eins", Mathematische Annalen 77 (1916), 313-352;
    Box and Muller, "A note on the generation of random normal deviates", Annals of Mathematical Statistics 29 (1958), 610.
    """
    if not isinstance(name, str) or name not in _MAKERS:
        known = ", ".join(map(repr, EXAMPLES))
        raise UsageError(f"there is no example data called {name!r}. There are: {known}.")
    return _MAKERS[name]()


def places(first: int, count: int) -> FloatArray:
    """Return numbers evenly spread over [0, 1) in no apparent order: i·(√5 - 1)/2 mod 1 from i = first, shape (count,)."""
    return np.arange(first, first + count, dtype=np.float64) * GOLDEN % 1.0


def noise(first: int, count: int) -> FloatArray:
    """Return numbers as good as independent and standard normal, from i = first, shape (count,).

    A random generator may give other numbers in another version of NumPy (NEP 19); a formula does not, but for the last
    bit of a logarithm or a cosine.
    """
    squares = np.arange(first, first + count, dtype=np.float64) ** 2
    u, v = squares * 2**0.5 % 1, squares * 3**0.5 % 1
    normal: FloatArray = np.sqrt(-2 * np.log1p(-u)) * np.cos(2 * np.pi * v)
    return normal


def powers(x: FloatArray, degree: int) -> FloatArray:
    """Return x, x², … up to this degree as columns: x of shape (n,), the result of shape (n, degree)."""
    # products, not powers: the same bits on every machine
    return np.cumprod(np.repeat(x[:, None], degree, axis=1), axis=1, dtype=np.float64)


def _line() -> ExampleData:
    x = np.arange(1.0, 301.0)
    about = (
        "300 rows of y = 0.5x + 2 without noise, x = 1, 2, … 300: the line of a well-known kind of tutorial. "
        "After 200,000 epochs its loss looks finished, and the bias is still not there."
    )
    return ExampleData(x[:, None], 0.5 * x + 2, ("x",), "y", None, about)


def _noisy_line() -> ExampleData:
    x = 4 * places(1, 80)
    y = 1.5 * x + 1 + 0.5 * noise(51, 80)
    about = (
        "40 rows of y = 1.5x + 1 with noise of standard deviation 0.5, x between 0 and 4, and 40 more held out. "
        "The loss ends at a floor above zero, which is the noise, and the line near the true one but not on it."
    )
    return ExampleData(x[:40, None], y[:40], ("x",), "y", (x[40:, None], y[40:]), about)


def _outliers() -> ExampleData:
    x = 10 * places(1, 40)
    y = 0.8 * x + 1 + 0.3 * noise(101, 40) - np.where(x > 9, 12.0, 0.0)
    about = (
        "40 rows of y = 0.8x + 1 with a little noise, of which the three with x above 9 are wrong: they lie 12 too low. "
        "Squares give gross errors the most weight, so a few rows bend the whole line, and more epochs do not mend it."
    )
    return ExampleData(x[:, None], y, ("x",), "y", None, about)


def _collinear() -> ExampleData:
    first = 2 * places(1, 60) - 1
    second = first + 0.025 * noise(201, 60)
    y = 3 * first - second + 0.01 * noise(301, 60)
    about = (
        "60 rows of y = 3·x1 - x2 with a little noise, where x2 is nearly the same as x1. "
        "The loss is soon flat while both weights are far from where they belong, and standardizing does not help."
    )
    return ExampleData(np.column_stack([first, second]), y, ("x1", "x2"), "y", None, about)


def _scaled() -> ExampleData:
    age, area = np.floor(51 * places(1, 50)), np.round(1800 + 500 * noise(601, 50))
    y = 50 - 0.6 * age + 0.1 * area + 5 * noise(501, 50)
    about = (
        "50 houses: age (0 to 49 years), area (593 to 2,918 square feet) and price, 50 - 0.6·age + 0.1·area with noise of standard "
        "deviation 5. Steps small enough for the area are far too small for the age and the bias; standardizing cures it."
    )
    return ExampleData(np.column_stack([age, area]), y, ("age", "area"), "price", None, about)


def _polynomial() -> ExampleData:
    x = 2 * places(1, 50) - 1
    # of the thirty stretches of noise from 1, 51, … 1451 the one in which stopping early gains most: docs/lab.md says so
    X, y = powers(x, 9), np.sin(np.pi * x) + 0.3 * noise(1401, 50)
    names = ("x", *(f"x^{k}" for k in range(2, 10)))
    about = (
        "25 rows of y = sin(πx) with noise of standard deviation 0.3, and 25 more held out; the features are x, x², … x⁹. "
        "The training error falls all the way, the held-out error has a minimum: stopping there beats the exact answer."
    )
    return ExampleData(X[:25], y[:25], names, "y", (X[25:], y[25:]), about)


def _two_classes() -> ExampleData:
    x1, x2 = 4 * places(1, 80) - 2, noise(701, 80)
    y = (1.5 * x1 - x2 + 0.5 + 1.5 * noise(801, 80) > 0).astype(np.float64)
    about = (
        "80 rows of two classes that overlap: class 1 where 1.5·x1 - x2 + 0.5 with noise of standard deviation 1.5 is above 0. "
        "The boundary is soon where it belongs, and the weights grow on until the chances beside it are right."
    )
    return ExampleData(np.column_stack([x1, x2]), y, ("x1", "x2"), "class", None, about, "logistic")


def _separable_classes() -> ExampleData:
    x1, x2 = 4 * places(1, 40) - 2, noise(901, 40)
    y = (x1 + x2 > 0).astype(np.float64)
    about = (
        "40 rows of two classes that a straight line tells apart without error, with a gap between them. "
        "The loss has no minimum: it falls at every epoch, the weights grow forever, and a penalty stops them."
    )
    return ExampleData(np.column_stack([x1 + y - 0.5, x2]), y, ("x1", "x2"), "class", None, about, "logistic")


def _counts() -> ExampleData:
    x = 3 * places(1, 60)
    mean = np.exp(0.3 + 0.8 * x)
    y = np.maximum(np.round(mean + np.sqrt(mean) * noise(1001, 60)), 0.0)
    about = (
        "60 counts whose mean is e to the power 0.3 + 0.8x, scattered as counts are, x between 0 and 3. "
        "The larger the counts, the more curved the loss: no learning rate is safe from any start, and only the limit at the minimum is known."
    )
    return ExampleData(x[:, None], y, ("x",), "count", None, about, "poisson")


_MAKERS: dict[str, Callable[[], ExampleData]] = {
    "tutorial's line": _line,
    "noisy line": _noisy_line,
    "outliers": _outliers,
    "two collinear features": _collinear,
    "badly scaled": _scaled,
    "polynomial": _polynomial,
    "two classes": _two_classes,
    "separable classes": _separable_classes,
    "counts": _counts,
}
EXAMPLES = tuple(_MAKERS)
"""Names of the built-in tables."""
