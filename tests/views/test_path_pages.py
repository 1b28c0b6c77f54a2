"""Pages of paths: their numbers are those of the path, bounded, and nothing but their own script runs."""

import base64
import re

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.views.pages import path_payload as module
from steepest.views.pages.path_payload import path_payload


def unpacked(text):
    return np.frombuffer(base64.b64decode(text), dtype="<f8")


def table(columns=12, rows=80):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(rows, columns)) * np.geomspace(0.01, 100, columns)
    X[:, 3] = 7.0
    return X, X[:, 0] * 200 - X[:, 1] * 50 + generator.normal(size=rows)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"l1_ratio": 0.5, "standardize": True},
        {"relaxed": True, "folds": 3},
        {"penalties": [1.0, 0.1]},
        {"penalties": [1e9]},
        {"fit_intercept": False, "positive": True},
        {"penalty_factors": {"x2": 0.0}},
        {"loss": "logistic", "standardize": True, "penalties": [0.2, 0.1, 0.05]},
    ],
)
def test_the_numbers_are_those_of_the_path(options):
    X, y = table()
    p = steepest.path(X, y > 0 if "loss" in options else y, **options)
    made = path_payload(p, "best")
    penalties = unpacked(made["penalties"])
    weights = np.zeros((len(penalties), len(p.features)))
    kept = [p.features.index(name) for name in made["features"]]
    weights[:, kept] = unpacked(made["coefficients"]).reshape(len(penalties), -1)
    np.testing.assert_array_equal(weights, p.coefficients(penalties))
    stops = penalties[made["stops"]["places"]]
    assert set(p.penalties) <= set(stops)
    np.testing.assert_array_equal(unpacked(made["stops"]["bias"]), p.bias(stops))
    at = np.flatnonzero(np.isin(stops, p.penalties))
    np.testing.assert_array_equal(unpacked(made["stops"]["held"])[at], p.cv_errors)
    assert made["stops"]["in_use"] == (p.coefficients(stops) != 0).sum(axis=1).tolist()
    assert stops[made["chosen"]] == p.best.penalty
    # the constant column is in use only where there is no bias beside it
    assert ("x4" in made["never"]) == options.get("fit_intercept", True)
    places = {mark["name"]: mark["stop"] for mark in made["marks"]}
    assert stops[places["one standard error"]] == p.one_standard_error.penalty


def test_without_held_out_rows_there_are_criteria_or_why_not():
    X, y = table()
    p = steepest.path(X, y, folds=None)
    made = path_payload(p, "bic")
    stops = unpacked(made["penalties"])[made["stops"]["places"]]
    np.testing.assert_array_equal(unpacked(made["stops"]["bic"]), p.bic(stops))
    assert [mark["name"] for mark in made["marks"]] == ["chosen"]
    assert stops[made["chosen"]] in p.knots
    refused = path_payload(steepest.path(X, y, folds=None, relaxed=True), 1.0)
    assert "bic" not in refused["stops"]
    assert "degrees of freedom" in refused["stops"]["no_criterion"]
    assert "held-out rows" in steepest.path(X, y, folds=None, relaxed=True).page().payload["stops"]["no_criterion"]


def test_a_page_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_NUMBERS", 400)
    monkeypatch.setattr(module, "MOST_INPUTS", 5)
    p = steepest.path(*table())
    made = path_payload(p, 0.5)
    assert len(made["features"]) == 5
    assert made["left_out"] == (p.coefficients(p.knots) != 0).any(axis=0).sum() - 5 > 0
    assert len(unpacked(made["coefficients"])) <= 400
    penalties = unpacked(made["penalties"])
    assert {0.5, p.best.penalty, p.one_standard_error.penalty} <= set(penalties[made["stops"]["places"]])
    largest = np.abs(p.coefficients(penalties) * p.triangle.deviations[:12]).max(axis=0)
    assert {p.features[j] for j in np.argsort(-largest)[:5]} == set(made["features"])


def test_a_page_asks_the_network_for_nothing_and_is_found_by_both_doors():
    p = steepest.path(*table(), features=["</script>", *(f"f{j}" for j in range(11))], target="<b>")
    html = steepest.page(p, title="<i>").html
    assert html == p.page(title="<i>").html
    assert html.count("</script>") == 2
    assert "<b>" not in html
    assert re.search(r"default-src 'none'; script-src 'sha256-[^']+';", html)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
    with pytest.raises(UsageError, match="shows no rows"):
        steepest.page(p, *table())
    with pytest.raises(UsageError, match="choose"):
        p.page(choose="largest")
