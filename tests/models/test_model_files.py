"""Model files, row by row of what must not hurt: refused at once and in words, or read back to the bit."""

import dataclasses
import hashlib
import io
import json
import math
import os
import pickle
import re
import signal
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import steepest
from steepest.data.coding import Coding, Column
from steepest.errors import DataError, ModelFileError, SteepestWarning
from steepest.models import run_folder
from steepest.models.model import Model
from steepest.models.schema import checksum
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

VERSION_1 = Path(__file__).parent / "model_files" / "version_1.json"  # as steepest wrote it while 1 was the newest
CODING = Coding((Column("x"), Column("kind", ("fir", "oak", "yew"), True)), 2, (("x", "kind"),))


@pytest.fixture
def run(line):
    X, y = line
    return steepest.descend(X, y + np.sin(X[:, 0]), learning_rate=1e-5, epochs=1000)


@pytest.fixture(scope="module")
def good():
    """The bytes of a model with everything in it."""
    run = steepest.descend(PENGUINS, target="body_mass_g", epochs=20, standardize=True)
    training = Model.of(run, steepest.open_source(PENGUINS, target="body_mass_g").describe()).training
    weights = np.arange(1.0, 1 + len(CODING.features))[:, None] / 3
    return Model(CODING.features, ("y",), weights, np.array([0.5]), training, CODING).to_bytes()


