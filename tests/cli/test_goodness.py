"""`steepest fit` on classes: the pictures it leaves, from all rows, with held-out ones beside them."""

import json

import numpy as np
import pandas
import pytest

import steepest
from steepest.cli.goodness import Goodness
from tests.support.commands import steepest_command


def table(classes, n=200):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, 2))
    margins = X @ generator.normal(size=(2, len(classes))) * 2 + generator.gumbel(size=(n, len(classes)))
    return pandas.DataFrame(X, columns=["income", "age"]).assign(kind=np.array(classes)[margins.argmax(axis=1)])


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_a_fit_of_classes_leaves_their_pictures(tmp_path, classes):
    table(classes).to_csv(tmp_path / "kinds.csv", index=False)
    options = ("--target", "kind", "--test-size", "0.3", "--l2", "0.01", "-o", "run", "--json")
    done = steepest_command("fit", "kinds.csv", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kinds = {path.stem for path in (tmp_path / "run").glob("*.svg")}
    assert kinds >= {"roc", "precision_recall", "calibration", "confusion", "boundary", "loss"}
    assert not kinds & {"predictions", "residuals", "qq"}
    assert json.loads(done.stdout)["measures"]["test"]["classes"] == list(classes)


def test_curves_are_of_all_rows_and_the_confusion_matrix_of_those_held_out():
    classes = [0.0, 0.0, 1.0, 1.0]
    train = steepest.Classification.of(classes, [0.1, 0.4, 0.35, 0.8])
    test = steepest.Classification.of(classes, [0.2, 0.1, 0.7, 0.9])
    pictures = Goodness(train, test).pictures("kinds.csv")
    assert [name for name, _ in pictures["roc"].groups] == ["training rows", "test rows"]
    assert pictures["confusion"].confusion == test.confusion
    alone = Goodness(train, None).pictures("kinds.csv")
    assert [name for name, _ in alone["calibration"].groups] == ["rows"]
    assert alone["confusion"].confusion == train.confusion
