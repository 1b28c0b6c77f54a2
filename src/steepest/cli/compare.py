"""`steepest compare`: runs side by side, in a table and in one picture."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from steepest.cli.json_output import echo_json
from steepest.cli.shared_options import json_option
from steepest.cli.text import printable, shorten, table
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.models import run_reader
from steepest.models.run_folder import finite
from steepest.support.files import PICTURE_FORMATS, refuse_existing_file, write_whole
from steepest.support.words import number
from steepest.views.plots import ComparisonDisplay, as_bytes

MOST_RUNS = 12


@dataclass(frozen=True, eq=False)
class Kept:
    """What is compared of a run folder.

    Args:
        name: the folder, as it was given.
        run: the run.
        record: its run.json.
        held_out: the checksum of the held-out rows' triangle, or None where none were.
    """

    name: str
    run: Trajectory
    record: dict[str, Any]
    held_out: str | None

    @property
    def rows(self) -> tuple[object, ...]:
        """What tells the rows that it learned from, as far as the target goes, from others."""
        data = self.record["data"]
        return data.get("sha256_of_size_and_ends") or json.dumps(data, sort_keys=True), self.record["options"].get(
            "seed"
        )

    @property
    def test_rmse(self) -> float | None:
        """RMSE on held-out rows."""
        value: float | None = self.record.get("test_rmse")
        return value


@click.command(name="compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--out", type=click.Path(dir_okay=False), default=None, help="Picture of all curves, .svg or .png.")
@click.option("--force", is_flag=True, help="Replace the file given with -o.")
@json_option
def command(runs: tuple[str, ...], out: str | None, force: bool, as_json: bool) -> None:
    """Set RUNS, two run folders or more, side by side: settings, verdicts, errors, and their curves in one picture.

    The smallest error is marked: on held-out rows where all runs have the same ones, else on the rows learned from.

    Example: steepest compare runs/penguins runs/penguins-2 -o curves.svg
    """
    if not 2 <= len(runs) <= MOST_RUNS:
        raise UsageError(f"compare takes 2 to {MOST_RUNS} run folders; got {len(runs)}.")
    if force and out is None:
        raise UsageError("--force replaces the file given with -o; there is none. Leave it out.")
    if out is not None:
        if Path(out).suffix[1:] not in PICTURE_FORMATS:
            raise UsageError(f"a picture is .svg or .png; got {out}.")
        refuse_existing_file(out, force=force)
    kept = [_read(name) for name in runs]
    doubts, by_test = _doubts(kept), _same_held_out(kept)
    best = _best(kept, by_test) if _comparable(kept) else None
    click.echo(_table(kept, best, by_test), err=as_json)
    click.echo("".join(f"\n{doubt}" for doubt in doubts), err=as_json)
    if out is not None:
        label = f"RMSE of {kept[0].run.targets[0]}" if _comparable(kept) else "RMSE, each in its target's units"
        display = ComparisonDisplay.from_trajectories([each.run for each in kept], _short_names(runs), label=label)
        write_whole(out, as_bytes(display, Path(out).suffix[1:]), force=force)
        click.echo(f"Written: {printable(out)}", err=as_json)
    if as_json:
        content = [_as_json(each) for each in kept]
        echo_json(
            "compare",
            {"runs": content, "best": best, "by": "test_rmse" if by_test else "rmse", "doubts": doubts, "out": out},
        )


def _read(name: str) -> Kept:
    folder = Path(name)
    run = run_reader.read(folder)
    held_out = run_reader.read_rows(folder).held_out
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return Kept(name, run, record, held_out.checksum if held_out is not None else None)


def _comparable(kept: list[Kept]) -> bool:
    """Whether errors may be ranked: the same target of the same table."""
    return len({(each.run.targets[0], each.rows[0]) for each in kept}) == 1


def _same_held_out(kept: list[Kept]) -> bool:
    """Whether all runs were tested, on rows that can be taken for the same."""
    shares = {
        (each.record["options"].get("test_size"), each.record["options"].get("test_file"), each.rows[1])
        for each in kept
    }
    return all(each.test_rmse is not None for each in kept) and len(shares) == 1


def _doubts(kept: list[Kept]) -> list[str]:
    """Why errors do not say which run is better, a sentence each."""
    doubts = []
    targets = {each.run.targets[0] for each in kept}
    if len(targets) > 1:
        doubts.append(f"The targets differ ({', '.join(sorted(map(shorten, targets)))}): no run is called the best.")
    elif not _comparable(kept):
        doubts.append("The runs learned from different tables, so no run is called the best.")
    tested = [each.test_rmse is not None for each in kept]
    if any(tested) and not all(tested):
        doubts.append(
            "Some runs have no test rows; errors on the rows learned from are compared, and favour more parameters."
        )
    elif all(tested) and not _same_held_out(kept):
        doubts.append("The test rows differ; errors on the rows learned from are compared, and favour more parameters.")
    elif not any(tested) and len({each.run.features for each in kept}) > 1:
        doubts.append(
            "The inputs differ and no rows were held out (--test-size): errors on the rows learned from favour more parameters."
        )
    return doubts


def _best(kept: list[Kept], by_test: bool) -> str | None:
    """The run with the smallest error; None where the two smallest are the same."""
    errors = [(each.test_rmse if by_test else float(each.run.last.rmse)) for each in kept]
    sizes = np.array([np.inf if error is None else error for error in errors])
    order = np.argsort(sizes, kind="stable")
    apart = sizes[order[1]] - sizes[order[0]]
    return kept[order[0]].name if np.isfinite(sizes[order[0]]) and apart > 1e-9 * sizes[order[1]] else None


def _table(kept: list[Kept], best: str | None, by_test: bool) -> str:
    header = ("", "run", "inputs", "rule", "learning rate", "epochs", "l2", "verdict", "RMSE", "test RMSE", "test R²")
    rows = []
    for each in kept:
        rate = getattr(each.run.rule, "learning_rate", None)
        test, r2 = each.test_rmse, each.record.get("test_r2")
        rows.append(
            (
                "best" if each.name == best else "",
                printable(each.name)[-30:],
                f"{len(each.run.features)} {each.run.coordinates.name}",
                each.run.rule.name,
                "" if rate is None else number(rate, 5),
                f"{each.run.epochs:,}",
                f"{each.run.l2:g}",
                each.run.verdict.kind,
                number(float(each.run.last.rmse)),
                "" if test is None else number(test),
                "" if r2 is None else number(r2, 5),
            )
        )
    said = "on test rows" if by_test else "on the rows learned from"
    tied = "\n\nNo run has the smallest error alone." if _comparable(kept) else ""
    return table(header, rows) + (f"\n\nSmallest RMSE {said}: {printable(best)}." if best else tied)


def _short_names(runs: tuple[str, ...]) -> list[str]:
    """The folders' own names where they tell the runs apart, else all of what was given."""
    names = [Path(run).name for run in runs]
    return names if len(set(names)) == len(names) else list(runs)


def _as_json(each: Kept) -> dict[str, Any]:
    keys = ("target", "features", "coordinates", "rule", "epochs", "l2", "objective", "rmse", "test_rmse", "test_r2")
    return {"run": each.name, "verdict": each.run.verdict.kind} | {key: finite(each.record.get(key)) for key in keys}
