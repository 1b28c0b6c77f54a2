"""The command line as a person meets it: output, exit statuses, files."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest
from sklearn.metrics import r2_score

import steepest
from steepest.models import run_folder
from tests.support.commands import steepest_command, steepest_process
from tests.support.moments import ROOT, struck_command
from tests.truths import PENGUINS

TUTORIAL = ("--target", "y", "--objective", "quarter_mse", "--no-standardize", "--epochs", "200000")


@pytest.mark.slow
def test_demo_prints_the_tutorials_figures_and_what_it_does_not_tell(tmp_path):
    result = steepest_command("demo", "--no-loop", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for text in (
        "0.50082876399562", "1.833972315987", "0.0585529623", "0.0828063935", "8.3% of the bias is still missing",
        "stability limit 0.000132666", "1,110,807 epochs", "condition number from 121,212 to 1, so one epoch is enough", "extrapolation",
    ):  # fmt: skip
        assert text in result.stdout, text
    folder = tmp_path / "runs" / "demo"
    assert {
        "loss.svg",
        "modes.svg",
        "contour.svg",
        "predictions.svg",
        "report.html",
        "rows",
        "model.json",
        "run.json",
        "triangle",
        "trajectory.parquet",
    } == {p.name for p in folder.iterdir()}
    assert steepest_command("demo", "--no-loop", cwd=tmp_path).stdout.count("runs/demo-2/") >= 1


GRID = ("--learning-rates", "0.1,0.2", "--epochs", "5,10")


@pytest.mark.parametrize(
    ("command", "pictures"),
    [
        (
            ("fit", PENGUINS, "--target", "body_mass_g", "--test-size", "0.2"),
            {"loss", "modes", "contour", "predictions", "residuals", "qq", "validation"},
        ),
        (("demo", "--no-loop", "--epochs", "50"), {"loss", "modes", "contour", "predictions"}),
        (("sweep", PENGUINS, "--target", "body_mass_g", *GRID), {"heat_map"}),
    ],
)
def test_all_pictures_of_a_folder_have_the_format_that_is_asked_for(tmp_path, command, pictures):
    done = steepest_command(*command, "--out", "r", "--plot-format", "png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {file.stem for file in (tmp_path / "r").glob("*.png")} == pictures
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in (tmp_path / "r").glob("*.png"))
    assert not list((tmp_path / "r").glob("*.svg"))
    if command[0] == "demo":
        assert "r/loss.png" in done.stdout
    assert (
        steepest_command(*command, "--out", "r", "--force", cwd=tmp_path).returncode == 0
    )  # they are known as its own
    assert {file.stem for file in (tmp_path / "r").glob("*.svg")} == pictures
    assert not list((tmp_path / "r").glob("*.png"))


@pytest.mark.parametrize("how", ["share", "file"])
def test_pictures_of_rows_show_held_out_rows_apart(tmp_path, monkeypatch, how):
    drawn = {}
    monkeypatch.setattr(run_folder, "save", lambda display, path, form: drawn.update({path.stem: display}))
    generator = np.random.default_rng(8)
    x = generator.normal(size=5_000)
    noise = generator.normal(size=5_000)
    for name, rows in (("all", slice(None)), ("first", slice(4_000)), ("last", slice(4_000, None))):
        table = np.column_stack([x, 2 * x + noise])[rows]
        np.savetxt(tmp_path / f"{name}.csv", table, delimiter=",", header="x,y", comments="")
    given = ("all.csv", "--test-size", "0.2") if how == "share" else ("first.csv", "--test", "last.csv")
    done = steepest_command("fit", *given, "--target", "y", "--json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    residuals = drawn["residuals"]
    assert np.count_nonzero(~residuals.held_out) == 1_000
    assert 800 < np.count_nonzero(residuals.held_out) <= 1_000
    for kind, mask in (("rmse", ~residuals.held_out), ("test_rmse", residuals.held_out)):
        assert np.sqrt(np.mean(residuals.residuals[mask] ** 2)) == pytest.approx(answer[kind], rel=0.1)
    np.testing.assert_array_equal(drawn["qq"].residuals, residuals.residuals)
    for display in (drawn["qq"], drawn["predictions"]):
        np.testing.assert_array_equal(display.held_out, residuals.held_out)


def test_demo_compares_with_its_own_loop(tmp_path):
    result = steepest_command("demo", "--epochs", "2000", "--no-out", "--log-every", "500", cwd=tmp_path)
    assert result.returncode == 0
    assert "step by step          closed form" in result.stdout
    assert [line.split()[1] for line in result.stdout.splitlines() if line.startswith("Iteration")] == [
        "500",
        "1000",
        "1500",
        "2000",
    ]
    assert list(tmp_path.iterdir()) == []


def test_demo_names_the_columns_of_a_diverging_log_as_they_are(tmp_path):
    wild = steepest_command(
        "demo", "--learning-rate", "0.001", "--epochs", "400", "--no-loop", "--no-out", cwd=tmp_path
    ).stdout
    assert "loss is Σr²/4n, the rmse √(Σr²/n)" in wild
    assert "from before the epoch's update" not in wild
    # at epoch 0 all is predicted as 0: r = y = 0.5x + 2
    squares = sum((0.5 * x + 2) ** 2 for x in range(1, 301))
    start = wild.split("bias\n", 1)[1].split()
    assert [float(start[1]), float(start[2])] == pytest.approx([squares / 1200, (squares / 300) ** 0.5], rel=1e-5)


@pytest.mark.slow
def test_fit_gives_the_exact_answer_in_the_datas_own_units(tmp_path):
    result = steepest_command("fit", PENGUINS, "--target", "body_mass_g", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    rows = np.loadtxt(PENGUINS, delimiter=",", skiprows=1)
    # an independent path: least squares on centred columns by SVD
    X, y = rows[:, :-1], rows[:, -1]
    exact = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    np.testing.assert_allclose(list(answer["weights"].values()), exact, rtol=1e-8)
    assert answer["bias"] == pytest.approx(y.mean() - X.mean(axis=0) @ exact, rel=1e-8)
    assert answer["verdict"]["kind"] == "converged"
    model = steepest.load(tmp_path / answer["out"])
    assert model.weights[:, 0].tolist() == list(answer["weights"].values())


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov"])
def test_every_rule_arrives_on_the_real_table(tmp_path, rule):
    result = steepest_command(
        "fit", PENGUINS, "--target", "body_mass_g", "--rule", rule, "--no-out", "--json", cwd=tmp_path
    )
    answer = json.loads(result.stdout)
    assert answer["weights"] == pytest.approx(answer["optimum"]["weights"], rel=1e-8)


@pytest.mark.slow
def test_a_rate_above_the_limit_diverges_with_status_4_and_no_model(tmp_path, tutorial_csv):
    result = steepest_command("fit", tutorial_csv, *TUTORIAL, "--learning-rate", "1.33e-4", cwd=tmp_path)
    assert result.returncode == 4
    assert "Diverges" in result.stdout
    assert "0.000132666" in result.stdout
    assert "No model was written" in result.stdout
    assert not (tmp_path / "runs").exists()
    kept = steepest_command(
        "fit", tutorial_csv, *TUTORIAL, "--learning-rate", "1.33e-4", "--keep-diverged", cwd=tmp_path
    )
    assert kept.returncode == 4
    assert (tmp_path / "runs" / "tutorial" / "model.json").exists()
    demo = steepest_command("demo", "--learning-rate", "1.33e-4", cwd=tmp_path)
    assert demo.returncode == 4
    assert "No model was written" in demo.stdout


@pytest.mark.slow
def test_a_run_of_chosen_epochs_is_kept_and_fine_unless_strict(tmp_path, tutorial_csv):
    result = steepest_command("fit", tutorial_csv, *TUTORIAL, "--lr", "1e-4", "-o", "r", cwd=tmp_path)
    assert result.returncode == 0
    strict = steepest_command("fit", tutorial_csv, *TUTORIAL, "--lr", "1e-4", "--no-out", "--strict", cwd=tmp_path)
    assert strict.returncode == 4
    assert "Unfinished: 8.3% of the bias" in result.stdout
    assert json.loads((tmp_path / "r" / "run.json").read_text())["verdict"]["kind"] == "unfinished"


@pytest.mark.slow
def test_logs_are_thinned_unless_asked(tmp_path, tutorial_csv):
    few = steepest_command("fit", tutorial_csv, *TUTORIAL, "--learning-rate", "1e-4", "--no-out", cwd=tmp_path).stdout
    assert len(few.splitlines()) < 50
    every = steepest_command(
        "fit", tutorial_csv, *TUTORIAL, "--learning-rate", "1e-4", "--no-out", "--log-every", "1", cwd=tmp_path
    ).stdout
    assert len(every.splitlines()) > 200_000
    assert any(line.split()[:1] == ["199,987"] for line in every.splitlines()[-100:])


def test_json_is_alone_on_stdout(tmp_path, tutorial_csv):
    result = steepest_command("fit", tutorial_csv, *TUTORIAL, "--learning-rate", "1.33e-4", "--json", cwd=tmp_path)
    answer = json.loads(result.stdout)  # strict: NaN and Infinity are no JSON of ours
    assert "NaN" not in result.stdout
    assert answer["verdict"]["kind"] == "diverges"
    assert answer["out"] is None
    assert "Diverges" in result.stderr


@pytest.mark.slow
def test_a_run_that_overflows_is_told_in_json_and_can_be_kept(tmp_path):
    arguments = ("fit", PENGUINS, "--target", "body_mass_g", "--learning-rate", "5", "--epochs", "1000")
    result = steepest_command(*arguments, "--json", "--no-out", cwd=tmp_path)
    assert result.returncode == 4, result.stderr
    assert json.loads(result.stdout)["verdict"]["kind"] == "diverges"
    assert "overflow" not in result.stderr
    kept = steepest_command(*arguments, "--keep-diverged", "--out", "r", cwd=tmp_path)
    assert kept.returncode == 4, kept.stderr
    assert np.isfinite(steepest.load(tmp_path / "r").weights).all()


def test_force_never_deletes_what_is_not_ours(tmp_path, tutorial_csv):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for out in ("mine", "."):
        result = steepest_command("fit", tutorial_csv, "--target", "y", "--out", out, "--force", cwd=tmp_path)
        assert result.returncode == 2
        assert "did not write" in result.stderr
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_the_loop_gives_the_same_and_can_be_tested_on_other_rows(tmp_path, tutorial_csv):
    arguments = ("fit", tutorial_csv, "--target", "y", "--learning-rate", "0.5", "--epochs", "30", "--no-out", "--json")
    modes = json.loads(steepest_command(*arguments, "--test", tutorial_csv, cwd=tmp_path).stdout)
    loop = json.loads(steepest_command(*arguments, "--test", tutorial_csv, "--engine", "loop", cwd=tmp_path).stdout)
    assert loop["engine"] == "loop"
    assert loop["weights"]["x"] == pytest.approx(modes["weights"]["x"], rel=1e-12)
    assert loop["test_rmse"] == pytest.approx(loop["rmse"], rel=1e-12)
    held = json.loads(steepest_command(*arguments, "--test-size", "0.25", "--seed", "1", cwd=tmp_path).stdout)
    assert 0 < held["rows"] < 300
    assert held["test_rmse"] > 0
    assert 0 <= held["best_epoch"] <= 30


def test_r2_of_the_test_rows_is_that_of_scikit_learn(tmp_path):
    generator = np.random.default_rng(4)
    for name, rows in (("train", 60), ("test", 25)):
        x = generator.normal(size=rows) + (name == "test")
        lines = [f"{a},{2 * a + b}" for a, b in zip(x, generator.normal(size=rows), strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["x,y", *lines]))
    told = steepest_command(
        "fit", "train.csv", "--target", "y", "--test", "test.csv", "--no-out", "--json", cwd=tmp_path
    )
    answer = json.loads(told.stdout)
    x, y = np.loadtxt(tmp_path / "test.csv", delimiter=",", skiprows=1).T
    expected = r2_score(y, x * answer["weights"]["x"] + answer["bias"])
    assert answer["test_r2"] == pytest.approx(expected, rel=1e-10)
    assert f"RMSE on test rows: {answer['test_rmse']:.6g}"[:24] in told.stderr
    assert f"; R² {expected:.5g}; smallest at" in told.stderr


BAD = {
    "no such file": (("fit", "nope.csv", "--target", "y"), 3, "not found: nope.csv"),
    "no such column": (("fit", "tutorial.csv", "--target", "z"), 2, "has no column 'z'"),
    "no target": (("fit", "tutorial.csv"), 2, "--target"),
    "unknown option": (("fit", "tutorial.csv", "--target", "y", "--learning-rat", "1"), 2, "--learning-rate"),
    "unknown command": (("fut",), 2, "No such command"),
    "rate of 0": (("fit", "tutorial.csv", "--target", "y", "--learning-rate", "0"), 2, "above 0"),
    "rate is a word": (
        ("fit", "tutorial.csv", "--target", "y", "--learning-rate", "fast"),
        2,
        'neither "auto" nor a number',
    ),
    "half an epoch": (("fit", "tutorial.csv", "--target", "y", "--epochs", "1.5"), 2, "nor a whole number"),
    "test size 2": (("fit", "tutorial.csv", "--target", "y", "--test-size", "2"), 2, "between 0 and 1"),
    "two test sets": (
        ("fit", "tutorial.csv", "--target", "y", "--test-size", "0.1", "--test", "x.csv"),
        2,
        "give one of them",
    ),
    "out is a file": (("fit", "tutorial.csv", "--target", "y", "--out", "tutorial.csv"), 2, "is a file"),
    "out below a file": (("fit", "tutorial.csv", "--target", "y", "--out", "tutorial.csv/r"), 2, "cannot write into"),
    "out exists": (("fit", "tutorial.csv", "--target", "y", "--out", "."), 2, "exists already"),
    "force without out": (("fit", "tutorial.csv", "--target", "y", "--force"), 2, "--force"),
    "momentum for gradient": (("fit", "tutorial.csv", "--target", "y", "--momentum", "0.9"), 2, "has none"),
}


@pytest.mark.parametrize("name", BAD)
def test_mistakes_cost_one_sentence(tmp_path, tutorial_csv, name):
    arguments, status, text = BAD[name]
    result = steepest_command(*arguments, cwd=tmp_path)
    assert result.returncode == status, result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == ["tutorial.csv"]


def test_debug_shows_the_traceback(tmp_path):
    result = steepest_command("--debug", "fit", "nope.csv", "--target", "y", cwd=tmp_path)
    assert result.returncode == 3
    assert "Traceback" in result.stderr


@pytest.mark.process
@pytest.mark.parametrize(("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_loop_ends_at_once_and_writes_nothing(tmp_path, tutorial_csv, sign, status):
    arguments = (
        "fit",
        tutorial_csv,
        *TUTORIAL[:5],
        "--engine",
        "loop",
        "--learning-rate",
        "1e-5",
        "--epochs",
        "100000000",
    )
    command = struck_command(sign, "step", 1000, *arguments)
    plain = os.environ | {"NUMBA_DISABLE_JIT": "1"}  # compiled, the function `step` is not called
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=plain)
    assert done.returncode == status, done.stderr
    assert "Before the run" in done.stdout
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["tutorial.csv"]


@pytest.mark.process
def test_a_closed_pipe_is_quiet(tmp_path, tutorial_csv):
    command = f"{sys.executable} -m steepest fit {tutorial_csv} {' '.join(TUTORIAL)} --learning-rate 1e-4 --no-out --log-every 1 | head -2"
    result = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == ""


@pytest.mark.parametrize(
    "env",
    [{"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "1"}],
)
def test_poor_terminals_are_served(tmp_path, env):
    result = steepest_command("fit", PENGUINS, "--target", "body_mass_g", "--no-out", cwd=tmp_path, env=env)
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.slow
def test_names_are_shown_as_text(tmp_path):
    (tmp_path / "t.csv").write_text('"\x1b[31mred",y\n1,2\n2,3\n3,5\n')
    result = steepest_command("fit", "t.csv", "--target", "y", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "\\x1b[31mred" in result.stdout


@pytest.mark.process
def test_version_and_help_need_nothing_heavy(tmp_path):
    code = "import sys; sys.modules['numpy'] = None; from steepest.cli import main; main(['--version'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    first, rest = result.stdout.strip().split("\n")
    assert first == f"steepest, version {steepest.__version__}"
    assert f"duckdb {version('duckdb')}, " in rest
    assert f"numpy {np.__version__}, " in rest
    has_numba = importlib.util.find_spec("numba") is not None
    assert (f", numba {version('numba')}" in rest) if has_numba else ("numba" not in rest)
    result = steepest_command("--help", cwd=tmp_path)
    assert result.returncode == 0
    assert "demo" in result.stdout
    assert "fit" in result.stdout


@pytest.mark.process
@pytest.mark.parametrize(
    ("options", "unused"),
    [(("--no-out",), "matplotlib scipy.optimize"), (("--out", "r"), "scipy.optimize")],
    ids=["no folder", "a folder"],
)
def test_a_fit_loads_only_what_it_uses(tmp_path, options, unused):
    arguments = ["fit", str(PENGUINS), "--target", "body_mass_g", *options]
    heavy = {"bokeh", "tornado", "starlette", "uvicorn", "msgspec", "rich", "sklearn", "pandas", *unused.split()}
    code = (
        f"import sys; from steepest.cli import main\ntry: main({arguments!r})\n"
        f"finally: print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Unfinished" in result.stdout or "Converged" in result.stdout
    assert result.stderr.splitlines()[-1] == "[]"


@pytest.mark.process
@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", PENGUINS, "--target", "body_mass_g", "--out", "r"),
        ("fit", "t.csv", "--target", "y", "--features", "x,twice", "--summary", "--no-out"),
        ("fit", "t.csv", "--target", "y", "--learning-rate", "9", "--no-out"),
        ("fit", "t.csv", "--target", "y", "--learning-rate", "-1"),
        ("--debug", "fit", "none.csv", "--target", "y"),
    ],
)
def test_a_process_of_its_own_says_and_writes_the_same(tmp_path, arguments):
    """What all other tests of commands rest on: they run in the tests' process."""
    results = []
    for run, folder in ((steepest_command, tmp_path / "here"), (steepest_process, tmp_path / "there")):
        folder.mkdir()
        (folder / "t.csv").write_text("x,twice,y\n1,2,3\n2,4,5\n4,8,6\n5,10,9\n")
        done = run(*arguments, cwd=folder)
        said = done.stderr.splitlines()[-1:] if "--debug" in arguments else done.stderr
        files = [str(path.relative_to(folder)) for path in folder.rglob("*")]
        results.append((done.returncode, done.stdout, said, sorted(files)))
    assert results[0] == results[1]


def test_lists_of_columns_add_up_where_an_option_is_repeated(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b,c,y\n" + "".join(f"{i},{i % 3},{i % 5},{i + i % 3}\n" for i in range(30)))

    def features(*options):
        result = steepest_command("fit", "t.csv", "--target", "y", "--no-out", "--json", *options, cwd=tmp_path)
        return json.loads(result.stdout)["features"]

    assert features("--features", "a", "--features", "b") == features("--features", "a,b") == ["a", "b"]
    assert features("--exclude", "a", "--exclude", "b") == features("--exclude", "a,b") == ["c"]


def test_every_exit_status_is_in_the_help_and_on_the_first_page():
    from steepest import cli, errors

    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SteepestError)
    ]
    assert {kind.exit_code for kind in kinds} == {1, 2, 3, 4}
    for page in (cli.group.help, (ROOT / "README.md").read_text(encoding="utf-8")):
        listed = page.split("Exit status", 1)[1].split(".", 1)[0]
        for status in (0, *{kind.exit_code for kind in kinds}, 130):
            assert f" {status} " in listed
