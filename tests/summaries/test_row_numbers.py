"""Inputs that count the rows are told, whatever way the table is read."""

import numpy as np
import pytest

import steepest
from steepest.data.split import Share
from steepest.summaries.summarize import read

ROWS = 3_000  # more than the rows kept
TOLD = "column 'c' counts the rows: most often no input, unless it is time"


def notes(c, rows=None, **options):
    c = np.asarray(c, dtype=float)[:rows]
    table = {"x": np.sin(np.arange(len(c))), "c": c, "y": np.cos(np.arange(len(c)))}
    pandas = pytest.importorskip("pandas")
    return read(steepest.open_source(pandas.DataFrame(table), target="y"), **options).notes


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("rows", [20, ROWS])
@pytest.mark.parametrize("split", [None, Share(0.3, 4)])
def test_an_input_that_counts_the_rows_is_told(start, rows, split):
    assert TOLD in notes(start + np.arange(ROWS), rows, split=split)


@pytest.mark.parametrize(
    ("c", "rows"),
    [
        (np.arange(ROWS), 19),  # so few may be chance
        (2 + np.arange(ROWS), ROWS),
        (np.arange(ROWS)[::-1], ROWS),
        (np.arange(ROWS) // 2, ROWS),
        (np.arange(ROWS) + (np.arange(ROWS) > ROWS // 2), ROWS),  # from 0, then from 1
    ],
)
def test_others_are_not(c, rows):
    assert TOLD not in notes(c, rows)


def test_an_only_input_is_the_task():
    assert not any(
        "counts the rows" in note for note in read(steepest.open_source(np.arange(50.0)[:, None], y=np.ones(50))).notes
    )


def test_rows_left_out_are_counted_all_the_same(tmp_path):
    rows = [f"{i},{'' if i % 7 == 0 else i * i % 11},{i % 5}" for i in range(1, 60)]
    (tmp_path / "t.csv").write_text("c,x,y\n" + "\n".join(rows))
    summary = read(steepest.open_source(tmp_path / "t.csv", target="y", missing="drop"))
    assert summary.triangle.row_count == 51
    assert TOLD in summary.notes
