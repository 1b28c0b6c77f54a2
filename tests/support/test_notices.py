"""Notices: a warning points at the user's own line, whichever door he came in by."""

import inspect
import warnings

import numpy as np
import pytest

import steepest
from tests.models.test_model_files import VERSION_1

X = np.column_stack([np.arange(9.0), np.ones(9), 2 * np.arange(9.0)])
y = X[:, 0] + np.cos(X[:, 0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: steepest.descend(X, y, epochs=9, learning_rate=1e-3),
        lambda: steepest.solve(X, y),
        lambda: steepest.GradientDescentRegressor(tol=1e-2).fit(X, y),
        lambda: steepest.load(VERSION_1),
    ],
)
def test_a_warning_points_at_the_users_own_line(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert caught
    for warning in caught:
        assert warning.filename == __file__
        assert warning.lineno == inspect.getsourcelines(call)[1]
