"""The end of a command: the states of unfinished passes, whose they are and when they go."""

import json

import numpy as np
import pytest

import steepest
from steepest.cli import main
from steepest.cli.finish import choose_summary, under_free_name
from steepest.errors import UsageError
from steepest.models.run_folder import free_name
from steepest.summaries.checkpoint import FORMAT
from steepest.support.array_file import write_arrays
from steepest.support.files import whole_folder


@pytest.mark.parametrize("more", [[], ["--epochs", "20"]])
def test_a_run_without_a_minimum_ends_with_4_and_is_written(tmp_path, more, capsys):
    table, folder = tmp_path / "t.csv", tmp_path / "run"
    table.write_text("a,b,bought\n" + "\n".join(f"{k},{k % 3},{'yes' if k > 5 else 'no'}" for k in range(12)))
    with pytest.raises(SystemExit) as ended:
        main(["fit", str(table), "--target", "bought", "--out", str(folder), *more])
    assert ended.value.code == 4
    told = capsys.readouterr().out
    assert "Separable: 'a' alone tells the classes apart: at most 5 where 'bought' is" in told
    assert "exact minimum" not in told
    kept = json.loads((folder / "run.json").read_text())
    assert kept["verdict"]["kind"] == "separable"
    assert kept["optimum"] is None


def test_a_state_beside_its_complete_triangle_goes_with_the_next_command(tmp_path):
    file, state = tmp_path / "t.triangle", tmp_path / "t.triangle.partial"
    steepest.summarize([[1.0], [2.0], [3.0]], [1.0, 2.0, 4.0]).save(file)
    write_arrays(state, FORMAT, {}, {"a": np.ones(2)})
    with pytest.raises(UsageError, match="complete"):
        choose_summary(str(file), resume=True, force=False)
    assert not state.exists()


@pytest.mark.parametrize("force", [False, True])
def test_somebody_elses_file_is_never_taken_for_a_state(tmp_path, force):
    state = tmp_path / "t.triangle.partial"
    state.write_text("theirs")
    with pytest.raises(UsageError, match="no unfinished pass"):
        choose_summary(str(tmp_path / "t.triangle"), resume=not force, force=force)
    assert state.read_text() == "theirs"


def test_of_two_commands_without_a_name_the_later_gets_the_next_free_one(tmp_path):
    def write(folder):
        with whole_folder(folder) as scratch:
            (scratch / "run.json").write_text(folder.name)

    folder = free_name(tmp_path / "runs", "wine")
    write(folder)  # another command, meanwhile
    assert under_free_name(folder, write, named=False) == tmp_path / "runs" / "wine-2"
    with pytest.raises(UsageError, match="exists already"):
        under_free_name(folder, write, named=True)
    with pytest.raises(UsageError, match="cannot write"):
        under_free_name(tmp_path / "runs" / "wine" / "run.json" / "a", write, named=False)
