"""`steepest sweep --batch-sizes`: batch sizes and learning rates judged by forecast, from one pass."""

from typing import Any

import click
from click.core import ParameterSource

from steepest.cli.json_output import echo_json
from steepest.cli.next_step import next_fit
from steepest.cli.table import open_table, shown
from steepest.cli.text import printable, table
from steepest.descent.batch_grid import BatchGrid
from steepest.descent.forecast import Forecast, forecast_of
from steepest.descent.minibatch import Batches
from steepest.errors import UsageError
from steepest.objectives.problem import Problem
from steepest.rules.gradient import GradientRule
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.row_sample import RowSampler
from steepest.support.words import epochs as in_epochs
from steepest.support.words import number, percent, pluralize

EPOCHS = (1, 10, 100)
OF_FOLDS = ("learning_rates", "validation", "group", "momentum", "out")


def sweep_batches(data: str, as_json: bool, options: dict[str, Any]) -> None:
    """Print for each batch size and number of epochs the learning rate with the smallest expected loss.

    Raises:
        UsageError: an option belongs to sweeps over folds of full-batch runs.
    """
    _check(options)
    opened = open_table(data, options)
    sampler = RowSampler(
        options["seed"], coordinates_name(options["standardize"]), fit_intercept=options["fit_intercept"]
    )
    summary = opened.read(sample_rows=0, see=sampler.add)
    settings = {key: options[key] for key in ("objective", "fit_intercept")}
    problem = Problem.of(summary.triangle, coordinates_name(options["standardize"]), l2=options["l2"][0], **settings)
    sizes, counts = sorted(set(options["batch_sizes"])), sorted(set(options["epochs"] or EPOCHS))
    batches = [Batches(size, "replacement", options["seed"]) for size in sizes]
    forecast = forecast_of(problem, sampler.sample(), opened.rows, batches[0], "auto", counts[-1])
    grids = [forecast.grid(count, sizes) for count in counts]
    last = grids[-1].best
    click.echo(
        f"{shown(data)}: {pluralize(problem.triangle.row_count, 'row')}, batches judged by forecast, the data read once",
        err=as_json,
    )
    click.echo("".join(f"  {printable(note)}\n" for note in opened.notes), err=as_json, nl=False)
    click.echo(table(_HEADER, [row for grid in grids for row in _rows(grid, forecast)]), err=as_json)
    click.echo(
        f"\nBest after {in_epochs(counts[-1])}: batches of {pluralize(last.batch_size, 'row')} at learning rate {number(last.learning_rate, 5)}: "
        f"on average over runs {number(last.excess, 4)} above the minimum loss {number(forecast.minimum)}, rows drawn with replacement.",
        err=as_json,
    )
    chosen = {"batch_size": last.batch_size, "learning_rate": f"{last.learning_rate:.5g}", "epochs": counts[-1]}
    click.echo(next_fit(data, **chosen, order="replacement"), err=as_json)
    if as_json:
        echo_json("sweep_batches", _as_json(grids, forecast))


_HEADER = ("epochs", "batch size", "learning rate", "of its limit", "expected loss above the minimum", "of the minimum")


def _check(options: dict[str, Any]) -> None:
    given = [f"--{name.replace('_', '-')}" for name in OF_FOLDS if options[name] is not None]
    given += [f"--rule {name}" for name in options["rule"] if name != GradientRule.name]
    given += [word for word, is_given in _others(options).items() if is_given]
    if given:
        raise UsageError(
            "--batch-sizes is judged by forecast for plain gradient descent, at learning rates of its own and without folds; "
            f"leave out {', '.join(given)}."
        )


def _others(options: dict[str, Any]) -> dict[str, bool]:
    """What else is of folds, and whether it is given."""
    return {
        "--time": options["in_time"],
        "--no-shuffle": not options["shuffle"],
        "--folds": click.get_current_context().get_parameter_source("folds") is ParameterSource.COMMANDLINE,
        "several values of --l2": len(options["l2"]) > 1,
    }


def _rows(grid: BatchGrid, forecast: Forecast) -> list[tuple[str, ...]]:
    """A row for each batch size, the best one marked."""
    rows: list[tuple[str, ...]] = []
    for size, limit, rates, excess in zip(
        grid.batch_sizes.tolist(), grid.stability_limits.tolist(), grid.learning_rates, grid.excess, strict=True
    ):
        best = int(excess.argmin())
        share = percent(float(excess[best]) / forecast.minimum) if forecast.minimum > 0 else ""
        mark = "  best" if size == grid.best.batch_size else ""
        rate = float(rates[best])
        rows.append(
            (
                f"{grid.passes:,}",
                f"{size:,}",
                number(rate, 5),
                percent(rate / limit),
                number(float(excess[best]), 4),
                share + mark,
            )
        )
    return rows


def _as_json(grids: list[BatchGrid], forecast: Forecast) -> dict[str, Any]:
    """What the table holds, as JSON types."""
    last = grids[-1].best
    return {
        "rows": forecast.row_count,
        "minimum": forecast.minimum,
        "best": {"epochs": grids[-1].passes, **last._asdict()},
        "table": [
            {
                "epochs": grid.passes,
                "batch_size": size,
                "learning_rate": float(rates[excess.argmin()]),
                "stability_limit": limit,
                "excess": float(excess.min()),
            }
            for grid in grids
            for size, limit, rates, excess in zip(
                grid.batch_sizes.tolist(), grid.stability_limits.tolist(), grid.learning_rates, grid.excess, strict=True
            )
        ],
    }
