"""Offsets beside statsmodels' GLM, and laws: a constant one moves the intercept, a column's is an array's."""

import numpy as np
import pytest

import steepest
from steepest.data.offset import Offset
from steepest.data.offset_column import OffsetColumn
from steepest.data.sources.offset_rows import OffsetRows
from steepest.errors import DataError, UsageError
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import HuberLoss, LogisticLoss, PoissonLoss
from steepest.objectives.newton import bowl_at
from steepest.summaries.summarize import read

LOSSES = [PoissonLoss(), LogisticLoss(), HuberLoss(0.7)]


def table(loss, n=120, seed=0):
    """Inputs, targets, offsets, weights."""
    generator = np.random.default_rng(seed)
    X = np.array([2.0, 0.0]) + generator.normal(size=(n, 2))
    offset = generator.normal(size=n)
    margin = X @ [0.4, -0.3] - 0.5 + offset
    y = {
        "poisson": lambda: generator.poisson(np.exp(margin)),
        "logistic": lambda: margin + generator.logistic(size=n) > 0,
        "huber": lambda: margin + generator.standard_t(2, size=n),
    }[loss.name]()
    return X, np.asarray(y, dtype=float), offset, generator.uniform(0.5, 2, size=n)


def optimum(X, y, **options):
    run = steepest.descend(X, y, epochs=1, **options)
    return np.append(run.optimum.bias, run.optimum.weights)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("loss", LOSSES[:2], ids=repr)
def test_tables_with_an_offset_are_statsmodels(loss, standardize):
    sm = pytest.importorskip("statsmodels.api")
    X, y, offset, _ = table(loss)
    family = sm.families.Poisson() if loss.name == "poisson" else sm.families.Binomial()
    theirs = sm.GLM(y, sm.add_constant(X), family=family, offset=offset).fit(tol=1e-14)
    run = steepest.descend(X, y, loss=loss, offset=offset, standardize=standardize, epochs=1)
    ours = run.summary()
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(ours.standard_errors, theirs.bse, rtol=1e-8)
    for name, value in {"deviance": theirs.deviance, "null_deviance": theirs.null_deviance, "aic": theirs.aic}.items():
        assert getattr(ours, name) == pytest.approx(value, rel=1e-8), name
    np.testing.assert_allclose(
        run.optimum.predict(X, offset=offset), theirs.predict(sm.add_constant(X), offset=offset), rtol=1e-8
    )
    limits = theirs.get_prediction(sm.add_constant(X), offset=offset).summary_frame()
    for value, name in zip(ours.predict(X, offset=offset), ("mean", "mean_ci_lower", "mean_ci_upper"), strict=True):
        np.testing.assert_allclose(value, limits[name], rtol=1e-8)
    assert steepest.infer(X, y, loss=loss, offset=offset).aic == pytest.approx(ours.aic, rel=1e-12)
    with pytest.raises(UsageError, match="Leave data and y out"):
        run.summary(data=X, y=y)


