"""Models of other losses: what they predict, that a file keeps every bit of them, and what is refused."""

import json

import numpy as np
import pandas
import pytest
import scipy.special

import steepest
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.models.link import class_codes
from steepest.models.model import Model
from steepest.models.schema import VERSION, checksum
from steepest.objectives.losses import HuberLoss, LogisticLoss

GENERATOR = np.random.default_rng(6)
N = 200
X = GENERATOR.normal(size=(N, 2))
MARGINS = X @ [[1.0, 0.2, -1.0], [0.5, -1.0, 0.3]] + [0.2, 0.0, -0.2]
LABELS = np.array(["fir", "it's", "oak"])[(MARGINS + GENERATOR.gumbel(size=(N, 3))).argmax(axis=1)]
FRAME = pandas.DataFrame(
    {
        "a": X[:, 0],
        "b": X[:, 1],
        "site": GENERATOR.choice(["x", "y"], N),
        "kind": LABELS,
        "left": np.where(LABELS == "oak", "yes", "no"),
        "visits": GENERATOR.poisson(np.exp(MARGINS[:, 0])),
        "price": np.exp(MARGINS[:, 0]),
    }
)
INPUTS = ["a", "b", "site"]
RUNS = {"left": "logistic", "kind": "multinomial", "visits": "poisson", "price": "huber"}


def run_of(target, **options):
    source = steepest.open_source(FRAME, target=target, features=INPUTS, loss=RUNS[target], **options)
    return steepest.descend(source, loss=RUNS[target], standardize=True, epochs=40)


def link(loss, margins):
    """What scipy says of margins."""
    return {
        "logistic": scipy.special.expit,
        "multinomial": lambda m: scipy.special.softmax(m, axis=1),
        "poisson": np.exp,
        "huber": np.asarray,
    }[loss](margins)


@pytest.mark.parametrize("target", RUNS)
def test_a_model_predicts_through_its_link_and_a_file_keeps_every_bit(tmp_path, target):
    run = run_of(target)
    model = Model.of(run)
    assert model.loss == RUNS[target]
    assert model.column == target
    raw = np.column_stack([X, FRAME["site"] == "y"])
    margins = raw @ model.weights + model.bias
    expected = link(model.loss, margins)
    np.testing.assert_allclose(model.predict(FRAME).reshape(N, -1), expected, rtol=1e-12)
    np.testing.assert_allclose(np.asarray(run.predict(raw)).reshape(N, -1), expected, rtol=1e-12)
    model.save(tmp_path / "m.json")
    again = steepest.load(tmp_path / "m.json")
    assert again == model
    assert again.classes == {"left": ("no", "yes"), "kind": ("fir", "it's", "oak")}.get(target, ())
    assert again.predict(FRAME).tobytes() == model.predict(FRAME).tobytes()
    assert again.to_bytes() == model.to_bytes()
    assert repr(again) == repr(model)


def test_classes_are_predicted_by_the_largest_probability_or_a_threshold():
    two, three = Model.of(run_of("left")), Model.of(run_of("kind"))
    probability = two.predict(FRAME)
    for threshold in (0.2, 0.5, 0.9):
        assert (
            two.classify(FRAME, threshold=threshold).tolist() == np.where(probability > threshold, "yes", "no").tolist()
        )
    likeliest = np.array(three.labels)[three.predict(FRAME).argmax(axis=1)]
    assert three.classify(FRAME).tolist() == likeliest.tolist()
    gone = FRAME.assign(a=FRAME["a"].where(FRAME.index != 4))
    found = three.classify(gone, missing="empty")
    assert found[4] == ""
    assert (np.delete(found, 4) == np.delete(likeliest, 4)).all()
    assert class_codes(np.array([[0.5], [np.nan]]), 0.5).tolist() == [0, -1]
    with pytest.raises(UsageError, match="predicts numbers, and no classes"):
        Model.of(run_of("visits")).classify(FRAME)
    with pytest.raises(UsageError, match="threshold"):
        two.classify(FRAME, threshold=2)


def test_numbers_as_classes_have_the_names_of_their_numbers_or_columns():
    y = (LABELS == "oak").astype(float)
    model = Model.of(steepest.descend(X, y, loss="logistic", epochs=5))
    assert (model.classes, model.labels) == ((), ("0", "1"))
    assert set(model.classify(X)) <= {"0", "1"}
    Y = (LABELS[:, None] == ["fir", "it's", "oak"]).astype(float)
    model = Model.of(steepest.descend(X, Y, loss="multinomial", epochs=5))
    assert (model.classes, model.labels) == ((), ("y1", "y2", "y3"))
    assert Model.from_bytes(model.to_bytes()) == model


def test_logarithms_may_be_fitted_with_hubers_loss(tmp_path):
    run = run_of("price", log_target=True)
    model = Model.of(run)
    np.testing.assert_allclose(model.predict(FRAME), np.exp(run.predict(np.column_stack([X, FRAME["site"] == "y"]))))
    assert Model.from_bytes(model.to_bytes()) == model


def test_the_numbers_of_a_loss_are_kept():
    run = steepest.descend(X, X[:, 0], loss=HuberLoss(2.5), epochs=3)
    assert Model.of(run).training["loss_numbers"] == {"delta": 2.5}

    class Own(LogisticLoss):
        """Somebody's own."""

    with pytest.raises(UsageError, match="Own is your own"):
        Model.of(steepest.descend(X, LABELS == "oak", loss=Own(), epochs=3))


def test_models_of_squares_are_written_as_they_were():
    model = Model(("x1",), ("y",), np.array([[0.1]]), np.array([2.0]))
    content = json.loads(model.to_bytes())
    assert content["version"] == VERSION == 2
    assert not {"loss", "classes"} & set(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loss": "hinge"}, "loss is one of logistic"),
        ({"loss": "squared"}, "loss is one of logistic"),
        ({"loss": 3}, "loss is one of"),
        ({"loss": []}, "loss is one of"),
        ({"classes": ["no"]}, "classes holds 2 labels"),
        ({"classes": ["no", "no"]}, "different texts"),
        ({"classes": "no"}, "classes is a list of texts"),
        ({"loss": "multinomial", "classes": []}, "targets has one name for each class"),
        ({"loss": "poisson"}, "classes holds 0 labels"),
        ({"version": 2}, "has other fields"),
        ({"version": 6}, "reads versions 1 to 5.*Update steepest"),
        ({"target_scale": {"log": True, "smearing": None}}, "units are|has no target_scale"),
    ],
)
def test_a_file_of_a_loss_is_checked(change, words):
    content = json.loads(Model.of(run_of("left")).to_bytes()) | change
    content["sha256"] = checksum(content)
    with pytest.raises(ModelFileError, match=words):
        Model.from_bytes(json.dumps(content).encode())


def test_a_count_beyond_float64_is_said():
    model = Model(("x",), ("n",), np.array([[1.0]]), np.zeros(1), loss="poisson")
    with pytest.raises(DataError, match=r"row 1 \(counted from 0\) is exp\(800\), beyond float64"):
        model.predict([[1.0], [800.0]])
