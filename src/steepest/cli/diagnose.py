"""`steepest diagnose`: what descent on a table will be like, before any run."""

import json
import math
from pathlib import Path
from typing import Any

import click

from steepest.analysis.diagnosis import TOLERANCES, Diagnosis, View, diagnose
from steepest.cli.finish import choose_folder
from steepest.cli.json_output import echo_json
from steepest.cli.loss import squared_only
from steepest.cli.next_step import next_fit
from steepest.cli.shared_options import (
    batch_options,
    json_option,
    objective_option,
    plot_format_option,
    standardize_option,
)
from steepest.cli.table import Table, cluster_option, notes, open_table, table_options, take
from steepest.cli.text import shorten, table
from steepest.descent.forecast import Forecast, forecast_of
from steepest.descent.minibatch import Batches, Order
from steepest.descent.settings import Auto
from steepest.errors import UsageError
from steepest.objectives.problem import Problem
from steepest.rules.registry import names_with
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.row_sample import RowSampler
from steepest.summaries.triangle import Triangle
from steepest.support.files import whole_folder
from steepest.support.words import epochs, momentum, number
from steepest.views.plots import OF_FORECASTS, save

MOST_MODES = 12
EPOCHS = 10


@click.command(name="diagnose")
@table_options
@squared_only("diagnose speaks of")
@cluster_option
@click.option("--learning-rate", "--lr", type=float, default=None, help="A learning rate to judge as well.")
@click.option("--l2", type=float, default=0.0, show_default=True, help="Ridge penalty, never on the intercept.")
@objective_option
@standardize_option("Speak of standardized inputs; the first table shows all.")
@batch_options
@click.option(
    "--epochs", type=int, default=EPOCHS, show_default=True, help="Number of epochs to forecast for mini-batches."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    default=None,
    help="Folder for the diagnosis and, with --batch-size, its pictures; default: none.",
)
@click.option("--force", is_flag=True, help="Replace the folder given with --out.")
@plot_format_option
@json_option
def command(
    data: str,
    as_json: bool,
    batch_size: int | None,
    order: Order,
    epochs: int,
    out: str | None,
    force: bool,
    plot_format: str,
    **options: Any,
) -> None:
    """Say what gradient descent on DATA will be like: stability limit, best rates, epochs needed, slow directions.

    Example: steepest diagnose examples/penguins.csv --target body_mass_g
    """
    batches = None if batch_size is None else Batches(batch_size, order)
    if batches is None and (order != "shuffled" or epochs != EPOCHS):
        raise UsageError(
            "--order and --epochs are about mini-batches, and there are none.", "give --batch-size", "leave them out"
        )
    if force and not out:
        raise UsageError("--force replaces the folder given with --out.", "give --out as well")
    folder = choose_folder(out, not out, force, "")
    opened = open_table(data, options)
    sampler = RowSampler(0, coordinates_name(options["standardize"]), fit_intercept=options["fit_intercept"])
    see = sampler.add if batches is not None and options["cluster"] is None else None
    summary = opened.read(sample_rows=0, cluster=options["cluster"], see=see)
    diagnosis = diagnose(summary.triangle, **take(options))
    forecast = None
    if batches is not None:
        forecast = _forecast(opened, summary.triangle, sampler, batches, epochs, options)
    answer = as_dict(diagnosis) | ({} if forecast is None else {"mini_batch": _as_json(forecast)})
    if folder is not None:
        _write(folder, answer, forecast, plot_format, force)
    if as_json:
        echo_json("diagnose", answer | ({} if folder is None else {"out": str(folder)}))
        return
    click.echo(notes(summary) + str(diagnosis) + "\n")
    click.echo(_coordinates_table(diagnosis) + "\n")
    click.echo(_rules_table(diagnosis.view) + "\n")
    click.echo(_modes_table(diagnosis.view) + ("" if forecast is None else f"\n{forecast}\n") + next_fit(data))
    if folder is not None:
        click.echo(f"\nWritten: {folder}/")


def _forecast(
    opened: Table, triangle: Triangle, sampler: RowSampler, batches: Batches, epochs: int, options: dict[str, Any]
) -> Forecast:
    """Say what batches of rows will do; rows that a cluster has read are looked at once more."""
    settings = {key: options[key] for key in ("objective", "l2", "fit_intercept")}
    problem = Problem.of(triangle, coordinates_name(options["standardize"]), **settings)
    if not sampler.row_count:
        for batch in opened.rows():
            sampler.add(batch)
    rate: float | Auto = "auto" if options["learning_rate"] is None else options["learning_rate"]
    return forecast_of(problem, sampler.sample(), opened.rows, batches, rate, epochs)


def _write(folder: Path, answer: dict[str, Any], forecast: Forecast | None, plot_format: str, force: bool) -> None:
    """Write diagnosis.json and, where batches are spoken of, a picture of each kind."""
    with whole_folder(folder, force=force) as scratch:
        text = json.dumps(answer, indent=1, allow_nan=False, ensure_ascii=False)
        (scratch / "diagnosis.json").write_text(text + "\n", encoding="utf-8")
        for name, kind in OF_FORECASTS.items() if forecast is not None else ():
            save(kind.from_forecast(forecast), scratch / f"{name}.{plot_format}", plot_format)


