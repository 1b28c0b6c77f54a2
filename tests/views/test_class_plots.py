"""Pictures of classes keep their numbers, and draw what they keep."""

import numpy as np
import pytest
import scipy.special
import sklearn.metrics as theirs

import steepest
from steepest.analysis.classification import Classification
from steepest.errors import DataError, UsageError
from steepest.views.plots import as_bytes, contour
from steepest.views.plots.class_rows import MOST_POINTS, thinned

KINDS = ("roc", "precision_recall", "calibration", "confusion", "boundary")


def rows(n=200, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 2))
    return X, (X @ [2.0, -1.0] + generator.logistic(size=n) > 0.5).astype(float)


X, Y = rows()
HELD = rows(80, 1)
RUN = steepest.descend(X, Y, loss="logistic", epochs=30, features=["$income$", "age"])


def test_the_roc_curve_goes_through_the_point_in_use():
    display = RUN.plot("roc", X, Y)
    curve, point, diagonal = display.lines_
    fpr, tpr, _ = theirs.roc_curve(Y, RUN.predict(X), drop_intermediate=False)
    np.testing.assert_allclose(curve.get_xydata(), np.column_stack([fpr, tpr]), rtol=1e-12)
    assert (np.abs(curve.get_xydata() - point.get_xydata()[0]).max(axis=1) < 1e-12).any()
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])


def test_the_precision_recall_curve_goes_through_the_point_in_use():
    display = RUN.plot("precision_recall", X, Y, held_out=HELD)
    assert [name for name, _ in display.groups] == ["training rows", "held-out rows"]
    curve, point, *_ = display.lines_
    precision, recall, _ = theirs.precision_recall_curve(Y, RUN.predict(X))
    np.testing.assert_allclose(curve.get_xydata()[::-1], np.column_stack([recall, precision]), rtol=1e-12)
    assert (np.abs(curve.get_xydata() - point.get_xydata()[0]).max(axis=1) < 1e-12).any()


def test_the_reliability_diagram_shows_its_bins_with_limits():
    display = RUN.plot("calibration", X, Y, bins=5, by="width", held_out=HELD)
    table = display.groups[0][1].calibration(5, "width")
    line, *_ = display.artists_[1]
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack([table.predicted, table.observed]))
    steps = display.artists_[2].get_data()
    assert steps.values.sum() == pytest.approx(1)
    assert len(steps.edges) == 21
    with pytest.raises(UsageError, match="bins is a whole number"):
        RUN.plot("calibration", X, Y, bins=0)


def test_the_confusion_picture_shows_shares_of_the_actual_class():
    display = RUN.plot("confusion", X, Y)
    matrix = theirs.confusion_matrix(Y, RUN.predict(X) > 0.5)
    np.testing.assert_array_equal(display.confusion.matrix, matrix)
    np.testing.assert_allclose(display.image_.get_array(), matrix / matrix.sum(axis=1, keepdims=True))
    texts = [text.get_text().split("\n")[0] for text in display.ax_.texts]
    assert texts == [str(value) for value in matrix.ravel()]


def test_the_boundary_is_the_line_at_the_threshold_and_moves_with_the_epoch():
    display = RUN.plot("boundary", X, Y, epochs=[1, 5], threshold=0.3)
    assert [epoch for epoch, _ in display.earlier] == [1, 5]
    at = np.array([[display.x[7], display.y[40]]])
    np.testing.assert_allclose(display.probabilities[40, 7, 1], RUN.predict(at)[0], rtol=1e-13)
    np.testing.assert_allclose(display.earlier[0][1][40, 7, 1], RUN.at(1).predict(at)[0], rtol=1e-13)
    line = display.artists_[-1].get_paths()[0].vertices
    margins = line @ RUN.weights + RUN.bias
    np.testing.assert_allclose(
        margins, scipy.special.logit(0.3), atol=0.02
    )  # between points of the grid it is straight
    np.testing.assert_array_equal(display.row_classes, Y)
    np.testing.assert_array_equal(display.artists_[1].get_offsets(), X[Y == 0])


def test_where_one_class_is_predicted_everywhere_there_is_no_line():
    display = RUN.plot("boundary", X[:3] / 1e3 - 5.0, Y[:3])
    _, labels = display.ax_.get_legend_handles_labels()
    assert len(display.artists_) == 3  # the areas and the rows of each class
    assert labels == ["0", "1"]


def test_three_classes_have_curves_of_their_own():
    generator = np.random.default_rng(2)
    margins = generator.normal(size=(60, 3))
    labels = margins.argmax(axis=1)
    found = Classification.of(np.eye(3)[labels], margins=margins, classes=("setosa", "versicolor", "virginica"))
    roc = steepest.RocDisplay((("rows", found),)).plot()
    assert len(roc.lines_) == 4
    assert "of 3 classes" in repr(steepest.ConfusionDisplay(found.confusion).plot())
    for display in (
        roc,
        steepest.PrecisionCurveDisplay((("rows", found),)),
        steepest.ReliabilityDisplay((("rows", found),), 4),
    ):
        assert as_bytes(display, "svg").startswith(b"<?xml")


