"""A pass that is cut off, at any moment and by any means, goes on to the same bits."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

import steepest
from steepest.data.split import Share
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.summaries.checkpoint import FORMAT
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.array_file import read_arrays, write_arrays
from tests.support.commands import steepest_command
from tests.support.moments import ROOT, struck_command

ROWS = 400_000
KILLS = 50


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    import duckdb

    path = tmp_path_factory.mktemp("resume") / "t.parquet"
    columns = (
        "sin(i) a, cos(i * i) b, CASE WHEN i % 1000 = 7 THEN NULL ELSE i % 13 END c, CAST(i % 7 AS VARCHAR) || 'k' k"
    )
    duckdb.sql(
        f"COPY (SELECT {columns}, i % 5 + sin(3 * i) y FROM range({ROWS}) t(i)) TO '{path}' (ROW_GROUP_SIZE 5000)"
    )
    return path


@pytest.mark.process
def test_fifty_kills_at_random_moments_and_the_same_bits(table, tmp_path):
    command = [sys.executable, "-m", "tests.summaries.killed_passes", table, tmp_path / "s.partial", str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["ends"]
    assert all(end == said["undisturbed"] for end in said["ends"])
    assert said["got_on"] > KILLS / 4  # the kills hit passes that were under way; the others came while one began


@pytest.mark.slow
def test_an_interruption_leaves_the_last_batch_and_nothing_is_lost(table, tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 4_096)
    source = steepest.open_source(table, target="y", missing="drop")

    def stop(rows, expected):
        if rows >= 150_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(source, checkpoint=tmp_path / "s", checkpoint_seconds=3600, watch=stop)
    seen = []
    resumed = read(source, checkpoint=tmp_path / "s", watch=lambda rows, expected: seen.append((rows, expected)))
    assert 150_000 < seen[0][0] < 170_000
    assert seen[-1] == (ROWS, ROWS)
    straight = read(source)
    assert resumed.triangle.checksum == straight.triangle.checksum
    assert resumed.notes == straight.notes
    np.testing.assert_array_equal(resumed.sample.X, straight.sample.X)


def test_a_state_goes_on_with_its_rows_and_one_that_mixed_them_is_sorted(table, tmp_path):
    source, share = steepest.open_source(table, target="y", missing="drop"), Share(0.3, 2)
    straight = read(source, share, checkpoint=tmp_path / "s", checkpoint_seconds=0)
    again = read(source, share, checkpoint=tmp_path / "s")
    for part, whole in ((again.sample, straight.sample), (again.test_sample, straight.test_sample)):
        np.testing.assert_array_equal(part.X, whole.X)
        np.testing.assert_array_equal(part.positions, whole.positions)
        assert len(part.X) == 1_000
    header, arrays = read_arrays(tmp_path / "s", FORMAT)
    for key in ("X", "y", "positions"):  # as states were before the rows were kept apart
        arrays[key] = np.concatenate([arrays[key][:60], arrays.pop(f"held_out_{key}")[:40]])
    write_arrays(tmp_path / "s", FORMAT, header, arrays)
    old = read(source, share, checkpoint=tmp_path / "s")
    assert (old.triangle, old.test) == (straight.triangle, straight.test)
    np.testing.assert_array_equal(old.sample.X, straight.sample.X[:60])
    np.testing.assert_array_equal(old.test_sample.X, straight.test_sample.X[:40])


def test_a_state_of_something_else_is_refused(table, tmp_path):
    source = steepest.open_source(table, target="y", missing="drop")
    read(source, checkpoint=tmp_path / "s", checkpoint_seconds=0)
    for other in (
        steepest.open_source(table, target="a", missing="drop"),
        steepest.open_source(table, target="y", missing="drop", exclude=["b"]),
        steepest.open_source(table, target="y", missing="indicator"),
    ):
        with pytest.raises(UsageError, match="another table or of other options"):
            read(other, checkpoint=tmp_path / "s")
    with pytest.raises(UsageError, match="another table or of other options"):
        read(source, checkpoint=tmp_path / "s", seed=5)
    with pytest.raises(DataError, match="the state of an unfinished pass"):
        steepest.summarize(tmp_path / "s", target="y")
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:-50])
    with pytest.raises(ModelFileError, match="damaged"):
        read(source, checkpoint=tmp_path / "s")


@pytest.mark.slow
def test_summarize_add_and_merge_on_the_command_line(tmp_path):
    generator = np.random.default_rng(0)
    days = {}
    for day in ("monday", "tuesday"):
        X, kind = generator.normal(size=50), generator.choice(["n", "s"], 50)
        days[day] = "x,kind,y\n" + "".join(f"{a},{k},{a + (k == 's')}\n" for a, k in zip(X, kind, strict=True))
        (tmp_path / f"{day}.csv").write_text(days[day])
    (tmp_path / "both.csv").write_text(days["monday"] + days["tuesday"].split("\n", 1)[1])
    for name in ("monday", "tuesday", "both"):
        done = steepest_command("summarize", f"{name}.csv", "--target", "y", "-o", f"{name}.t", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "kind: 2 categories, reference 'n'" in done.stdout
        assert not (tmp_path / f"{name}.t.partial").exists()
    merged = steepest_command("merge", "monday.t", "tuesday.t", "-o", "week.t", "--json", cwd=tmp_path)
    assert [origin["name"] for origin in json.loads(merged.stdout)["origins"]] == ["monday.csv", "tuesday.csv"]
    twice = steepest_command("merge", "week.t", "monday.t", "-o", "more.t", cwd=tmp_path)
    assert (twice.returncode, "monday.csv are in the sum already" in twice.stderr) == (3, True)
    refused = steepest_command("summarize", "tuesday.csv", "--target", "y", "-o", "monday.t", cwd=tmp_path)
    assert (refused.returncode, "exists already" in refused.stderr) == (2, True)
    added = steepest_command("summarize", "tuesday.csv", "-o", "monday.t", "--add", cwd=tmp_path)
    assert added.returncode == 0, added.stderr
    assert "100 rows" in added.stdout
    week, monday, both = (Triangle.load(tmp_path / f"{name}.t") for name in ("week", "monday", "both"))
    assert week.checksum == monday.checksum
    np.testing.assert_allclose(week.centred, both.centred, rtol=1e-12, atol=1e-12)
    fitted = steepest_command("fit", "week.t", "--out", "run", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert [origin["rows"] for origin in record["data"]["origins"]] == [50, 50]
    assert steepest.load(tmp_path / "run").coding == both.coding
    again = steepest_command("summarize", "tuesday.csv", "-o", "week.t", "--add", cwd=tmp_path)
    assert (again.returncode, "counted twice" in again.stderr or "in the sum already" in again.stderr) == (3, True)


@pytest.mark.process
def test_ctrl_c_says_how_to_go_on(table, tmp_path):
    arguments = ["summarize", table, "--target", "y", "--missing", "drop", "-o"]
    # the state has been kept at the first call
    command = struck_command(signal.SIGINT, "keep", 2, *arguments, tmp_path / "s.t")
    stopped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert stopped.returncode == 130, stopped.stderr
    assert "Go on with --resume" in stopped.stderr
    assert (tmp_path / "s.t.partial").exists()
    again = steepest_command(*arguments, "s.t", cwd=tmp_path)
    assert (again.returncode, "Go on with --resume, or start over" in again.stderr) == (2, True)
    resumed = steepest_command(*arguments, "s.t", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert not (tmp_path / "s.t.partial").exists()
    assert steepest_command(*arguments, "straight.t", cwd=tmp_path).returncode == 0
    assert Triangle.load(tmp_path / "s.t").checksum == Triangle.load(tmp_path / "straight.t").checksum
