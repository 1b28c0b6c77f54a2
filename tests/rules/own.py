"""Rules of a user's own, as the tests of rules register them: plain gradient from scratch, a renamed one, and Adam."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.rules.gradient import GradientRule
from steepest.rules.two_term import TwoTermRule


@dataclass(frozen=True)
class ScratchRule:
    """Plain gradient descent by the documented protocol, with nothing of the library's in it."""

    learning_rate: float
    name: ClassVar[str] = "scratch"

    def init(self, theta):
        return None

    def step(self, gradient, theta, memory):
        return theta - self.learning_rate * gradient(theta), None

    def residual(self, eigenvalues, epochs):
        return (1 - self.learning_rate * eigenvalues) ** np.asarray(epochs)[:, None]

    def progress(self, eigenvalues, epochs):
        return 1 - self.residual(eigenvalues, epochs)

    def radius(self, eigenvalues):
        return np.abs(1 - self.learning_rate * eigenvalues)

    def unimodal_until(self, eigenvalues):
        return np.full(eigenvalues.shape, np.inf)

    def envelope(self, eigenvalues, epochs):
        left = np.abs(self.residual(eigenvalues, epochs))
        return left, left

    def stability_limit(self, largest):
        return 2 / largest


@dataclass(frozen=True)
class RenamedRule(GradientRule):
    """Plain gradient descent under another name."""

    name: ClassVar[str] = "renamed"


@dataclass(frozen=True)
class OwnAdamRule:
    """Adam, which has no closed form. Source: Kingma, Ba, ICLR 2015, algorithm 1."""

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    name: ClassVar[str] = "own_adam"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · mean gradient / √(mean square gradient)"

    def init(self, theta):
        return np.zeros_like(theta), np.zeros_like(theta), 0

    def step(self, gradient, theta, memory):
        m, v, k = memory
        g = gradient(theta)
        m, v, k = self.beta_1 * m + (1 - self.beta_1) * g, self.beta_2 * v + (1 - self.beta_2) * g**2, k + 1
        scaled = m / (1 - self.beta_1**k) / (np.sqrt(v / (1 - self.beta_2**k)) + 1e-8)
        return theta - self.learning_rate * scaled, (m, v, k)


@dataclass(frozen=True)
class HalfwayRule(TwoTermRule):
    """Momentum that looks half a step ahead: a two-term rule of the user's own."""

    name: ClassVar[str] = "halfway"
    look_ahead: ClassVar[float] = 0.5


def adam_by_hand(X, y, rate, epochs):
    """Bias and weights after 0 … epochs steps of Adam over the rows, from zero, shape (epochs + 1, 1 + d)."""
    A = np.column_stack([np.ones(len(X)), X])
    theta = np.zeros(A.shape[1])
    m, v, path = np.zeros_like(theta), np.zeros_like(theta), [theta]
    for k in range(1, epochs + 1):
        g = A.T @ (A @ theta - y) / len(y)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - rate * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
        path.append(theta)
    return np.array(path)