@pytest.mark.parametrize("kind", KINDS)
def test_any_of_them_draws_on_given_axes_and_says_what_it_needs(kind):
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.add_subplot()
    display = RUN.plot(kind, X, Y, ax=ax, title="a $title$")
    assert display.ax_ is ax
    assert as_bytes(display, "svg") == as_bytes(display, "svg")
    squares = steepest.descend(X, Y, epochs=3)
    with pytest.raises(UsageError, match="is of classes, and this run predicts numbers"):
        squares.plot(kind, X, Y)
    with pytest.raises(UsageError, match=f"a picture of {kind} needs rows"):
        RUN.plot(kind)
    with pytest.raises(DataError):
        RUN.plot(kind, X, Y[:-1])


@pytest.mark.parametrize("kind", ["predictions", "residuals", "qq"])
def test_pictures_of_numbers_refuse_classes(kind):
    with pytest.raises(UsageError, match=r'predicts classes\. Draw "calibration"'):
        RUN.plot(kind, X, Y)


def test_counts_have_deviance_residuals():
    generator = np.random.default_rng(3)
    counts = generator.poisson(np.exp(X @ [0.5, -0.3] + 1)).astype(float)
    run = steepest.descend(X, counts, loss="poisson", epochs=100)
    display = run.plot("residuals", X, counts)
    mean = run.predict(X)
    each = [theirs.mean_poisson_deviance([y], [m]) for y, m in zip(counts, mean, strict=True)]
    np.testing.assert_allclose(display.residuals, np.sign(counts - mean) * np.sqrt(each), rtol=1e-7, atol=1e-7)
    assert display.ax_.get_ylabel() == "deviance residual of y"
    assert run.plot("qq", X, counts).ax_.get_ylabel() == "deviance residual of y"
    np.testing.assert_array_equal(run.plot("predictions", X, counts).predictions, mean)


def test_the_contour_of_another_loss_is_that_loss():
    display = steepest.LossContourDisplay.from_trajectory(RUN, "$income$", "age").plot()
    weights = np.array([display.x[5], display.y[9]])
    margin = X @ weights + RUN.optimum.bias
    truth = theirs.log_loss(Y, scipy.special.expit(margin))
    assert display.loss[9, 5] == pytest.approx(truth, rel=1e-10)
    assert display.loss.min() >= RUN.optimum.loss


def test_a_contour_of_many_rows_is_over_some_of_them_and_says_so(monkeypatch):
    monkeypatch.setattr(contour, "MOST_ROWS", 50)
    display = steepest.LossContourDisplay.from_trajectory(RUN, "$income$", "age", title="ours").plot()
    some = np.sort(np.random.default_rng(0).choice(len(X), 50, replace=False))
    margin = X[some] @ np.array([display.x[5], display.y[9]]) + RUN.optimum.bias
    truth = theirs.log_loss(Y[some], scipy.special.expit(margin))
    assert display.loss[9, 5] == pytest.approx(truth, rel=1e-10)
    assert display.ax_.get_title() == f"ours · loss over 50 of {len(X)} rows"
    weight = np.random.default_rng(1).lognormal(sigma=2, size=len(X))
    weighted = steepest.descend(X, Y, weight=weight, loss="logistic", standardize=False, epochs=1)
    display = steepest.LossContourDisplay.from_trajectory(weighted, "x1", "x2")
    margin = X[some] @ np.array([display.x[5], display.y[9]]) + weighted.optimum.bias
    truth = theirs.log_loss(Y[some], scipy.special.expit(margin), sample_weight=weight[some])
    assert display.loss[9, 5] == pytest.approx(truth, rel=1e-10)


def test_a_contour_of_several_classes_says_where_to_look():
    X, y = np.arange(6.0)[:, None], ["a", "b", "c", "a", "b", "c"]
    run = steepest.descend(X, y, loss="multinomial", epochs=3)
    with pytest.raises(UsageError, match=r"one margin a row.*run\.page\(\)"):
        run.plot("contour")


def test_a_boundary_needs_two_features():
    wide = steepest.descend(np.column_stack([X, X[:, 0] ** 2]), Y, loss="logistic", epochs=3)
    with pytest.raises(UsageError, match="over two features; this run has 3"):
        wide.plot("boundary", np.column_stack([X, X[:, 0] ** 2]), Y)


def test_a_long_curve_is_drawn_with_as_many_points_as_a_screen_shows():
    assert thinned(3).tolist() == [0, 1, 2]
    many = thinned(10**6)
    assert (len(many), many[0], many[-1]) == (MOST_POINTS, 0, 10**6 - 1)