def _as_json(forecast: Forecast) -> dict[str, Any]:
    """What batches will do, as JSON types; null where it leaves float64 or grows."""
    numbers = {
        "stability_limit": forecast.stability_limit,
        "guaranteed_rate": forecast.guaranteed_rate,
        "floor": forecast.floor,
        "minimum": forecast.minimum,
    }
    return {
        "batch_size": forecast.batches.size,
        "order": forecast.batches.order,
        "learning_rate": forecast.learning_rate,
        "critical_batch": forecast.critical_batch,
        "sentence": str(forecast),
        "loss": [float(loss) if math.isfinite(loss) else None for loss in forecast.loss()],
        "standard_error": [float(error) if math.isfinite(error) else None for error in forecast.standard_error()],
    } | {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _coordinates_table(diagnosis: Diagnosis) -> str:
    """Raw, centred and standardized side by side, plain gradient descent at its best rate."""
    header = ("inputs", "condition number", "stability limit", "best rate", *(f"epochs to {t:g}" for t in TOLERANCES))
    rows = []
    for view in diagnosis.views.values():
        needed = view.rules[0].epochs
        cells = (number(view.condition_number), number(view.stability_limit), number(view.best_learning_rate))
        rows.append((view.name, *cells, *(_count(k) for k in needed)))
    if diagnosis.learning_rate is not None:
        given = [diagnosis.epochs_to(t, diagnosis.learning_rate) for t in TOLERANCES]
        rows.append(
            (
                f"{diagnosis.in_force}, at the given rate",
                "",
                "",
                number(diagnosis.learning_rate),
                *(_count(k) for k in given),
            )
        )
    return table(header, rows)


def _rules_table(view: View) -> str:
    header = (
        f"rule ({view.name} inputs)",
        "best rate",
        "momentum",
        "stability limit",
        *(f"epochs to {t:g}" for t in TOLERANCES),
    )
    rows = []
    for advice in view.rules:
        beta = "" if advice.momentum is None else momentum(advice.momentum)
        # a rule that takes its steps from the modes has no rate to set, and no limit of one
        limit = number(advice.stability_limit) if advice.rule in names_with("learning_rate") else ""
        rows.append((advice.rule, number(advice.learning_rate), beta, limit, *(_count(k) for k in advice.epochs)))
    return table(header, rows)


def _modes_table(view: View) -> str:
    modes = view.modes
    shown = modes if len(modes) <= MOST_MODES else (*modes[: MOST_MODES // 2], *modes[-MOST_MODES // 2 :])
    rows = [(shorten(mode.words, 60), number(mode.eigenvalue), _count(mode.epochs)) for mode in shown]
    left_out = len(modes) - len(shown)
    note = f"\n  {left_out} modes between them are not shown; --json has all" if left_out else ""
    return (
        table(
            (f"mode ({view.name} inputs), steepest first", "eigenvalue", "epochs to a millionth at the best rate"), rows
        )
        + note
    )


def _count(k: int | None) -> str:
    return "never" if k is None else epochs(k).rsplit(" ", 1)[0]


def as_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as JSON types; infinity becomes null."""
    return {
        "rows": diagnosis.row_count,
        "features": list(diagnosis.features),
        "target": diagnosis.targets[0],
        "objective": diagnosis.objective,
        "l2": diagnosis.l2,
        "in_force": diagnosis.in_force,
        "constant": list(diagnosis.constant),
        "collinear": list(diagnosis.dependent),
        "rank": diagnosis.rank,
        "parameters": diagnosis.size,
        "learning_rate": diagnosis.learning_rate,
        "epochs_at_learning_rate": None
        if diagnosis.learning_rate is None
        else {f"{t:g}": diagnosis.epochs_to(t, diagnosis.learning_rate) for t in TOLERANCES},
        "coordinates": {name: _view_dict(view) for name, view in diagnosis.views.items()},
        "sentences": diagnosis.sentences(),
    }


def _view_dict(view: View) -> dict[str, Any]:
    rules = [
        {
            "rule": advice.rule,
            "learning_rate": advice.learning_rate,
            "momentum": advice.momentum,
            "stability_limit": _finite(advice.stability_limit),
            "factor": advice.factor,
            "epochs": {f"{t:g}": k for t, k in zip(TOLERANCES, advice.epochs, strict=True)},
        }
        for advice in view.rules
    ]
    modes = [
        {"eigenvalue": m.eigenvalue, "words": m.words, "direction": m.direction.tolist(), "epochs": m.epochs}
        for m in view.modes
    ]
    return {
        "condition_number": _finite(view.condition_number),
        "stability_limit": _finite(view.stability_limit),
        "best_learning_rate": view.best_learning_rate,
        "rules": rules,
        "modes": modes,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
