"""The best rate by search is that of the formula; a rule at another rate is the same rule."""

import numpy as np
import pytest

from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.best_rate import at_best_rate, numbers_of, searched_rate, with_learning_rate
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from tests.rules.own import HalfwayRule, OwnAdamRule, RenamedRule, ScratchRule


def modes_of(values):
    values = np.sort(np.array(values, dtype=float))[::-1].copy()
    return Modes(values, np.eye(len(values)))


@pytest.mark.parametrize("seed", range(30))
def test_the_search_finds_the_formula_of_plain_gradient_to_the_last_digits(seed):
    generator = np.random.default_rng(seed)
    modes = modes_of(10.0 ** generator.uniform(-generator.uniform(0, 12), generator.uniform(0, 6), size=5))
    for rule in (ScratchRule(0.1), GradientRule(0.1)):
        expected = GradientRule(1.0).at_best_rate(modes).learning_rate
        found = searched_rate(rule, modes)
        assert found == pytest.approx(expected, rel=4e-16)
        around = [np.nextafter(found, 0), found, np.nextafter(found, np.inf)]
        largest = [with_learning_rate(rule, rate).radius(modes.eigenvalues).max() for rate in around]
        assert largest[1] == min(largest)
    assert at_best_rate(ScratchRule(0.3), modes).learning_rate == searched_rate(ScratchRule(5.0), modes)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("kind", [HeavyBallRule, NesterovRule, HalfwayRule])
def test_the_search_shrinks_the_modes_as_well_as_the_formula(kind, seed):
    generator = np.random.default_rng(seed)
    modes = modes_of(10.0 ** generator.uniform(-generator.uniform(0, 6), 2, size=5))
    rule = kind(0.1, float(generator.uniform(0, 0.999)))
    by_formula = at_best_rate(rule, modes).radius(modes.eigenvalues).max()
    by_search = with_learning_rate(rule, searched_rate(rule, modes)).radius(modes.eigenvalues).max()
    # where two roots meet, the factor rounds like the square root of a rounding
    assert by_search == pytest.approx(by_formula, abs=1e-7)
    assert by_formula <= by_search + 1e-9


def test_where_nothing_moves_and_where_there_is_no_limit():
    nothing = Modes(np.zeros(0), np.zeros((3, 0)))
    assert searched_rate(ScratchRule(0.1), nothing) == 1.0

    class Implicit(ScratchRule):
        def radius(self, eigenvalues):
            return 1 / (1 + self.learning_rate * eigenvalues)

        def stability_limit(self, largest):
            return np.inf

    assert searched_rate(Implicit(0.1), modes_of([1.0, 0.1])) > 1e12


def test_modes_too_far_apart_leave_the_last_rate_below_the_limit():
    modes = modes_of([1.0, 1e-20])
    assert searched_rate(ScratchRule(0.1), modes) < 2.0
    assert searched_rate(ScratchRule(0.1), modes) == pytest.approx(2.0, rel=1e-13)


class Kept:
    """No dataclass, but its argument under its own name."""

    name = "kept"

    def __init__(self, learning_rate, power=2):
        self.learning_rate, self.power = learning_rate, power


class Hidden:
    name = "hidden"

    def __init__(self, learning_rate):
        self._rate = learning_rate


class Ratio:
    """Its learning rate is not how it is made."""

    name = "ratio"

    def __init__(self, share):
        self.share = share

    def with_learning_rate(self, rate):
        return Ratio(rate / 2)


def test_the_numbers_of_a_rule_are_its_arguments():
    assert numbers_of(OwnAdamRule(0.1)) == {"learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.999}
    assert numbers_of(ChebyshevRule(1.0, 2.0)) == {"lower": 1.0, "upper": 2.0}
    assert numbers_of(Kept(0.1, 3)) == {"learning_rate": 0.1, "power": 3}
    with pytest.raises(UsageError, match="does not keep 'learning_rate'"):
        numbers_of(Hidden(0.1))


def test_a_rule_at_another_rate_keeps_its_other_numbers():
    assert with_learning_rate(OwnAdamRule(0.1, 0.5), 2.0) == OwnAdamRule(2.0, 0.5)
    assert with_learning_rate(RenamedRule(0.1), 2.0) == RenamedRule(2.0)
    assert vars(with_learning_rate(Kept(0.1, 3), 2.0)) == {"learning_rate": 2.0, "power": 3}
    assert with_learning_rate(Ratio(1.0), 4.0).share == 2.0
    with pytest.raises(UsageError, match="cannot be had at another learning rate"):
        with_learning_rate(ChebyshevRule(1.0, 2.0), 0.1)
