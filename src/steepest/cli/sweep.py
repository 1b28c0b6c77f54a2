"""`steepest sweep`: many settings judged on held-out rows, from one pass."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from steepest.analysis.sweep import sweep
from steepest.analysis.sweep_result import Setting, Sweep
from steepest.cli.finish import choose_folder, stem, under_free_name
from steepest.cli.hold_out import check_hold_out, hold_out_options, read_validation
from steepest.cli.json_output import echo_json
from steepest.cli.loss import squared_only
from steepest.cli.next_step import next_fit
from steepest.cli.shared_options import (
    Numbers,
    RuleName,
    json_option,
    objective_option,
    plot_format_option,
    quiet_option,
    standardize_option,
)
from steepest.cli.sweep_batches import sweep_batches
from steepest.cli.table import open_table, shown, table_options, watching
from steepest.cli.text import printable, table
from steepest.data.sources import Watch
from steepest.models import run_folder
from steepest.support.files import whole_folder
from steepest.support.words import number, pluralize
from steepest.views.plots import HeatMapDisplay, save

MOST_ROWS = 10


@click.command(name="sweep")
@table_options
@squared_only("sweep judges")
@click.option(
    "--learning-rates", type=Numbers(float), default=None, help="Default: 25 up to just above the stability limit."
)
@click.option("--epochs", type=Numbers(int), default=None, help="Default: 25 log-spaced until nothing moves any more.")
@click.option("--l2", type=Numbers(float), default=(0.0,), help="Penalties to try; default 0.")
@click.option(
    "--rule",
    multiple=True,
    type=RuleName("learning_rate"),
    help="May be given several times; default gradient.",
)
@click.option(
    "--momentum", type=Numbers(float), default=None, help="β of a rule that has one, such as heavy_ball; default 0.9."
)
@click.option(
    "--batch-sizes",
    type=Numbers(int),
    default=None,
    help="Judge mini-batches of these sizes by forecast, each at its best learning rate, in place of full-batch runs on held-out rows.",
)
@hold_out_options
@objective_option
@standardize_option("Inside each training fold.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the folds.")
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    default=None,
    help="Folder for table and heat map; default: a new one below runs/.",
)
@click.option("--no-out", is_flag=True, help="Write no folder.")
@click.option("--force", is_flag=True, help="Replace the folder given with --out.")
@plot_format_option
@json_option
@quiet_option
def command(data: str, as_json: bool, **options: Any) -> None:
    """Judge every combination of learning rate, epochs and penalty on held-out rows of DATA, exactly, in one pass.

    Lists are a,b,… or FROM:TO:COUNT for a log-spaced grid.

    Example: steepest sweep examples/penguins.csv --target body_mass_g --l2 0,0.01,0.1,1
    """
    if options["batch_sizes"] is not None:
        sweep_batches(data, as_json, options)
        return
    folder = choose_folder(options["out"], options["no_out"], options["force"], f"sweep-{stem(data)}")
    began = time.perf_counter()
    result, notes = _sweep(data, options)
    seconds = time.perf_counter() - began
    count, named = result.fold_mse.size, shown(data)
    click.echo(
        f"{named}: {pluralize(result.triangle.row_count, 'row')}, {pluralize(count, 'fit')} judged in {seconds:.2f} s, the data read once",
        err=as_json,
    )
    click.echo("".join(f"  {printable(note)}\n" for note in notes), err=as_json)
    click.echo(_table(result), err=as_json)
    click.echo("\n" + "\n".join(_sentences(result)), err=as_json)
    click.echo(next_fit(data, **{k: v for k, v in result.best.settings.items() if v is not None}), err=as_json)
    if folder is not None:
        folder = under_free_name(
            folder,
            lambda name: _write(name, result, options["plot_format"], options["force"]),
            named=bool(options["out"]),
        )
        click.echo(f"\nWritten: {folder}/", err=as_json)
    if as_json:
        echo_json("sweep", as_dict(result, seconds, folder))


def _sweep(data: str, options: dict[str, Any]) -> tuple[Sweep, Sequence[str]]:
    """Read the table, and the validation file with the same coding; return also what was done to it on the way in."""
    check_hold_out(options)
    source = open_table(data, options, group=options["group"])
    validation = read_validation(options, source)
    with watching(data) as watch:
        result = _judge(source.opened, validation, options, watch)
    return result, source.notes


def _judge(source: object, validation: object, options: dict[str, Any], watch: Watch | None) -> Sweep:
    """Call the front door with what the options say."""
    return sweep(
        source,
        learning_rates=options["learning_rates"],
        epochs=options["epochs"],
        l2=options["l2"],
        rule=options["rule"] or "gradient",
        momentum=options["momentum"],
        folds=options["folds"],
        validation=validation,
        time=options["in_time"],
        shuffle=options["shuffle"],
        objective=options["objective"],
        standardize=options["standardize"],
        fit_intercept=options["fit_intercept"],
        seed=options["seed"],
        watch=watch,
    )


def _table(result: Sweep) -> str:
    groups = list(islice(_alike(result.table), MOST_ROWS))
    rows = [(*_cells(best), f"{others:,}" if others else "") for best, others in groups]
    header = (
        "rule",
        "momentum",
        "learning rate",
        "epochs",
        "l2",
        "held-out RMSE",
        "standard error",
        "effective parameters",
        "as good",
    )
    rest = result.scores.size - sum(1 + others for _, others in groups)
    note = f"\n  … and {rest:,} settings more" if rest else ""
    if any(others for _, others in groups):
        note += "\n  as good: further settings of that rule and penalty with the same RMSE, to a hundredth of its standard error"
    return table(header, rows) + note


def _alike(settings: Sequence[Setting]) -> Iterator[tuple[Setting, int]]:
    """Yield, best first, one setting of all that cannot be told apart by their RMSE, and how many others there are."""
    groups: list[tuple[Setting, int]] = []
    newest: dict[object, int] = {}
    for setting in settings:
        kind = (setting.rule, setting.momentum, setting.l2)
        if kind in newest and _as_good(groups[newest[kind]][0], setting):
            best, others = groups[newest[kind]]
            groups[newest[kind]] = best, others + 1
        else:
            newest[kind] = len(groups)
            groups.append((setting, 0))
    yield from groups


def _as_good(best: Setting, other: Setting) -> bool:
    """Whether the RMSE of a setting is that of a better one, to a hundredth of its standard error or a part in 10,000."""
    apart = 1e-4 * best.rmse if math.isnan(best.standard_error) else 0.01 * best.standard_error
    return other.rmse - best.rmse <= apart


def _cells(setting: Setting) -> tuple[str, ...]:
    momentum = "" if setting.momentum is None else f"{setting.momentum:g}"
    error = "" if math.isnan(setting.standard_error) else number(setting.standard_error, 4)
    return (
        setting.rule,
        momentum,
        number(setting.learning_rate, 5),
        f"{setting.epochs:,}",
        f"{setting.l2:g}",
        number(setting.rmse),
        error,
        number(setting.effective_parameters, 4),
    )


def _sentences(result: Sweep) -> list[str]:
    best, simple = result.best, result.one_standard_error
    sentences = [f"Best: {_words(best)}, held-out RMSE {number(best.rmse)}."]
    if not math.isnan(best.standard_error) and simple != best:
        sentences.append(
            f"Simplest within one standard error ({number(best.standard_error, 3)}): {_words(simple)}, RMSE {number(simple.rmse)}."
        )
    limit = float(result.stability_limits[0, 0])
    if not math.isinf(limit):  # of a rule without closed form none is known
        sentences.append(f"Stability limit on all rows: {number(limit)} for {result.rules[0][0]}.")
    beyond = sum(1 for score in result.scores.ravel() if math.isinf(score))
    if beyond:
        sentences.append(f"{pluralize(beyond, 'setting')} left float64: they diverge.")
    return sentences


def _words(setting: Setting) -> str:
    momentum = "" if setting.momentum is None else f", momentum {setting.momentum:g}"
    return f"{setting.rule}{momentum}, learning rate {number(setting.learning_rate, 5)}, {pluralize(setting.epochs, 'epoch')}, l2 {setting.l2:g}"


def _write(folder: Path, result: Sweep, plot_format: str, force: bool) -> None:
    """Write sweep.json and, where there is a map to draw, a heat map for each rule."""
    with whole_folder(folder, force=force) as scratch:
        text = json.dumps(as_dict(result, None, None), indent=1, allow_nan=False, ensure_ascii=False)
        (scratch / "sweep.json").write_text(text + "\n", encoding="utf-8")
        if len(result.learning_rates) > 1 and len(result.epochs) > 1:
            for i, (name, _) in enumerate(result.rules):
                suffix = "" if len(result.rules) == 1 else f"-{i + 1}-{name}"
                picture = HeatMapDisplay.from_sweep(result, rule=i)
                save(picture, scratch / f"heat_map{suffix}.{plot_format}", plot_format)


def as_dict(result: Sweep, seconds: float | None, folder: Path | None) -> dict[str, Any]:
    """Return a sweep as JSON types; infinite and undefined numbers become null."""

    def setting(value: Setting) -> dict[str, Any]:
        return {key: run_folder.finite(item) for key, item in vars(value).items() if key != "rule_object"}

    return {
        "rows": result.triangle.row_count,
        "rules": [{"rule": name, "momentum": momentum} for name, momentum in result.rules],
        "learning_rates": list(result.learning_rates),
        "epochs": list(result.epochs),
        "l2": list(result.l2),
        "best": setting(result.best),
        "one_standard_error": setting(result.one_standard_error),
        "stability_limits": [
            [run_folder.finite(limit) for limit in limits] for limits in result.stability_limits.tolist()
        ],
        "table": [setting(value) for value in result.table],
        "seconds": seconds,
        "out": None if folder is None else str(folder),
    }
