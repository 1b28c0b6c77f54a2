"""`steepest compare`: runs side by side, in a table and in one picture."""

from pathlib import Path

import click
import numpy as np

from steepest.cli.json_output import echo_json
from steepest.cli.kept_run import KeptRun
from steepest.cli.shared_options import json_option
from steepest.cli.text import printable, shorten, table
from steepest.errors import UsageError
from steepest.support.files import PICTURE_FORMATS, refuse_existing_file, write_whole
from steepest.support.words import number
from steepest.views.plots import ComparisonDisplay, as_bytes

MOST_RUNS = 12
HEADERS = {
    "rmse": ("RMSE", "test RMSE", "test R²"),
    "log_loss": ("log-loss", "test log-loss", "test accuracy"),
    "deviance": ("deviance", "test deviance", "test D²"),
}
"""What the errors of a loss, and what is told of held-out rows, are called."""


@click.command(name="compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--out", type=click.Path(dir_okay=False), default=None, help="Picture of all curves, .svg or .png.")
@click.option("--force", is_flag=True, help="Replace the file given with -o.")
@json_option
def command(runs: tuple[str, ...], out: str | None, force: bool, as_json: bool) -> None:
    """Set RUNS, two run folders or more, side by side: settings, verdicts, errors, and their curves in one picture.

    The smallest error is marked where all runs have the same target and the same loss: on held-out rows where all runs have
    the same ones, else on the rows learned from. The error is RMSE, of classes the log-loss, of other losses the deviance.

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
    kept = [KeptRun.read(name) for name in runs]
    doubts, by_test = _doubts(kept), _same_held_out(kept)
    best = _best(kept, by_test) if _comparable(kept) else None
    click.echo(_table(kept, best, by_test), err=as_json)
    click.echo("".join(f"\n{doubt}" for doubt in doubts), err=as_json)
    if out is not None:
        write_whole(out, as_bytes(_picture(kept, runs), Path(out).suffix[1:]), force=force)
        click.echo(f"Written: {printable(out)}", err=as_json)
    if as_json:
        content, error = [each.as_json() for each in kept], _error_name(kept)
        by = f"test_{error}" if by_test and all(each.error_name == error for each in kept) else error
        echo_json("compare", {"runs": content, "best": best, "by": by, "doubts": doubts, "out": out})


def _error_name(kept: list[KeptRun]) -> str:
    """The error that all runs have: that of their loss, or RMSE where losses differ."""
    names = {each.error_name for each in kept}
    return names.pop() if len(names) == 1 else "rmse"


def _comparable(kept: list[KeptRun]) -> bool:
    """Whether errors may be ranked: the same loss and the same target of the same table."""
    return len({(each.loss, each.target, each.rows[0]) for each in kept}) == 1


def _same_held_out(kept: list[KeptRun]) -> bool:
    """Whether all runs were tested, on rows that can be taken for the same."""
    shares = {
        (each.record["options"].get("test_size"), each.record["options"].get("test_file"), each.rows[1])
        for each in kept
    }
    return all(each.test_error is not None for each in kept) and len(shares) == 1


def _doubts(kept: list[KeptRun]) -> list[str]:
    """Why errors do not say which run is better, a sentence each."""
    doubts = []
    targets, losses = {each.target for each in kept}, {each.loss for each in kept}
    if len(targets) > 1:
        doubts.append(f"The targets differ ({', '.join(sorted(map(shorten, targets)))}): no run is called the best.")
    elif len(losses) > 1:
        doubts.append(
            f"The losses differ ({', '.join(sorted(losses))}): each run makes its own one small, so no run is called the best."
        )
    elif not _comparable(kept):
        doubts.append("The runs learned from different tables, so no run is called the best.")
    tested = [each.test_error is not None for each in kept]
    if any(tested) and not all(tested):
        doubts.append(
            "Some runs have no test rows; errors on the rows learned from are compared, and favour more parameters."
        )
    elif all(tested) and not _same_held_out(kept):
        doubts.append("The test rows differ; errors on the rows learned from are compared, and favour more parameters.")
    elif not any(tested) and len({each.features for each in kept}) > 1:
        doubts.append(
            "The inputs differ and no rows were held out (--test-size): errors on the rows learned from favour more parameters."
        )
    return doubts


def _best(kept: list[KeptRun], by_test: bool) -> str | None:
    """The run with the smallest error; None where the two smallest are the same."""
    errors = [(each.test_error if by_test else each.error) for each in kept]
    sizes = np.array([np.inf if error is None else error for error in errors])
    order = np.argsort(sizes, kind="stable")
    apart = sizes[order[1]] - sizes[order[0]]
    return kept[order[0]].name if np.isfinite(sizes[order[0]]) and apart > 1e-9 * sizes[order[1]] else None


def _table(kept: list[KeptRun], best: str | None, by_test: bool) -> str:
    error = _error_name(kept)
    losses = len({each.loss for each in kept}) > 1 or error != "rmse"
    sparse = any(each.record.get("l1") for each in kept)
    own, penalties = ("loss",) if losses else (), ("l2", "l1") if sparse else ("l2",)
    settings = ("", "run", "inputs", *own, "rule", "learning rate", "epochs", *penalties, "verdict")
    rows = []
    for each in kept:
        name, rate = each.rule
        rows.append(
            (
                "best" if each.name == best else "",
                printable(each.name)[-30:],
                f"{len(each.features)} {each.record['coordinates']}",
                *((each.loss,) if losses else ()),
                name,
                "" if rate is None else number(rate, 5),
                f"{each.record['epochs']:,}",
                *(f"{each.record.get(name, 0.0):g}" for name in penalties),
                each.record["verdict"]["kind"],
                *_errors(each, error),
            )
        )
    said = "on test rows" if by_test else "on the rows learned from"
    tied = "\n\nNo run has the smallest error alone." if _comparable(kept) else ""
    smallest = f"\n\nSmallest {HEADERS[error][0]} {said}: {printable(best)}." if best else tied
    return table((*settings, *HEADERS[error]), rows) + smallest


def _errors(each: KeptRun, error: str) -> tuple[str, str, str]:
    """The error of a run, that on held-out rows, and how much of these it tells."""
    of_all = each.record.get("rmse"), each.measure("test", "rmse"), None  # where the losses differ
    own, test, share = (each.error, each.test_error, each.test_share) if error == each.error_name else of_all
    return (
        "nan" if own is None else number(own),
        "" if test is None else number(test),
        "" if share is None else number(share, 5),
    )


def _picture(kept: list[KeptRun], runs: tuple[str, ...]) -> ComparisonDisplay:
    """The curves of all runs: RMSE, or of one loss that loss, with each run's penalty."""
    target, error = kept[0].target, _error_name(kept)
    label = f"RMSE of {target}" if _comparable(kept) else "RMSE, each in its target's units"
    if error != "rmse":
        penalty = ", with the penalty" if any(each.record["l2"] or each.record.get("l1") for each in kept) else ""
        label = f"{kept[0].record['objective']} loss{penalty}" if _comparable(kept) else "loss, each run's own"
    curves = [each.curve(error) for each in kept]
    epochs, errors = (tuple(part) for part in zip(*curves, strict=True))
    return ComparisonDisplay(tuple(_short_names(runs)), epochs, errors, label)


def _short_names(runs: tuple[str, ...]) -> list[str]:
    """The folders' own names where they tell the runs apart, else all of what was given."""
    names = [Path(run).name for run in runs]
    return names if len(set(names)) == len(names) else list(runs)