class Bomb:
    """An object whose pickle writes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def changed(good, change, *, signed=True):
    """Return a model file with a change made to its fields, with a checksum that fits unless it is not signed."""
    content = json.loads(good)
    change(content)
    if signed:
        content["sha256"] = checksum(content)
    return json.dumps(content).encode()


def put(key, value, *path):
    """Return a change that puts a value below a path of keys."""

    def change(content):
        for step in path:
            content = content[step]
        content[key] = value

    return change


def refused(file, sentence):
    """Check that a file is refused in one sentence of bounded length that has a remedy."""
    with pytest.raises(ModelFileError, match=sentence) as caught:
        steepest.load(file)
    text = str(caught.value)
    assert text.startswith((str(file), "not found: ", "cannot open ")), text
    assert "\n" not in text
    assert len(text) < 500 + len(str(file)), text
    assert re.search("Restore|Give|Update|not read", text), text


# --- 126: what can run programs is never read as such ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.pkl", "model.json", "joblib.json", "model.npy", "model.npz", "old.json"])
def test_126_pickles_are_never_unpickled(tmp_path, name):
    bomb, mark = Bomb(tmp_path / "gone off"), tmp_path / "gone off"
    file = tmp_path / name
    if name == "model.npy":
        np.save(file, np.array([bomb], dtype=object), allow_pickle=True)
    elif name == "model.npz":
        np.savez(file, weights=np.array([bomb], dtype=object))
    elif name == "joblib.json":
        file.write_bytes(zlib.compress(pickle.dumps(bomb)))  # as joblib.dump(…, compress=3) has it
    else:
        file.write_bytes(pickle.dumps(bomb, protocol=0 if name == "old.json" else None))
    sentence = {"model.npy": "a NumPy array", "model.npz": "zip archive", "old.json": "char 0", "joblib.json": "joblib"}
    refused(file, sentence.get(name, "a pickle, which can run any program"))
    assert not mark.exists()
    if not name.endswith((".npy", ".npz")):
        # the file would do it, when read by what does not care
        pickle.loads(zlib.decompress(file.read_bytes()) if name == "joblib.json" else file.read_bytes())
        assert mark.exists()


# --- 127: damaged ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(lambda good: b"", "ends at position 0", id="127 empty"),
        pytest.param(lambda good: b" \n\n", "ends at position 3", id="127 blank"),
        pytest.param(lambda good: good[:100], r"line \d+ column \d+ \(char \d+\)", id="127 truncated"),
        pytest.param(lambda good: good[:-3], r"\(char \d+\)", id="127 its end is missing"),
        pytest.param(lambda good: good + good, r"Extra data: line \d+ column 1 \(char \d+\)", id="127 twice"),
        pytest.param(lambda good: b"[1, 2]", "at position 0 stands an array, where an object", id="127 array"),
        pytest.param(lambda good: b'"model"', "at position 0 stands a single value", id="127 text"),
        pytest.param(lambda good: good.decode().encode("utf-16"), "UTF-16 text from position 0", id="127 UTF-16"),
        pytest.param(lambda good: good.decode().encode("utf-16-be"), r"position \d+", id="127 UTF-16 without a mark"),
        pytest.param(lambda good: b"\xef\xbb\xbf" + good, "byte order mark at position 0", id="127 UTF-8 with a mark"),
        pytest.param(lambda good: good.replace(b'"y"', b'"\xff"'), r"byte 0xff in position \d+", id="127 no UTF-8"),
        pytest.param(lambda good: good.replace(b"0.5", b"0.5\0"), r"\(char \d+\)", id="127 NUL"),
        pytest.param(lambda good: b"{}", 'does not say "format"', id="127 another object"),
    ],
)
def test_127_damage_is_told_with_its_position(tmp_path, good, change, sentence):
    (tmp_path / "model.json").write_bytes(change(good))
    refused(tmp_path / "model.json", sentence)


def test_127_every_cut_and_every_flipped_byte_is_refused(tmp_path, good):
    file = tmp_path / "model.json"
    content = good.rstrip()
    for end in range(0, len(content), 97):
        file.write_bytes(content[:end])
        with pytest.raises(ModelFileError):
            steepest.load(file)
    generator = np.random.default_rng(3)
    original = steepest.load(_written(file, good))
    for position in generator.integers(len(content), size=150):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(generator.integers(8))
        try:
            assert steepest.load(_written(file, bytes(flipped))) == original  # a space became a tab, or a letter of \\u
        except ModelFileError:
            continue


def _written(file, content):
    file.write_bytes(content)
    return file


# --- 128: what is well-formed and no model ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda good: good.replace(b"0.5\n", b"NaN\n"), "holds NaN, which is no number"),
        (lambda good: good.replace(b"0.5\n", b"-Infinity\n"), "holds -Infinity, which is no number"),
        (lambda good: good.replace(b"0.5\n", b"1e999\n"), "holds 1e999, which is beyond all finite numbers"),
        (lambda good: good.replace(b'"version": 2', b'"version": 2, "version": 2'), "key 'version' stands twice"),
        (lambda good: good.replace(b'"name": "x",', b'"name": "x", "name": "z",'), "key 'name' stands twice"),
        *(
            (lambda good, change=change: changed(good, change), sentence)
            for change, sentence in [
                (put("weights", "heavy"), "needs 7 rows of 1 finite weights"),
                (put("weights", []), "needs 7 rows"),
                (put(0, [1.0, 2.0], "weights"), "finite weights"),
                (put(0, ["1.0"], "weights"), "finite weights"),
                (put(0, [True], "weights"), "finite weights"),
                (put(0, [1], "weights"), "finite weights"),
                (put(0, None, "bias"), "finite biases"),
                (put("features", "x"), "features is a list of different texts"),
                (put("features", []), "features is a list of different texts"),
                (put(0, "kind=oak", "features"), "features is a list of different texts"),
                (put(0, 1, "features"), "features is a list of different texts"),
                (put(0, "\ud800", "features"), "features is a list of different texts"),
                (put("targets", [None]), "targets is a list of different texts"),
                (put("units", {"weights": "feet"}), "units are"),
                (put("units", None), "units are"),
                (put("training", []), "training is an object"),
                (put("epochs", -1, "training"), "training.epochs is a count"),
                (put("epochs", 2.0, "training"), "training.epochs is a count"),
                (put("epochs", True, "training"), "training.epochs is a count"),
                (put("l2", -0.5, "training"), "training.l2 is a number from 0 up"),
                (put("objective", 1, "training"), "training.objective is a text"),
                (put("verdict", "fine", "training"), "training.verdict is an object of texts"),
                (put("kind", 1, "training", "verdict"), "training.verdict is an object of texts"),
                (put("data", "table", "training"), "training.data is an object"),
                (put("bytes", -1, "training", "data"), "training.data.bytes is a count"),
                (put("rows", 1.5, "training", "data"), "training.data.rows is a count"),
                (put("extra", 1), r"other fields than a model: \['extra'\]"),
                (put("x" * 10_000, 1), "other fields than a model"),
                (lambda content: content.pop("coding"), r"other fields than a model: \['coding'\]"),
                (put("coding", "none"), "coding holds columns, degree and interactions"),
                (put("coding", {}), "coding holds columns, degree and interactions"),
                (put("columns", None, "coding"), "each of coding.columns holds"),
                (put("missing", "no", "coding", "columns", 1), "each of coding.columns holds"),
                (put("levels", ["a", "a"], "coding", "columns", 1), "each of coding.columns holds"),
                (put("levels", [], "coding", "columns", 1), "each of coding.columns holds"),
                (put("name", 5, "coding", "columns", 1), "each of coding.columns holds"),
                (put("name", "x", "coding", "columns", 1), "two of coding.columns have the same name"),
                (put("degree", 2.5, "coding"), "coding.degree is a whole number from 1 to 20"),
                (put("degree", -1, "coding"), "coding.degree is a whole number from 1 to 20"),
                (put("degree", 3, "coding"), "coding does not give its features"),
                (put("interactions", ["x"], "coding"), "each of coding.interactions is two names"),
                (put("interactions", [["x", "z"]], "coding"), "names a column that is not there"),
                (put("interactions", [], "coding"), "coding does not give its features"),
                (put("name", "kin", "coding", "columns", 1), "names a column that is not there"),
            ]
        ),
    ],
    ids=lambda value: f"128 {value}" if isinstance(value, str) else "",
)
def test_128_the_schema_is_checked(tmp_path, good, change, sentence):
    assert change(good) != good
    (tmp_path / "model.json").write_bytes(change(good))
    refused(tmp_path / "model.json", sentence)


def test_128_what_is_written_can_be_read(tmp_path):
    weights, bias = np.array([[1.0]]), np.array([0.0])
    for model in (
        Model(("x",), ("y",), weights, bias, {"epochs": -1}),
        Model(("\udcff",), ("y",), weights, bias),
        Model(("x", "x"), ("y",), np.ones((2, 1)), bias),
        Model(("x",), ("y",), np.ones((2, 1)), bias),
        Model(("x",), ("y",), weights, bias, {"note": math.nan}),
        Model(("x",), ("y",), weights, bias, {"note": object()}),
        Model(("x",), ("y",), np.array([[math.nan]]), bias),
        Model(("x",), ("y",), weights, np.array([-math.inf])),
    ):
        with pytest.raises(DataError, match=r"cannot be written|JSON cannot say|not written"):
            model.save(tmp_path / "model.json")
        assert list(tmp_path.iterdir()) == []


# --- 129: what would eat the machine ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"[" * 100_000, "nested deeper than any of ours", id="129 deep lists"),
        pytest.param(b'{"a":' * 100_000, "nested deeper than any of ours", id="129 deep objects"),
        pytest.param(b'{"version": ' + b"1" * 5000 + b"}", "a whole number of 5,000 digits", id="129 5,000 digits"),
        pytest.param(b'{"version": ' + b"1" * 5_000_000 + b"}", "5,000,000 digits", id="129 5 million digits"),
        pytest.param(b'{"version": 0.' + b"1" * 5_000_000 + b"}", "does not say", id="129 5 million decimals"),
        pytest.param(b'{"' + b"k" * 1_000_000 + b'": 1}', "does not say", id="129 a long key"),
        pytest.param(b'{"a": 1, "a": "' + b"k" * 1_000_000 + b'"}', "twice", id="129 a long value"),
        pytest.param(b'{"format": "steepest-model", "version": "' + b"9" * 1_000_000 + b'"}', "format version 999", id="129 a long version"),
    ],
)  # fmt: skip
def test_129_monsters_are_refused(tmp_path, content, sentence):
    (tmp_path / "model.json").write_bytes(content)
    refused(tmp_path / "model.json", sentence)


def test_129_training_may_not_be_nested_deeper_than_can_be_checked(tmp_path, good):
    for depth in (100, 500, 900, 2_000, 50_000):
        nested = good.replace(b'"automatic": {', b'"nested": ' + b"[" * depth + b"]" * depth + b', "automatic": {')
        (tmp_path / "model.json").write_bytes(nested)
        refused(tmp_path / "model.json", "nested deeper|does not match its checksum")


def test_129_a_few_lines_cannot_ask_for_a_billion_features(tmp_path, good):
    columns = [{"name": name, "levels": [f"{i}" for i in range(30_000)], "missing": False} for name in "ab"]
    bomb = changed(good, put("coding", {"columns": columns, "degree": 1, "interactions": [["a", "b"]]}))
    (tmp_path / "model.json").write_bytes(bomb)
    refused(tmp_path / "model.json", "coding does not give its features")


def test_129_a_file_larger_than_any_model_is_not_read(tmp_path):
    with open(tmp_path / "model.json", "wb") as stream:
        stream.truncate(1 << 40)  # holes: no disk is used
    refused(tmp_path / "model.json", "larger than any model of ours; it is not read")


@pytest.mark.process
@pytest.mark.parametrize(
    "name", ["pipe", "/dev/zero", "/dev/null", "folder", "folder/model.json", "nothing", "a\0b", "x" * 300]
)
def test_129_what_is_no_regular_file_is_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder" / "model.json").mkdir(parents=True)
    code = f"import steepest; steepest.load({str(tmp_path / name)!r})"
    # in a process of its own: one that hangs would hang the tests
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert re.search("ModelFileError: .*(no regular file|not found|cannot open)", last), last


# --- 130: versions ---------------------------------------------------------------------------------------------------


def test_130_an_older_version_is_read_with_a_notice_and_saved_as_the_newest(tmp_path):
    content = json.loads(VERSION_1.read_text())
    assert content["version"] == 1
    with pytest.warns(
        SteepestWarning, match=r"has format version 1 .* Save it again to bring it to version 2"
    ) as caught:
        model = steepest.load(VERSION_1)
    assert caught[0].filename == __file__
    assert model.weights.tolist() == content["weights"]
    assert model.bias.tolist() == content["bias"]
    assert model.training == content["training"]
    assert model.coding.as_json() == content["coding"]
    model.save(tmp_path / "model.json")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert steepest.load(tmp_path / "model.json") == model
    assert json.loads((tmp_path / "model.json").read_text())["version"] == 2


def test_130_an_older_version_is_checked_all_the_same(tmp_path):
    content = json.loads(VERSION_1.read_text())
    content["bias"][0] = 0.25
    (tmp_path / "model.json").write_text(json.dumps(content))
    refused(tmp_path / "model.json", "does not match its checksum")
    (tmp_path / "model.json").write_bytes(changed(VERSION_1.read_bytes(), put("units", {})))
    refused(tmp_path / "model.json", "other fields")


@pytest.mark.parametrize("version", [99, 0, -1, 2.0, True, "2", None, [2]], ids=lambda v: f"130 {v!r}")
def test_130_other_versions_are_refused_naming_both(tmp_path, good, version):
    (tmp_path / "model.json").write_bytes(changed(good, put("version", version)))
    remedy = "Update steepest" if version == 99 else "Restore"
    refused(
        tmp_path / "model.json",
        rf"has format version {re.escape(str(version))}; this steepest \(.*\) reads versions 1 to 5. {remedy}",
    )


# --- 131: changed on the way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put(0, [0.25], "weights"), id="131 weight"),
        pytest.param(put(0, 1 / 3 + 2**-54, "bias"), id="131 last bit of the bias"),
        pytest.param(put(1, "z", "features"), id="131 feature"),
        pytest.param(put("kind", "converged", "training", "verdict"), id="131 verdict"),
        pytest.param(put("sha256_of_size_and_ends", "0" * 64, "training", "data"), id="131 fingerprint of the data"),
        pytest.param(put("sha256", None), id="131 no checksum"),
    ],
)
def test_131_a_change_is_seen(tmp_path, good, change):
    plain = json.loads(good) | {"coding": None}
    plain["sha256"] = checksum(plain)
    (tmp_path / "model.json").write_bytes(changed(json.dumps(plain), change, signed=False))
    refused(tmp_path / "model.json", "does not match its checksum")


def test_131_the_checksum_does_not_say_who_wrote_the_file(tmp_path, good):
    forged = changed(good, put(0, [0.25], "weights"))
    (tmp_path / "model.json").write_bytes(forged)
    assert steepest.load(tmp_path / "model.json").weights[0, 0] == 0.25


# --- 132: names from outside -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_132_names_with_script_load_and_are_harmless_on_display(tmp_path):
    names = ("<script>alert(1)</script>", "\x1b[2J\x1b]0;title\x07", "a\nb", "../../x", "$(touch x)", "π🐧")
    generator = np.random.default_rng(4)
    X, y = generator.normal(size=(40, 6)), generator.normal(size=40)
    run = steepest.descend(X, y, features=names, target="</svg>", epochs=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pictures' font has no penguin
        folder = run_folder.write(tmp_path / "r", run, steepest.summarize(X, y, features=names, target="</svg>"))
    assert steepest.load(folder).features == names
    for picture in folder.glob("*.svg"):
        content = picture.read_text()
        assert "<script" not in content
        assert content.count("</svg>") == 1, picture
    result = steepest_command("export", folder, "--to", "python", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout


# --- 133: whole or not at all ----------------------------------------------------------------------------------------


@pytest.mark.process
@pytest.mark.parametrize("call", ["mkdir", "fsync", "replace"])
def test_133_a_killed_save_leaves_the_old_file(tmp_path, good, call):
    file = _written(tmp_path / "model.json", good)
    code = f"""
