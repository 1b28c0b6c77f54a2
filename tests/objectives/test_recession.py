"""Directions of recession beside an exact enumeration of extreme rays, and beside one program over all rows."""

from itertools import combinations

import numpy as np
import pytest
import scipy.optimize

import steepest
from steepest.objectives.losses import LogisticLoss, PoissonLoss
from steepest.objectives.multinomial import MultinomialLoss
from steepest.objectives.recession import Rows, conditions_of, find_recession


def conditions(U, has):
    """Rows that ask for ≥ 0, and rows that ask for 0, of integers, as the definition says."""
    above, equal = [], []
    for u, present in zip(U, has, strict=True):
        own = np.flatnonzero(present)[0]
        for k, is_present in enumerate(present):
            if k != own:
                row = conditions_of(u[None], np.array([own]), np.array([k]), len(present))[0]
                (equal if is_present else above).append(row.astype(int))
    return np.array(above).reshape(-1, U.shape[1] * (has.shape[1] - 1)), equal


def truth(U, has):
    """None, "quasi-complete" or "complete", in integers: a cone without lines is made of rays where p - 1 conditions are 0."""
    above, equal = conditions(U, has)
    every = np.vstack([above, *[np.vstack([row, -row]) for row in equal]])
    p = every.shape[1]
    if np.linalg.matrix_rank(every) < p:
        return "skip"
    total = np.zeros(p, int)
    for chosen in combinations(np.unique(every, axis=0), p - 1):
        minors = [np.delete(np.array(chosen).reshape(p - 1, p), j, axis=1) for j in range(p)]
        ray = np.array([(-1) ** j * round(np.linalg.det(minor)) for j, minor in enumerate(minors)])
        for one in (ray, -ray):
            if one.any() and (every @ one >= 0).all():
                total = total + one
    if not (above @ total > 0).any():
        return None
    return "complete" if (above @ total > 0).all() and not equal else "quasi-complete"


def found(loss, X, y, weight=None, fit_intercept=True, hint=None):
    source = steepest.open_source(X, y, weight=weight)
    level = steepest.summarize(source).coordinates("standardized", fit_intercept=fit_intercept)
    rows = Rows(loss, source.batches, level)
    wide = y.shape[1] - 1 if y.ndim == 2 else 1
    return rows, find_recession(rows, np.zeros((X.shape[1] + fit_intercept, wide)) if hint is None else hint)


def kind(recession):
    return None if recession is None else "complete" if recession.is_complete else "quasi-complete"


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", [LogisticLoss(), PoissonLoss(), MultinomialLoss()], ids=repr)
def test_small_tables_are_what_an_exact_enumeration_says(loss, fit_intercept):
    generator = np.random.default_rng(0)
    seen = []
    for _ in range(120):
        n, d = int(generator.integers(4, 10)), 1 if loss.name == "multinomial" else int(generator.integers(1, 3))
        X = generator.integers(-2, 3, size=(n, d)).astype(float)
        if loss.name == "multinomial":
            y = np.eye(3)[generator.integers(0, 3, size=n)]
            y[generator.random(n) < 0.1] = [0.5, 0.5, 0.0]
        else:
            y = (X @ generator.normal(size=d) + generator.normal(size=n) * generator.choice([0, 1]) > 0).astype(float)
            y[generator.random(n) < 0.1] = 0.5 if loss.name == "logistic" else 2.0
        U = np.column_stack([np.ones(n), X]) if fit_intercept else X
        told = truth(U, loss.presence(y[:, None] if y.ndim == 1 else y))
        if told == "skip":
            continue
        seen.append(told)
        assert kind(found(loss, X, y, fit_intercept=fit_intercept)[1]) == told, (X, y)
    assert {None, "quasi-complete"} <= set(seen)


@pytest.mark.parametrize("case", ["overlap", "complete", "quasi-complete"])
def test_few_of_many_rows_are_enough(case):
    generator = np.random.default_rng(1)
    n, d = 20_000, 8
    X = generator.normal(size=(n, d))
    margin = X @ generator.normal(size=d)
    y = margin + (0.0 if case == "complete" else 0.2) * generator.logistic(size=n) > 0
    if case == "quasi-complete":
        X[:, 3] = generator.random(n) < 0.01
        y |= X[:, 3] > 0
    rows, recession = found(LogisticLoss(), X, y.astype(float))
    # the same over all rows at once
    pieces = list(rows.pieces())
    signed = np.vstack([np.where(has[:, [1]], u, -u) for u, has in pieces])
    whole = scipy.optimize.linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(n), bounds=(-1, 1))
    assert (whole.fun < -1e-6) == (recession is not None)
    assert kind(recession) == (None if case == "overlap" else case)
    if recession is not None:
        assert len(recession.conditions.rows) < n / 5
        assert (signed @ recession.direction[:, 0]).min() > -1e-9
        positive = (signed @ recession.direction[:, 0] > 1e-6).sum()
        assert positive >= (signed @ whole.x > 1e-6).sum()


def test_rows_without_weight_do_not_count():
    X, y = np.arange(6.0)[:, None], np.array([0.0, 0, 1, 0, 1, 1])
    assert found(LogisticLoss(), X, y)[1] is None
    assert kind(found(LogisticLoss(), X, y, weight=np.array([1.0, 1, 0, 1, 1, 1]))[1]) == "complete"


def test_parameters_that_tell_the_classes_apart_need_no_program(monkeypatch):
    X, y = np.arange(6.0)[:, None], np.array([0.0, 0, 0, 1, 1, 1])
    monkeypatch.setattr("scipy.optimize.linprog", None)
    recession = found(LogisticLoss(), X, y, hint=np.array([[0.0], [5.0]]))[1]
    assert recession.is_complete
    assert not len(recession.conditions.rows)


def test_columns_that_are_a_sum_of_others_separate_nothing():
    generator = np.random.default_rng(2)
    X = generator.normal(size=(60, 3))
    X[:, 2] = X[:, 0] + X[:, 1]
    y = (X[:, 0] + generator.logistic(size=60) > 0).astype(float)
    assert found(LogisticLoss(), X, y)[1] is None
