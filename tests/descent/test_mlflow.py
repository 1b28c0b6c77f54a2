"""MLflow: what a run says of itself arrives there, in the run that is active or in one of its own."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.descent import checkpoint
from steepest.errors import UsageError
from tests.descent.test_checkpoint import CutOff, X, Y, cut_at

HOW = {"rule": "adam", "learning_rate": 0.02, "epochs": 25}


class Recorder:
    """As much of the package as is used, with its own rules: one run at a time, names of certain characters, parameters once."""

    def __init__(self):
        self.runs, self.active = {}, None

    def active_run(self):
        return self.active and SimpleNamespace(info=SimpleNamespace(run_id=self.active))

    def start_run(self, run_id=None):
        assert self.active is None
        assert run_id is None or run_id in self.runs
        self.active = run_id or f"run{len(self.runs)}"
        self.runs.setdefault(self.active, SimpleNamespace(parameters={}, metrics={}, status="RUNNING"))
        return self.active_run()

    def end_run(self, status="FINISHED"):
        self.runs[self.active].status, self.active = status, None

    def log_params(self, parameters):
        there = self.runs[self.active].parameters
        assert not set(there) & set(parameters)
        there.update(parameters)

    def log_metrics(self, metrics, step):
        for name, value in metrics.items():
            assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-./: "), name
            assert isinstance(value, float)
            self.runs[self.active].metrics.setdefault(name, {})[step] = value


@pytest.fixture
def mlflow(monkeypatch):
    module = Recorder()
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return module


@pytest.mark.parametrize("every", [1, 10])
def test_metrics_are_those_of_the_run(mlflow, every):
    run = steepest.descend(X, Y, callbacks=steepest.MLflow(every=every), **HOW)
    logged = mlflow.runs["run0"]
    epochs = sorted({*range(0, 26, every), 25})
    assert logged.metrics["loss"] == dict(zip(epochs, run.loss(epochs), strict=True))
    assert logged.metrics["rmse"] == dict(zip(epochs, run.rmse(epochs), strict=True))
    assert list(logged.metrics["gradient_norm"]) == epochs
    assert (logged.status, mlflow.active) == ("FINISHED", None)
    wanted = {"rule": "adam", "rule.learning_rate": "0.02", "epochs": "25", "rows": "40", "features": "3", "l2": "0.0"}
    assert wanted.items() <= logged.parameters.items()


def test_a_run_that_is_active_stays_so(mlflow):
    mlflow.start_run()
    steepest.descend(X, np.column_stack([Y, Y]), learning_rate=1e-3, epochs=3, callbacks=[steepest.MLflow()])
    assert mlflow.active == "run0"
    assert set(mlflow.runs["run0"].metrics) == {
        f"{name} of y{k}" for name in ("loss", "rmse", "gradient_norm") for k in (1, 2)
    }


def test_names_and_numbers_that_it_does_not_take(mlflow):
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(**{"€?": Y, "y": Y})
    steepest.descend(frame, target=["€?", "y"], epochs=1, callbacks=steepest.MLflow())
    assert "loss of __" in mlflow.runs.pop("run0").metrics
    run = steepest.descend(X, Y, learning_rate=1e30, epochs=40, callbacks=steepest.MLflow())
    assert run.ended.reason == "left_float64"
    assert run.epochs not in mlflow.runs["run0"].metrics["gradient_norm"]
    assert run.epochs - 1 in mlflow.runs["run0"].metrics["rmse"]


def test_a_run_that_was_cut_off_goes_on_in_the_same_run(mlflow, tmp_path, monkeypatch):
    for seconds in (0.0, 1e6):
        monkeypatch.setattr(checkpoint, "SECONDS", seconds)
        monkeypatch.setattr(checkpoint, "SHARE", 0)
        how = HOW | {"checkpoint": tmp_path / f"{seconds}.ckpt"}
        with pytest.raises(CutOff):
            steepest.descend(X, Y, callbacks=[steepest.MLflow(), cut_at(12)], **how)
        logged = list(mlflow.runs.values())[-1]
        assert (logged.status, len(logged.metrics["loss"])) == ("FAILED", 12)
        steepest.descend(X, Y, callbacks=[steepest.MLflow()], **how)
        assert (logged.status, list(logged.metrics["loss"])) == ("FINISHED", list(range(26)))
    assert len(mlflow.runs) == 2


def test_a_run_begun_while_an_error_is_handled_has_not_failed(mlflow):
    try:
        raise CutOff
    except CutOff:
        steepest.descend(X, Y, callbacks=steepest.MLflow(), **HOW)
    assert mlflow.runs["run0"].status == "FINISHED"


def test_without_the_package_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UsageError, match=r"MLflow is not installed. Install it: pip install 'steepest\[mlflow\]'"):
        steepest.descend(X, Y, callbacks=steepest.MLflow(), **HOW)


@pytest.mark.parametrize("every", [0, 2.5, None, "1"])
def test_every_is_a_whole_number(every):
    with pytest.raises(UsageError, match=r"MLflow\(every=...\) is a whole number of epochs, 1 or larger"):
        steepest.MLflow(every)