import os, signal, numpy, steepest
os.{call} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
steepest.Model(("new",), ("y",), numpy.array([[1.0]]), numpy.array([2.0])).save({str(file)!r})
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert result.returncode == -signal.SIGKILL
    assert file.read_bytes() == good
    steepest.load(file)


def test_133_a_full_disk_leaves_the_old_file_alone(tmp_path, good, monkeypatch):
    file = _written(tmp_path / "model.json", good)
    model = steepest.load(file)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(steepest.DataError, match=r"no space left on device. Nothing was written"):
        model.save(file)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("model.json", good)]


@pytest.mark.process
def test_133_readers_see_the_old_or_the_new_file_while_it_is_written(tmp_path, good):
    file = _written(tmp_path / "model.json", good)
    code = f"""
import itertools, select, sys, numpy, steepest
for i in itertools.count():
    steepest.Model(("new",), ("y",), numpy.array([[1.0 + i]]), numpy.array([2.0])).save({str(file)!r})
    if select.select([sys.stdin], [], [], 0)[0]:
        break
print(1.0 + i)
"""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **options) as writer:
        seen = set()
        while len(seen) < 30 and writer.poll() is None:
            seen.add(float(steepest.load(file).weights[0, 0]))
        last, _ = writer.communicate("enough")
    assert writer.returncode == 0
    assert len(seen) == 30
    assert float(steepest.load(file).weights[0, 0]) == float(last)