def test_of_hubers_loss_it_is_a_lower_target():
    X, y, offset, weight = table(LOSSES[2])
    options = {"loss": LOSSES[2], "weight": weight}
    np.testing.assert_allclose(optimum(X, y, offset=offset, **options), optimum(X, y - offset, **options), rtol=1e-10)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_constant_offset_moves_the_intercept(loss):
    X, y, _, weight = table(loss)
    plain = optimum(X, y, loss=loss, weight=weight)
    moved = optimum(X, y, loss=loss, weight=weight, offset=np.full(len(y), 3.0))
    np.testing.assert_allclose(moved, plain - [3.0, 0.0, 0.0], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_slopes_with_an_offset_are_finite_differences(loss):
    X, y, offset, weight = table(loss)
    weight[3] = 0
    plain = steepest.open_source(X, y, weight=weight)
    reader = OffsetRows.of(plain, Offset.of(offset, None)).batches
    problem = LossProblem.over(steepest.summarize(plain), reader, loss, "standardized")
    rows, theta = problem.rows, np.array([[0.3], [-0.2], [0.5]])
    assert len(rows.offset) == len(rows) == 119
    for part in (rows, rows.take(slice(10, 30)), rows.take(np.array([5, 5, 1]))):
        for j, e in enumerate(np.eye(3)[:, :, None]):
            slope = part.value(theta + 1e-6 * e) - part.value(theta - 1e-6 * e)
            assert slope[0] / 2e-6 == pytest.approx(part.gradient(theta)[j, 0], abs=1e-8)
            bent = part.gradient(theta + 1e-6 * e) - part.gradient(theta - 1e-6 * e)
            if loss.name != "huber":  # whose slope has corners
                np.testing.assert_allclose(bent / 2e-6, part.curvature(theta, e), atol=1e-7)
    bowl = bowl_at(loss, reader, problem.coordinates, theta, 0.0)
    np.testing.assert_allclose(bowl.quadratic.gradient(theta), rows.gradient(theta), atol=1e-12)
    assert np.abs(rows.gradient(problem.found.bowl.theta)).max() < 1e-13


def test_batches_take_their_own_offsets():
    loss = PoissonLoss()
    X, y, offset, _ = table(loss)
    batches = {"batch_size": 50, "order": "fixed", "start": (np.zeros(2), 0.0)}
    run = steepest.descend(X, y, loss=loss, offset=offset, learning_rate=0.01, epochs=3, **batches)
    theta = np.zeros(3)
    design = np.column_stack([np.ones(len(y)), X])
    for _ in range(3):
        for first in (0, 50, 100):
            rows = slice(first, first + 50)
            slope = np.exp(design[rows] @ theta + offset[rows]) - y[rows]
            theta = theta - 0.01 * design[rows].T @ slope / len(slope)
    np.testing.assert_allclose(np.append(run.bias, run.weights), theta, rtol=1e-12)
    np.testing.assert_allclose(run.predict(X, offset=offset), np.exp(design @ theta + offset), rtol=1e-12)
    np.testing.assert_allclose(run.predict(X, exposure=np.exp(offset)), np.exp(design @ theta + offset), rtol=1e-12)
    np.testing.assert_allclose(run.predict(X), np.exp(design @ theta), rtol=1e-12)


def test_a_column_is_as_good_as_an_array(tmp_path):
    pandas = pytest.importorskip("pandas")
    X, y, offset, weight = table(PoissonLoss())
    frame = pandas.DataFrame({"a": X[:, 0], "hours": np.exp(offset), "b": X[:, 1], "w": weight, "y": y})
    frame.to_csv(tmp_path / "t.csv", index=False)
    beside = steepest.descend(X, y, loss="poisson", weight=weight, exposure=np.exp(offset), epochs=5)
    for data in (frame, tmp_path / "t.csv"):
        for features in (None, ["a", "b"]):
            run = steepest.descend(
                data, target="y", features=features, weight="w", loss="poisson", exposure="hours", epochs=5
            )
            assert run.features == ("a", "b")
            np.testing.assert_allclose(run.weights, beside.weights, rtol=1e-12)
            np.testing.assert_allclose(run.optimum.weights, beside.optimum.weights, rtol=1e-10)
    np.testing.assert_allclose(run.predict(frame, exposure=frame["hours"]), beside.predict(X, offset=offset))
    table_of = steepest.infer(tmp_path / "t.csv", target="y", weight="w", loss="poisson", exposure="hours")
    assert table_of.deviance == pytest.approx(beside.summary().deviance, rel=1e-12)


def test_rows_that_are_left_out_take_their_offset_with_them(tmp_path):
    X, y, offset, _ = table(PoissonLoss())
    lines = [
        f"{a!r},{'' if row == 7 else repr(b)},{c!r}" for row, (a, b, c) in enumerate(np.column_stack([X, y]).tolist())
    ]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *lines]))
    run = steepest.descend(tmp_path / "t.csv", target="y", missing="drop", loss="poisson", offset=offset, epochs=1)
    kept = np.arange(len(y)) != 7
    expected = optimum(X[kept], y[kept], loss="poisson", offset=offset[kept])
    np.testing.assert_allclose(np.append(run.optimum.bias, run.optimum.weights), expected, rtol=1e-10)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e12])
def test_exposures_of_any_unit_are_found_from_their_mean(unit):
    X, y, offset, _ = table(PoissonLoss())
    run = steepest.descend(X, y, loss="poisson", exposure=unit * np.exp(offset), standardize=True, epochs=1)
    assert run.problem.found.passes < 12
    here = steepest.descend(X, y, loss="poisson", offset=offset, standardize=True, epochs=1)
    np.testing.assert_allclose(run.optimum.weights, here.optimum.weights, rtol=1e-9)
    assert run.optimum.bias == pytest.approx(here.optimum.bias - np.log(unit), rel=1e-9)


