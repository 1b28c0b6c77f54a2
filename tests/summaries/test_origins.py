"""Origins: thousands of merges leave a file of bounded size that says how many tables it no longer lists."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.cli.merge import command
from steepest.summaries import origins
from steepest.summaries.origins import join, unlisted
from steepest.summaries.triangle import Triangle


def days(first, count):
    return tuple(
        {"name": f"day {k}", "rows": k, "sha256_of_size_and_ends": str(k)} for k in range(first, first + count)
    )


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setattr(origins, "MOST_LISTED", 3)


def test_few_origins_are_all_listed_in_order():
    assert join(days(0, 300), days(300, 200)) == days(0, 500)
    assert join((), ()) == ()
    assert unlisted(days(0, 500)) == 0


def test_of_many_the_last_are_listed_and_the_others_counted_with_their_rows():
    entry, *listed = join(days(0, 500), days(500, 7))
    assert tuple(listed) == days(7, 500)
    assert (entry["tables"], entry["rows"]) == (7, sum(range(7)))
    assert unlisted((entry, *listed)) == 7


@given(st.lists(st.integers(0, 400), min_size=3, max_size=6), st.data())
def test_any_order_of_joining_gives_the_same_list(counts, data):
    starts = [sum(counts[:i]) for i in range(len(counts))]
    parts = [days(first, count) for first, count in zip(starts, counts, strict=True)]
    whole = join((), days(0, sum(counts)))
    while len(parts) > 1:
        i = data.draw(st.integers(0, len(parts) - 2))
        parts[i : i + 2] = [join(parts[i], parts[i + 1])]
    assert join((), parts[0]) == whole
    assert sum(origin["rows"] for origin in whole) == sum(range(sum(counts)))


def test_a_file_after_thousands_of_merges_stays_small():
    day = Triangle.of(next(iter(steepest.open_source([[1.0], [2.0]], [1.0, 3.0]).batches())))
    total = Triangle.empty(day.features, day.targets)
    for k in range(6000):
        long = {
            "name": f"day {k}.parquet",
            "kind": "file",
            "bytes": 10**6,
            "sha256_of_size_and_ends": 64 * "f",
            "rows": 2,
        }
        total = Triangle(**{**vars(total), "origins": join(total.origins, (long,))})
    assert len(total.to_bytes()) < 150_000
    assert unlisted(Triangle.from_bytes(total.to_bytes()).origins) == 5500


def summarized(path, value, rows=4):
    path.write_text("x,y\n" + "".join(f"{value + k},{value * k}\n" for k in range(rows)))
    triangle = path.with_suffix(".triangle")
    source = steepest.open_source(path, target="y")
    steepest.summarize(source).save(triangle)
    return str(triangle)


def test_merging_says_what_it_can_no_longer_check_and_still_refuses_what_it_knows(tmp_path, three):
    files = [summarized(tmp_path / f"day{k}.csv", k + 0.5) for k in range(5)]
    out = str(tmp_path / "sum")
    done = CliRunner().invoke(command, [*files, "-o", out, "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout[done.stdout.index("{") :])  # click below 8.2 puts stderr before it
    assert [origin["name"] for origin in told["origins"]] == [
        "2 earlier tables, not listed", "day2.csv", "day3.csv", "day4.csv",
    ]  # fmt: skip
    assert sum(origin["rows"] for origin in told["origins"]) == told["rows"] == 20
    listed = CliRunner().invoke(command, [out, files[4], "-o", str(tmp_path / "again")])
    assert "2 tables that went in earlier are no longer listed" in listed.output
    assert "day4.csv are in the sum already" in str(listed.exception)
    early = CliRunner().invoke(command, [out, files[0], "-o", str(tmp_path / "again")])
    assert early.exit_code == 0
    assert "2 tables that went in earlier are no longer listed; nothing was checked against them" in early.output
    assert "3 earlier tables, not listed: 12 rows" in early.output