# --- 134: every bit --------------------------------------------------------------------------------------------------

finite = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)


@given(
    weights=st.lists(st.lists(finite, min_size=2, max_size=2), min_size=1, max_size=8),
    bias=st.lists(finite, min_size=2, max_size=2),
)
@example(
    weights=[[5e-324, -5e-324], [-0.0, 0.0], [1.7976931348623157e308, 2**-1074], [0.1, 1 / 3]],
    bias=[-0.0, 2.225073858507201e-308],
)
def test_134_floats_come_back_to_the_bit(tmp_path_factory, weights, bias):
    file = tmp_path_factory.getbasetemp() / "134.json"
    names = tuple(f"x{j}" for j in range(len(weights)))
    model = Model(names, ("a", "b"), np.array(weights), np.array(bias), {"data": {"rows": 3}})
    model.save(file)
    loaded = steepest.load(file)
    assert loaded.weights.tobytes() == model.weights.tobytes()
    assert loaded.bias.tobytes() == model.bias.tobytes()
    assert loaded == model


def test_134_a_run_comes_back_with_names_coding_and_all(tmp_path, run, good):
    for original in (Model.of(run), steepest.load(_written(tmp_path / "good.json", good))):
        original.save(tmp_path / "model.json")
        loaded = steepest.load(tmp_path / "model.json")
        assert loaded == original
        assert loaded.coding == original.coding
        assert loaded.to_bytes() == original.to_bytes()
    X = np.array([[1.0], [7.5]])
    assert Model.of(run).predict(X).tobytes() == run.predict(X).tobytes()
    with pytest.raises(DataError, match=r"shape \(n, 1\)"):
        Model.of(run).predict([[1.0, 2.0]])