def test_a_checkpoint_is_of_its_offset(tmp_path):
    X, y, offset, _ = table(PoissonLoss())
    options = {"loss": "poisson", "learning_rate": 0.01, "epochs": 5, "checkpoint": tmp_path / "state"}
    steepest.descend(X, y, offset=offset, **options)
    with pytest.raises(UsageError):
        steepest.descend(X, y, offset=offset + 0.1, **options)


WRONG = {
    "both": ({"offset": [0.0] * 4, "exposure": [1.0] * 4}, UsageError, "two ways to say the same"),
    "squared": ({"offset": [0.0] * 4, "loss": "squared"}, UsageError, r"losses other than squares\. Subtract"),
    "too few": ({"offset": [0.0] * 3}, DataError, "there are 3 for 4 rows"),
    "too many": ({"offset": [0.0] * 5}, DataError, "there are 5 for 4 rows"),
    "no exposure": ({"exposure": [1.0, 0.0, 2.0, 3.0]}, DataError, r"above 0 and finite .* row 1 .* has 0"),
    "NaN": ({"offset": [1.0, 0.0, np.nan, 3.0]}, DataError, r"finite in every row; row 2 .* has nan"),
    "text": ({"offset": ["a", "b", "c", "d"]}, DataError, "one number a row"),
    "two columns": ({"offset": np.ones((4, 2))}, DataError, r"shape \(n,\); got an array of shape \(4, 2\)"),
    "unknown": ({"offset": "hours"}, UsageError, "names a column of numbers, of x1; got 'hours'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_offsets_are_told(name):
    options, error, text = WRONG[name]
    for ask in (steepest.descend, steepest.infer):
        with pytest.raises(error, match=text):
            ask(np.array([[1.0], [2.0], [3.0], [5.0]]), [1.0, 0.0, 2.0, 1.0], **{"loss": "poisson", **options})


def test_of_several_classes_there_is_none():
    with pytest.raises(UsageError, match="margins of all classes"):
        steepest.descend(np.arange(6.0)[:, None], np.eye(3)[[0, 1, 2, 2, 1, 0]], loss="multinomial", offset=np.zeros(6))


def test_wrong_offsets_of_a_prediction_are_told():
    run = steepest.descend([[1.0], [2.0], [3.0]], [1.0, 0.0, 2.0], loss="poisson", epochs=1)
    with pytest.raises(DataError, match="there are 1 for 2 rows"):
        run.predict([[1.0], [2.0]], offset=[0.0])
    with pytest.raises(UsageError, match="of a prediction is one number a row"):
        run.predict([[1.0]], exposure="hours")
    with pytest.raises(UsageError, match="losses other than squares"):
        steepest.descend([[1.0], [2.0], [4.0]], [1.0, 0.0, 2.0]).predict([[1.0]], offset=[0.0])


def test_measures_and_pictures_of_rows_have_their_offset():
    sm = pytest.importorskip("statsmodels.api")
    X, y, offset, _ = table(PoissonLoss())
    run = steepest.descend(X[:80], y[:80], loss="poisson", offset=offset[:80], standardize=True, epochs=300)
    design = sm.add_constant(X)
    theirs = sm.GLM(y[:80], design[:80], family=sm.families.Poisson(), offset=offset[:80]).fit(tol=1e-14)
    found = steepest.evaluate(run, X[:80], y[:80], exposure=np.exp(offset[:80]))
    assert found.deviance == pytest.approx(theirs.deviance / 80, rel=1e-8)
    assert found.null_deviance == pytest.approx(theirs.null_deviance / 80, rel=1e-8)
    assert "of the offset and one number for all rows" in str(found)
    held = steepest.evaluate(run, X[80:], y[80:], offset=offset[80:])
    mean = theirs.predict(design[80:], offset=offset[80:])
    assert held.deviance == pytest.approx(sm.families.Poisson().deviance(y[80:], mean) / 40, rel=1e-8)
    for kind in ("predictions", "residuals", "qq"):
        picture = run.plot(kind, X[:80], y[:80], offset=offset[:80], held_out=(X[80:], y[80:], offset[80:]))
        if kind != "qq":
            np.testing.assert_allclose(picture.predictions, np.append(theirs.fittedvalues, mean), rtol=1e-8)
    again = run.plot("residuals", X[80:], y[80:], exposure=np.exp(offset[80:]))
    np.testing.assert_allclose(again.predictions, mean, rtol=1e-8)
    for ask in (steepest.evaluate, lambda run, X, y: run.plot("qq", X, y)):
        with pytest.raises(UsageError, match="offset"):
            ask(run, X, y)
    plain = steepest.descend(X, y, loss="poisson", epochs=1)
    for ask in (steepest.evaluate, lambda run, X, y, **o: run.plot("qq", X, y, **o)):
        with pytest.raises(UsageError, match="learned without an exposure"):
            ask(plain, X, y, exposure=np.ones(120))
    with pytest.raises(UsageError, match="knows no offset"):
        run.page(X, y)


def test_measures_of_classes_have_their_offset():
    sm = pytest.importorskip("statsmodels.api")
    X, y, offset, _ = table(LogisticLoss())
    run = steepest.descend(X, y, loss="logistic", offset=offset, standardize=True, epochs=2_000)
    theirs = sm.GLM(y, sm.add_constant(X), family=sm.families.Binomial(), offset=offset).fit(tol=1e-14)
    found = steepest.evaluate(run, X, y, offset=offset)
    assert found.log_loss == pytest.approx(-theirs.llf / 120, rel=1e-8)
    picture = run.plot("roc", X, y, offset=offset, held_out=(X, y, offset))
    assert [one.auc for _, one in picture.groups] == [found.auc, found.auc]
    with pytest.raises(UsageError, match="a decision boundary knows no offset"):
        run.plot("boundary", X, y)


def test_a_table_says_itself_which_column_it_was():
    pandas = pytest.importorskip("pandas")
    X, y, offset, weight = table(PoissonLoss())
    frame = pandas.DataFrame({"a": X[:, 0], "hours": np.exp(offset), "b": X[:, 1], "w": weight, "y": y})
    source = steepest.open_source(frame, target="y", weight="w", exposure="hours", loss="poisson")
    assert source.features == ("a", "b")
    assert "hours: exposure, whose logarithm is added to each row's margin" in source.notes
    run = steepest.descend(source, loss="poisson", epochs=30)
    expected = steepest.descend(X, y, loss="poisson", offset=offset, weight=weight, epochs=30)
    np.testing.assert_allclose(run.weights, expected.weights, rtol=1e-12)
    truth = steepest.evaluate(expected, steepest.open_source(X, y, weight=weight, offset=offset, loss="poisson"))
    for rows in (source, steepest.open_source(frame, target="y", weight="w")):
        assert steepest.evaluate(run, rows).deviance == pytest.approx(truth.deviance, rel=1e-12)
    alone = steepest.evaluate(run, frame.drop(columns="w"))
    assert alone.deviance == pytest.approx(steepest.evaluate(run, frame[["a", "hours", "b"]], y).deviance, rel=1e-12)
    assert alone.deviance == pytest.approx(steepest.evaluate(run, X, y, offset=offset).deviance, rel=1e-12)
    for loss, text in (("squared", "losses other than squares"), ("multinomial", "margins of all classes")):
        with pytest.raises(UsageError, match=text):
            steepest.descend(source, loss=loss)
    for ask in (steepest.summarize, steepest.diagnose, lambda rows: steepest.sweep(rows, learning_rates=[0.1])):
        with pytest.raises(UsageError, match="losses other than squares"):
            ask(source)
    with pytest.raises(UsageError, match="have an exposure already"):
        steepest.descend(source, loss="poisson", offset=offset)


def test_a_triangle_and_its_rows_keep_their_offset(tmp_path):
    pandas = pytest.importorskip("pandas")
    X, y, offset, _ = table(PoissonLoss())
    frame = pandas.DataFrame({"a": X[:, 0], "hours": np.exp(offset), "b": X[:, 1], "y": y})
    source = steepest.open_source(frame, target="y", exposure="hours", loss="poisson")
    read(source).triangle.save(tmp_path / "t")
    triangle = steepest.Triangle.load(tmp_path / "t")
    assert triangle.coding.offset == OffsetColumn("exposure", "hours")
    run = steepest.descend(triangle, rows=source.batches, loss="poisson", epochs=9)
    plain = steepest.open_source(frame, target="y")
    same = steepest.descend(steepest.summarize(plain), rows=plain.batches, exposure="hours", loss="poisson", epochs=9)
    np.testing.assert_allclose(run.weights, same.weights, rtol=1e-12)
    assert same.problem.triangle.coding == triangle.coding
    with pytest.raises(UsageError, match="losses other than squares"):
        steepest.descend(triangle)
    none = steepest.open_source(frame[["a", "b", "y"]], target="y")
    with pytest.raises(DataError, match="given with a triangle have no offset"):
        steepest.descend(triangle, rows=none.batches, loss="poisson")


def test_powers_of_an_exposure_are_no_inputs():
    pandas = pytest.importorskip("pandas")
    X, y, offset, _ = table(PoissonLoss())
    frame = pandas.DataFrame({"a": X[:, 0], "hours": np.exp(offset), "y": y})
    source = steepest.open_source(frame, target="y", exposure="hours", degree=2, loss="poisson")
    assert source.features == ("a", "a^2")
    run = steepest.descend(source, loss="poisson", standardize=True, epochs=1)
    expected = optimum(np.column_stack([X[:, 0], X[:, 0] ** 2]), y, loss="poisson", offset=offset, standardize=True)
    np.testing.assert_allclose(np.append(run.optimum.bias, run.optimum.weights), expected, rtol=1e-10)


def test_last_rows_that_are_left_out_are_no_missing_offsets():
    pandas = pytest.importorskip("pandas")
    X, y, offset, _ = table(PoissonLoss())
    frame = pandas.DataFrame({"a": X[:, 0], "y": y})
    frame.loc[100:, "a"] = np.nan
    run = steepest.descend(frame, target="y", missing="drop", loss="poisson", offset=offset, epochs=1)
    np.testing.assert_allclose(
        np.append(run.optimum.bias, run.optimum.weights),
        optimum(X[:100, :1], y[:100], loss="poisson", offset=offset[:100]),
        rtol=1e-10,
    )


def test_a_source_of_ones_own_gives_offsets_itself():
    X, y, offset, _ = table(PoissonLoss())

    class Own:
        features, targets = ("x1", "x2"), ("y",)

        def batches(self):
            for rows in (slice(0, 50), slice(50, None)):
                yield steepest.Batch(X[rows], y[rows], self.features, self.targets, offset=offset[rows])

    run = steepest.descend(Own(), loss="poisson", epochs=1)
    expected = optimum(X, y, loss="poisson", offset=offset)
    np.testing.assert_allclose(np.append(run.optimum.bias, run.optimum.weights), expected, rtol=1e-10)
    assert steepest.evaluate(run, Own()).has_offset


@pytest.mark.parametrize("made", ["frame", "csv", "parquet"])
def test_a_column_of_a_table_without_weights_is_an_exposure(made, tmp_path):
    pandas = pytest.importorskip("pandas")
    generator = np.random.default_rng(3)
    frame = pandas.DataFrame({"x": generator.normal(size=200), "hours": generator.uniform(1, 9, size=200)})
    frame["calls"] = generator.poisson(frame.hours * np.exp(0.5 * frame.x))
    told = steepest.descend(
        frame[["x"]].to_numpy(), frame.calls.to_numpy(), loss="poisson", exposure=frame.hours.to_numpy(), epochs=5
    )
    data = {"frame": frame, "csv": tmp_path / "t.csv", "parquet": tmp_path / "t.parquet"}[made]
    if made == "csv":
        frame.to_csv(data, index=False)
    elif made == "parquet":
        frame.to_parquet(data)
    run = steepest.descend(data, target="calls", loss="poisson", exposure="hours", epochs=5)
    assert run.features == ("x",)
    np.testing.assert_allclose(run.optimum.weights, told.optimum.weights, rtol=1e-10)


def test_a_quantile_has_no_offset():
    X = np.arange(40.0).reshape(20, 2) ** 0.5
    with pytest.raises(UsageError, match="a quantile is of the target itself"):
        steepest.descend(X, X[:, 0], loss="quantile", offset=X[:, 1], epochs=3)
