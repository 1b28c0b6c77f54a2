"""The end of a command: the states of unfinished passes, whose they are and when they go."""

import numpy as np
import pytest

import steepest
from steepest.cli.finish import choose_summary, under_free_name
from steepest.errors import UsageError
from steepest.models.run_folder import free_name
from steepest.summaries.checkpoint import FORMAT
from steepest.support.array_file import write_arrays
from steepest.support.files import whole_folder


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