# --- what a file says ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_file_says_units_objective_verdict_and_which_data(tmp_path):
    result = steepest_command("fit", PENGUINS, "--target", "body_mass_g", "--out", "r", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    content = json.loads((tmp_path / "r" / "model.json").read_text())
    assert content["units"] == {"weights": "units of the target per unit of the feature", "bias": "units of the target"}
    assert content["training"]["objective"] == "half_mse"
    assert content["training"]["verdict"]["kind"] == "converged"
    data, table = content["training"]["data"], PENGUINS.read_bytes()
    assert (data["name"], data["bytes"]) == ("penguins.csv", len(table))
    assert data["sha256_of_size_and_ends"] == hashlib.sha256(str(len(table)).encode() + table).hexdigest()
    # the units are true: grams a millimetre
    weights, bias = np.array(content["weights"])[:, 0], content["bias"][0]
    rows = np.loadtxt(io.BytesIO(table), delimiter=",", skiprows=1)
    residuals = rows[:, :4] @ weights + bias - rows[:, 4]
    assert abs(residuals.mean()) < 1e-6
    assert math.sqrt((residuals**2).mean()) == pytest.approx(381.407, abs=1e-3)


def test_the_checksum_is_of_all_other_fields(good):
    content = json.loads(good)
    said = content.pop("sha256")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert said == hashlib.sha256(text.encode()).hexdigest()


def test_models_are_values_that_bytes_and_pickles_give_back(run):
    model = Model.of(run, {"name": "line.csv", "rows": 300})
    for again in (
        Model.from_bytes(model.to_bytes()),
        pickle.loads(pickle.dumps(model)),
        Model.of(run, {"name": "line.csv", "rows": 300}),
    ):
        assert again == model
        assert hash(again) == hash(model)
        assert {model: "known"}[again] == "known"
    assert Model.of(run, {"name": "other.csv"}) != model
    assert dataclasses.replace(model, bias=model.bias + 1) != model
    with pytest.raises(ValueError, match="read-only"):
        model.weights[0] = 99.0


def test_a_model_of_a_diverged_run_equals_itself_and_can_be_pickled_though_not_written():
    model = Model(("x",), ("y",), np.array([[math.nan]]), np.array([math.inf]))
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    assert hash(again) == hash(model)
    with pytest.raises(DataError, match="NaN or inf"):
        model.to_bytes()


def test_bytes_that_are_no_model_are_refused_as_files_are(good):
    for content in (b"", good[:-9], good.replace(b"units", b"UNITS", 1), pickle.dumps(1), b"{}"):
        with pytest.raises(ModelFileError, match=r"^the byte string "):
            Model.from_bytes(content)
