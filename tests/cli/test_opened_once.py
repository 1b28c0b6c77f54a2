"""DATA is opened once, however often its rows are read."""

import json

import numpy as np
import pandas
import pytest

from steepest.cli import _run as run
from steepest.data.sources import openers
from steepest.data.sources.recognize import Kind
from steepest.data.sources.relations import DuckDBRelation


@pytest.fixture
def counts(monkeypatch):
    """How often files were looked for, headers checked, columns coded, and rows streamed."""
    found = dict.fromkeys(("locate", "check_header", "code", "open_as", "columns", "stream"), 0)

    def counted(home, name):
        original = getattr(home, name)

        def call(*arguments, **options):
            found[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(home, name, call)

    for name in ("locate", "check_header", "code"):
        counted(openers, name)
    for name in ("columns", "stream"):
        counted(DuckDBRelation, name)
    monkeypatch.setitem(openers.OPENERS, Kind.FILES, lambda *a, opener=openers._files: _open(found, opener, *a))
    return found


def _open(found, opener, *arguments):
    found["open_as"] += 1
    return opener(*arguments)


@pytest.fixture
def table(tmp_path):
    generator = np.random.default_rng(0)
    frame = pandas.DataFrame({"a": generator.normal(size=300), "kind": generator.choice(["u", "v"], size=300)})
    frame["y"] = 3 * frame["a"] + (frame["kind"] == "v") + generator.normal(size=300)
    frame.to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


def test_fit_opens_its_table_once_and_reads_it_four_times(counts, table, capsys):
    command = ["fit", table, "--target", "y", "--robust", "HC3", "--refine", "--test-size", "0.2", "--no-out", "--json"]
    assert run(command) == 0
    told = json.loads(capsys.readouterr().out)
    passes = 1 + 1 + told["refined"]["looks"]  # the triangle, the residuals, the refinement
    assert passes == 4
    once = dict.fromkeys(("locate", "check_header", "code", "open_as", "columns"), 1)
    assert counts == {**once, "stream": passes}


@pytest.mark.parametrize(
    ("command", "tables"),
    [
        (("fit", "--no-out"), 1),
        (("sweep", "--no-out"), 1),
        (("sweep", "--no-out", "--validation", "t.csv"), 2),
        (("fit", "--no-out", "--test", "t.csv"), 2),
        (("diagnose",), 1),
        (("explain",), 1),
    ],
)
def test_every_command_opens_each_of_its_tables_once(counts, table, command, tables, monkeypatch):
    monkeypatch.chdir(table.removesuffix("t.csv"))
    name, *options = command
    assert run([name, "t.csv", "--target", "y", *options]) == 0
    assert [counts[name] for name in ("locate", "open_as", "columns")] == [tables] * 3
    assert counts["code"] == 1  # other rows are coded as the first were
