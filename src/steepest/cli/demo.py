"""`steepest demo`: the tutorial's run, its figures, its plots, and what it does not tell."""

import math
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from steepest import tutorial
from steepest.cli.finish import choose_folder, keep
from steepest.cli.json_output import echo_json
from steepest.cli.shared_options import NumberOrAuto, json_option, plot_format_option, quiet_option
from steepest.cli.text import log_lines, progress, table
from steepest.data.sample import Sample
from steepest.descent import loop
from steepest.descent.descend import descend
from steepest.descent.record import log_spaced
from steepest.descent.trajectory import Trajectory
from steepest.models import run_folder
from steepest.rules.gradient import GradientRule
from steepest.summaries.summarize import summarize
from steepest.support.arrays import FloatArray
from steepest.support.words import number
from steepest.views.pages import Rows
from steepest.views.plots import PredictionErrorDisplay

Data = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


@click.command(name="demo")
@click.option("--learning-rate", "--lr", type=NumberOrAuto(float), default=1e-4, show_default=True, help="η, or auto.")
@click.option(
    "--epochs", type=NumberOrAuto(int), default=200_000, show_default=True, help="Number of updates, or auto."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the test inputs.")
@click.option(
    "--loop/--no-loop",
    "with_loop",
    default=True,
    show_default=True,
    help="Take the steps one by one as well, to compare.",
)
@click.option(
    "--log-every",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Print every N-th epoch (1 = all, as the tutorial does).",
)
@click.option(
    "-o", "--out", type=click.Path(), default=None, help="Folder for the run; default: a new one below runs/."
)
@click.option("--no-out", is_flag=True, help="Write no run folder.")
@click.option("--force", is_flag=True, help="Replace the folder given with --out.")
@click.option("--keep-diverged", is_flag=True, help="Write the run folder even when the run diverges.")
@plot_format_option
@json_option
@quiet_option
def command(
    learning_rate: Any, epochs: Any, seed: int, with_loop: bool, log_every: int, as_json: bool, **options: Any
) -> int:
    """Run the tutorial: y = 0.5x + 2 on x = 1 … 300, learning rate 0.0001, 200,000 epochs.

    Prints its figures, draws its two plots, and says what it does not tell: whether it has converged.
    """
    folder = choose_folder(options["out"], options["no_out"], options["force"], "demo")
    data = tutorial.generate_data(300, 50, 0.5, 2, seed=seed)
    began = time.perf_counter()
    run = descend(data[0], data[1], learning_rate=learning_rate, epochs=epochs, objective="quarter_mse")
    losses = run.loss()
    seconds = time.perf_counter() - began
    rate = run.verdict.learning_rate
    click.echo(
        f"The tutorial: y = 0.5x + 2 on x = 1 … 300, learning rate {number(rate)}, {run.requested_epochs:,} epochs from zero.\n",
        err=as_json,
    )
    _echo_log(run, log_every, as_json)
    click.echo("\n" + _figures(run, data), err=as_json)
    click.echo(f"\n  all {len(losses) - 1:,} costs from the closed form in {1000 * seconds:.2f} ms", err=as_json)
    click.echo(f"\n{run.verdict}\n", err=as_json)
    if with_loop and run.verdict.kind != "diverges":
        click.echo(_compare(run, data, seconds), err=as_json)
    message = _keep(folder, run, data, seconds, seed, options)
    click.echo(message, err=as_json)
    if as_json:
        more = {"seconds": seconds, "out": str(folder) if message.startswith("Written") else None}
        echo_json("demo", {**run_folder.describe(run), **more})
    # an unfinished run is what this demonstration is about; a diverging one is an error of its settings
    return 4 if run.verdict.kind in ("diverges", "oscillates") else 0


def _echo_log(run: Trajectory, log_every: int, to_stderr: bool) -> None:
    """Print the tutorial's lines: the cost from before the update, weight and bias from after it."""
    if not math.isfinite(float(np.max(run.loss([run.epochs])))):
        for line in log_lines(run, log_every):
            click.echo(line, err=to_stderr)
        click.echo("  (each row after the epoch's update; the loss is Σr²/4n, the rmse √(Σr²/n))", err=to_stderr)
        return
    chosen = np.arange(log_every, run.epochs + 1, log_every) if log_every else log_spaced(run.epochs, 12)[1:]
    for part in np.array_split(chosen, max(1, len(chosen) // 4096)):
        weights, bias = run.parameters(part)
        costs = np.sqrt(2 * run.loss(part - 1))
        lines = [
            tutorial.log_line(int(k), float(c), w[:, None], float(b))
            for k, c, w, b in zip(part, costs, weights, np.atleast_1d(bias), strict=True)
        ]
        click.echo("\n".join(lines), err=to_stderr)
    click.echo(
        "  (as the tutorial logs it: the cost √(Σr²/2n) from before the epoch's update, weight and bias from after it)",
        err=to_stderr,
    )


def _figures(run: Trajectory, data: Data) -> str:
    """The tutorial's figures, each beside the truth."""
    train, train_targets, test, test_targets = data
    weights, bias = run.weights, float(run.bias)
    half_train, half_test = (
        tutorial.rmse(train, train_targets, weights, bias),
        tutorial.rmse(test, test_targets, weights, bias),
    )
    rows = [
        ("final weight", repr(float(weights[0])), "0.5"),
        ("final bias", repr(bias), "2.0"),
        ('the tutorial\'s "RMSE" on training data, √(Σr²/2n)', repr(half_train), "0.0"),
        ("the usual RMSE on training data, √(Σr²/n)", repr(math.sqrt(2) * half_train), "0.0"),
        ('the tutorial\'s "RMSE" on test data, √(Σr²/2n)', f"{half_test:.6g}", "0.0"),
        ("the usual RMSE on test data, √(Σr²/n)", f"{math.sqrt(2) * half_test:.6g}", "0.0"),
    ]
    note = "  The test inputs lie between 1,000 and 100,000, far outside 1 … 300: it is extrapolation."
    return table(("", "after the run", "true"), rows) + "\n" + note


def _compare(run: Trajectory, data: Data, seconds: float) -> str:
    """Take the tutorial's steps one by one, and set the figures side by side."""
    objective = tutorial.TutorialObjective(data[0], data[1])
    rule = GradientRule(run.verdict.learning_rate)
    began = time.perf_counter()
    with progress("the same, step by step", run.epochs) as bar:
        path = loop.run(objective, rule, np.zeros((2, 1)), run.epochs, callbacks=(bar,))
    took = time.perf_counter() - began
    (bias,), (weight,) = path.thetas[-1]
    rows = [
        ("final weight", repr(float(weight)), repr(float(run.weights[0]))),
        ("final bias", repr(float(bias)), repr(float(run.bias))),
        ("last cost", repr(float(path.losses[-2, 0])), repr(float(np.sqrt(2 * run.loss([run.epochs - 1])[0])))),
        ("time", f"{took:.2f} s", f"{1000 * seconds:.2f} ms"),
    ]
    return (
        "The same run step by step, operation for operation as in the tutorial:\n\n"
        + table(("", "step by step", "closed form"), rows)
        + "\n"
    )


def _keep(folder: Path | None, run: Trajectory, data: Data, seconds: float, seed: int, options: dict[str, Any]) -> str:
    """Write the run folder with the tutorial's two plots."""
    _, _, test, test_targets = data
    predictions = PredictionErrorDisplay.from_trajectory(
        run, test, test_targets, kind="index", title="Test rows, x from 1,000 to 100,000: extrapolation"
    )
    message, kept = keep(
        folder,
        run,
        summarize(data[0], data[1]),
        {"predictions": predictions},
        {"seconds": {"descend": seconds}, "options": {"seed": seed}},
        {"kind": "formula", "name": "tutorial.generate_data(300, 50, 0.5, 2)"},
        options,
        rows=Rows(Sample(data[0], data[1], np.arange(len(data[0]), dtype=np.uint64))),
    )
    if kept is None:
        return message
    ending = options["plot_format"]
    files = (
        (f"loss.{ending}", "the loss Σr²/4n: half the square of the tutorial's cost"),
        (f"predictions.{ending}", "predictions and targets of the test rows"),
        ("report.html", "the run as a page in the browser, with sliders"),
    )
    return "\n".join([message, *(f"  {kept / name!s:<30}  {what}" for name, what in files)])
