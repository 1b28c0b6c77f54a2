"""Evaluations of runs: the same numbers as from their predictions, whatever the rows come in."""

import numpy as np
import pytest
import scipy.optimize
import sklearn.metrics as theirs

import steepest
from steepest.analysis import evaluate as module
from steepest.analysis.classification import Classification
from steepest.analysis.evaluate import best_constant, evaluate
from steepest.analysis.goodness import GoodnessOfFit
from steepest.data.batch import Batch
from steepest.errors import DataError, UsageError
from steepest.objectives.losses import HuberLoss, PoissonLoss


def table(n=300, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 2))
    y = (X @ [1.5, -1.0] + generator.logistic(size=n) > 0.3).astype(float)
    return X, y


def count_table(n=300, seed=1):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 2))
    return X, generator.poisson(np.exp(X @ [0.5, -0.3] + 0.2)).astype(float)


X, Y = table()
RUN = steepest.descend(X, Y, loss="logistic", epochs=50)


def test_a_run_of_two_classes_has_the_measures_of_its_probabilities():
    found = evaluate(RUN, X, Y)
    assert isinstance(found, Classification)
    truth = Classification.of(Y, RUN.predict(X))
    for name in ("log_loss", "brier_score", "accuracy", "auc", "average_precision", "null_log_loss"):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=1e-12), name
    assert found.log_loss == pytest.approx(RUN.last.loss, rel=1e-12)  # no penalty: the loss itself
    assert found.target == "y"
    held = table(seed=9)
    assert evaluate(RUN, *held).log_loss == pytest.approx(theirs.log_loss(held[1], RUN.predict(held[0])), rel=1e-12)


def test_weights_of_a_source_count_and_rows_of_weight_0_are_absent():
    weight = np.random.default_rng(3).integers(0, 3, len(Y)).astype(float)
    found = evaluate(RUN, steepest.open_source(X, Y, weight=weight))
    truth = theirs.log_loss(Y, RUN.predict(X), sample_weight=weight)
    assert found.log_loss == pytest.approx(truth, rel=1e-12)
    assert found.row_count == np.count_nonzero(weight)


class Pieces:
    """A source of many small batches."""

    features, targets, coding, row_count = ("x1", "x2"), ("y",), None, len(Y)
    weight = group = None

    def batches(self):
        for i in range(0, len(Y), 32):
            yield Batch(X[i : i + 32], Y[i : i + 32, None], self.features, self.targets, None, i)


@pytest.mark.parametrize("curves", [True, False])
def test_batches_add_up(monkeypatch, curves):
    whole = evaluate(RUN, X, Y)
    monkeypatch.setattr(module, "open_alike", lambda *given, **named: Pieces())
    found = evaluate(RUN, X, Y, curves=curves)
    assert found.row_count == len(Y)
    assert found.confusion == whole.confusion
    assert found.log_loss == pytest.approx(whole.log_loss, rel=1e-13)
    if curves:
        assert found.auc == pytest.approx(whole.auc, rel=1e-13)
        np.testing.assert_array_equal(found.ranking().counts, whole.ranking().counts)
    else:
        assert found.rankings == ()


def test_a_frame_is_evaluated_by_its_names():
    import pandas as pd

    frame = pd.DataFrame({"b": X[:, 1], "churn": Y, "a": X[:, 0]})
    run = steepest.descend(frame, target="churn", features=["a", "b"], loss="logistic", epochs=50)
    found = evaluate(run, frame)
    assert found.target == "churn"
    assert found.log_loss == pytest.approx(theirs.log_loss(Y, run.predict(frame)), rel=1e-12)


def test_several_classes_are_labels_or_a_column_for_each():
    import pandas as pd

    labels = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + X[:, 1] ** 2, [0.0, 1.5])]
    frame = pd.DataFrame(X, columns=["s", "t"]).assign(kind=labels)
    run = steepest.descend(frame, target="kind", loss="multinomial", l2=0.01, epochs=50)
    found = evaluate(run, frame)
    assert (found.target, found.classes) == ("kind", ("a", "b", "c"))
    assert found.log_loss == pytest.approx(theirs.log_loss(labels, run.predict(X)), rel=1e-12)
    indicators = (labels[:, None] == ["a", "b", "c"]).astype(float)
    assert evaluate(run, X, indicators) == evaluate(run, X, labels)
    assert found.auc == pytest.approx(theirs.roc_auc_score(labels, run.predict(X), multi_class="ovr"), rel=1e-12)
    with pytest.raises(DataError, match="X has 300 rows and y has 299"):
        evaluate(run, X, indicators[1:])


def test_counts_have_their_deviance():
    inputs, counts = count_table()
    run = steepest.descend(inputs, counts, loss="poisson", epochs=100)
    weight = np.random.default_rng(3).integers(0, 3, len(counts)).astype(float)
    found, mean = evaluate(run, steepest.open_source(inputs, counts, weight=weight)), run.predict(inputs)
    assert isinstance(found, GoodnessOfFit)
    truth = theirs.mean_poisson_deviance(counts, mean, sample_weight=weight)
    assert found.deviance == pytest.approx(truth, rel=1e-12)
    truth = theirs.d2_tweedie_score(counts, mean, sample_weight=weight, power=1)
    assert found.d_squared == pytest.approx(truth, rel=1e-12)
    assert found.mae == pytest.approx(theirs.mean_absolute_error(counts, mean, sample_weight=weight), rel=1e-12)
    assert found.rmse**2 == pytest.approx(theirs.mean_squared_error(counts, mean, sample_weight=weight), rel=1e-12)
    assert found.row_count == np.count_nonzero(weight)
    assert "mean deviance" in repr(found)
    none = evaluate(run, inputs[:3], np.zeros(3))
    assert (none.null_deviance, none.d_squared) == (0, None)


def test_squares_have_r_squared():
    target = X @ [1.0, 2.0] + np.random.default_rng(2).normal(size=len(X))
    run = steepest.descend(X, target, epochs=20)
    found = evaluate(run, X, target)
    assert found.d_squared == pytest.approx(theirs.r2_score(target, run.predict(X)), rel=1e-12)
    assert found.rmse == pytest.approx(run.last.rmse, rel=1e-12)
    assert found.deviance == pytest.approx(run.last.rmse**2, rel=1e-12)
    assert "R" in found._repr_html_()


def test_the_best_constant_is_where_no_other_is_better():
    generator = np.random.default_rng(4)
    y, weight = generator.standard_t(1, 40), generator.random(40)
    loss = HuberLoss(0.7)
    truth = scipy.optimize.minimize_scalar(lambda m: weight @ loss.value(np.full(40, m), y), (-1, 1), tol=1e-14)
    found = best_constant(loss, y, weight)
    assert found == pytest.approx(truth.x, abs=1e-6)  # a search by values sees the root of its rounding
    assert abs(weight @ loss.slope(np.full(40, found), y)) < 1e-13
    assert best_constant(loss, np.ones(3), np.ones(3)) == 1
    assert best_constant(PoissonLoss(), np.array([1.0, 3.0]), np.array([3.0, 1.0])) == np.log(1.5)
    run = steepest.descend(X, Y * 10, loss="huber", epochs=100)
    assert 0 < evaluate(run, X, Y * 10).d_squared < 1


def test_what_cannot_be_evaluated_is_said():
    with pytest.raises(UsageError, match="a triangle has none"):
        evaluate(RUN, steepest.summarize(X, Y))
    with pytest.raises(DataError, match="the run x1 and x2"):
        evaluate(RUN, steepest.open_source(X, Y, features=["a", "b"]))
    with pytest.raises(UsageError, match="threshold is a probability"):
        evaluate(RUN, X, Y, threshold=2)
    with pytest.raises(DataError, match="targets of classes are 0 and 1"):
        evaluate(RUN, X, Y * 3)
    several = steepest.descend(X, np.column_stack([Y, Y]), epochs=3)
    with pytest.raises(UsageError, match="this one has 2"):
        evaluate(several, X, np.column_stack([Y, Y]))


def test_numbers_are_labels_where_labels_are_numbers():
    X = np.random.default_rng(0).normal(size=(200, 1))
    texts = np.where(X[:, 0] > 0, "1", "2")
    texts[::7] = "1"
    run = steepest.descend(X, texts, loss="logistic", epochs=20)
    ones = texts == "1"
    for rows in (ones, ~ones, slice(None)):
        by_text = steepest.evaluate(run, X[rows], texts[rows]).accuracy
        assert steepest.evaluate(run, X[rows], texts[rows].astype(int)).accuracy == by_text


def test_a_quantile_is_measured_without_its_smoothing():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 2))
    y = X @ [1.0, 2.0] + generator.standard_t(3, size=300)
    run = steepest.descend(X, y, loss=steepest.QuantileLoss(0.8), standardize=True, epochs=500)
    found = steepest.evaluate(run, X, y)
    assert found.deviance == pytest.approx(2 * metrics.mean_pinball_loss(y, run.predict(X), alpha=0.8), rel=1e-12)


def test_where_one_class_alone_has_rows_it_is_said_that_there_is_no_auc():
    found = evaluate(RUN, X[Y == 1], Y[Y == 1])
    assert np.isnan(found.auc)
    told = "\n".join(found.lines())
    assert "no AUC, since all rows are of class 1 and there is no pair to put in order" in told
    assert "nan" not in told
    assert "nan" not in "\n".join(evaluate(RUN, X[Y == 0], Y[Y == 0]).lines())
    assert "AUC" in "\n".join(evaluate(RUN, X, Y).lines())
