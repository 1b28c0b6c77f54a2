"""`steepest fit`: a table in, a model and its whole run out."""

import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from steepest.analysis.coefficient_table import Inference
from steepest.analysis.evaluate import CLASSES
from steepest.analysis.smearing import Smearing
from steepest.analysis.solve import Solution
from steepest.analysis.validation import ValidationCurve, validation_curve
from steepest.cli import own_units
from steepest.cli.finish import choose_folder, choose_summary, keep, keep_summary, resumable, status, stem
from steepest.cli.goodness import Goodness, goodness
from steepest.cli.json_output import echo_json
from steepest.cli.loss import asked_loss, chosen_loss, loss_advice, loss_options
from steepest.cli.residual_pass import as_json, refined, refined_lines
from steepest.cli.shared_options import batch_options, descent_options, output_options, standardize_option
from steepest.cli.sparse import check_sparse, sparse_options
from steepest.cli.step_by_step import descended, refuse_contradictions, remove_checkpoint, step_options
from steepest.cli.summary import DataBeforeSummary, coefficient_table, summary_options, triangle_file, wants_table
from steepest.cli.table import Table, cluster_option, notes, open_like, open_table, shown, table_options
from steepest.cli.text import echo_log, settings_lines, shorten, weights_table
from steepest.data.sample import Sample
from steepest.data.sources.log_target import own_names
from steepest.data.split import Share
from steepest.descent.held_out import HeldOut
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError, without_secrets
from steepest.models import run_folder
from steepest.objectives.loss_choice import LossChoice
from steepest.summaries.partition import Split, Validation
from steepest.summaries.summarize import Summary
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.words import number, pluralize
from steepest.views.pages import Rows, problem_with
from steepest.views.plots import KINDS, OF_ROWS, BoundaryDisplay, Display, ValidationCurveDisplay


@click.command(name="fit", cls=DataBeforeSummary)
@table_options
@cluster_option
@loss_options
@descent_options
@sparse_options
@batch_options
@click.option("--drop-last", is_flag=True, help="Leave an epoch's last batch out where it has fewer rows.")
@standardize_option()
@click.option(
    "--test-size",
    type=float,
    default=0.0,
    show_default=True,
    help="Share of rows to hold out, chosen by a seeded hash of the row's position.",
)
@click.option("--test", "test_file", type=click.Path(), default=None, help="A file of rows to test on.")
@click.option(
    "--unseen",
    type=click.Choice(["error", "reference"]),
    default="error",
    show_default=True,
    help="Categories in --test FILE that DATA does not have.",
)
@summary_options
@click.option(
    "--refine",
    is_flag=True,
    help="Look at DATA again, two times as a rule, and give the exact answer to the last digits that its numbers allow.",
)
@step_options
@click.option(
    "--resume",
    is_flag=True,
    help="With --summary FILE or --checkpoint FILE: go on where an earlier pass or run was cut off.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Random seed for the choice of held-out rows and the order of batches.",
)
@output_options
def command(data: str, **options: Any) -> int:
    """Fit a linear model to DATA by gradient descent: a file, a pattern, a folder, SELECT … or a triangle.

    One pass over the rows; then every epoch is known. Prints the run, the weights in the data's own units and the
    verdict, and writes a run folder with the model, the trajectory and the plots.

    Example: steepest fit examples/penguins.csv --target body_mass_g
    """
    check_sparse(options)
    wants_table(options)
    refuse_contradictions(options)
    starts_over = triangle_file(options) or options["checkpoint"]  # what --force may be for where no folder is named
    force = options["force"] and bool(options["out"] or not starts_over)
    folder = choose_folder(options["out"], options["no_out"], force, stem(data))
    began = time.perf_counter()
    table = open_table(data, options, loss=asked_loss(options))
    chosen = chosen_loss(table.opened, options)
    test, summary = _read(table, options)
    read_seconds = time.perf_counter() - began
    began = time.perf_counter()
    fit = _fit(table, test, summary, options, chosen)
    seconds = {"read": round(read_seconds, 6), "descend": round(time.perf_counter() - began, 6)}
    _print(data, summary, fit, options)
    exit_status = _keep(data, folder, summary, fit, seconds, options)
    remove_checkpoint(options)
    return exit_status


@dataclass(frozen=True, eq=False)
class _Fit:
    """All that a fit gives beside the triangle: the run, held-out errors, and what was asked for on top."""

    run: Trajectory
    test: float | None
    curve: ValidationCurve | None
    table: Inference | None
    refined: Solution | None
    smearing: Smearing | str | None
    goodness: Goodness | None

    @property
    def extras(self) -> dict[str, Any]:
        """What was asked for, as JSON types."""
        summary = {"summary": self.table.as_json()} if self.table else {}
        refined = {"refined": as_json(self.refined)} if self.refined else {}
        measured = {"measures": self.goodness.as_json()} if self.goodness else {}
        return (
            summary
            | refined
            | measured
            | ({"log_target": own_units.as_json(self.smearing, self.run)} if self.smearing else {})
        )


def _fit(
    table: Table, test: Table | None, summary: Summary, options: dict[str, Any], chosen: tuple[LossChoice, str | None]
) -> _Fit:
    """Descend, and go over the rows once more where that is asked for."""
    share, (loss, reason) = _share(options), chosen
    run = descended(table, share, summary, options, loss)
    if reason:
        run = replace(run, reasons={"loss": reason, **run.reasons})
    held_out = summary.test if run.problem.is_quadratic else None
    return _Fit(
        run,
        _test_rmse(run, held_out),
        validation_curve(run, held_out) if held_out and run.verdict.kind != "diverges" else None,
        coefficient_table(table, share, run, options),
        refined(table, share, summary.triangle, options),
        own_units.smearing_of(table, test, share, run),
        goodness(run, table, test, share),
    )


def _print(data: str, summary: Summary, fit: _Fit, options: dict[str, Any]) -> None:
    """Print the run, its weights and errors, and the verdict."""
    to_stderr, run = options["as_json"], fit.run
    _echo(_heading(data, summary, options), to_stderr)
    _echo(notes(summary), to_stderr, newline=False)
    advice = loss_advice(summary.sample, run.targets[0], options) if run.problem.is_quadratic else None
    _echo(f"  {advice}\n" if advice else "", to_stderr, newline=False)
    _echo(settings_lines(run) + "\n", to_stderr)
    echo_log(run, options["log_every"], to_stderr)
    _echo("\n" + weights_table(run), to_stderr)
    _echo(fit.goodness.lines(run) if fit.goodness else _errors(run, summary, fit.test, fit.curve), to_stderr)
    if fit.smearing:
        _echo(own_units.own_unit_lines(fit.smearing, run), to_stderr)
    if fit.refined:
        _echo(f"\n{refined_lines(fit.refined, options['fit_intercept'])}", to_stderr)
    if fit.table:
        _echo(f"\n{fit.table}", to_stderr)
    if run.ended.reason == HeldOut.name:
        _echo(f"\n{run.ended}", to_stderr)
    _echo(f"\n{run.verdict}", to_stderr)


def _keep(
    data: str, folder: Path | None, summary: Summary, fit: _Fit, seconds: dict[str, float], options: dict[str, Any]
) -> int:
    """Write the run folder and the JSON object, and return the exit status."""
    run = fit.run
    given = {key: value for key, value in options.items() if value not in (None, "")}
    record = {
        "options": {key: without_secrets(value) if isinstance(value, str) else value for key, value in given.items()},
        "seconds": seconds,
        "test_rmse": fit.test,
        "test_r2": None if fit.test is None else _r2(fit.test, summary.test),
        **fit.extras,
    }
    message, kept = keep(
        folder,
        run,
        summary.triangle,
        _pictures(fit, summary, Path(shown(data)).name[:80]),
        record,
        summary.data,
        options,
        rows=Rows(summary.sample, summary.test, summary.test_sample),
        smearing=fit.smearing if isinstance(fit.smearing, Smearing) else None,
    )
    _echo(message, options["as_json"])
    if kept:
        if (kept / "report.html").exists():
            _echo(f"  Look: {kept / 'report.html'} in the browser", options["as_json"])
        elif why := problem_with(run):
            _echo(f"  No report.html: {why.partition('. ')[0]}", options["as_json"])
        _echo(
            f"  Next: {shlex.join(['steepest', 'predict', str(kept), 'NEW.csv', '-o', 'predicted.csv'])}",
            options["as_json"],
        )
    if options["as_json"]:
        more = {
            **fit.extras,
            "test_rmse": fit.test,
            "test_r2": record["test_r2"],
            "best_epoch": fit.curve.best_epoch if fit.curve else None,
            "seconds": seconds,
            "rows": summary.triangle.row_count,
            "out": str(kept) if kept else None,
        }
        echo_json("fit", {**run_folder.describe(run), **more})
    return status(run, options)


def _pictures(fit: _Fit, summary: Summary, title: str) -> dict[str, Display]:
    """The pictures that need more than the run: rows, and what was held out."""
    sample, test = summary.sample, summary.test_sample
    pictures = fit.goodness.pictures(title) if fit.goodness else {}
    if len(sample.X) and run_is_of_numbers(fit.run):
        pictures = {
            kind: KINDS[kind].from_trajectory(
                fit.run, *_rows(sample)[:2], held_out=_rows(test), offset=sample.offset, title=title
            )
            for kind in OF_ROWS
        }
    elif len(sample.X) and len(fit.run.features) == 2 and not fit.run.problem.has_offset:
        pictures["boundary"] = BoundaryDisplay.from_trajectory(
            fit.run, sample.X, _labels(fit.run, sample.y), title=title
        )
    if fit.curve:
        pictures["validation"] = ValidationCurveDisplay(fit.curve, title=title)
    return pictures


def _labels(run: Trajectory, y: FloatArray) -> Any:
    """The labels of rows whose codes these are, since a code may be the label of another class: 1 of the classes 1 and 2."""
    classes = run.coding.classes if run.coding is not None else ()
    return np.asarray(classes)[y[:, 0].astype(np.intp)] if classes and y.shape[1] == 1 else y


def _rows(sample: Sample) -> tuple[FloatArray, ...]:
    """The rows of a sample for a picture: X, y, and their offset where they have one."""
    return sample.X, sample.y, *(() if sample.offset is None else (sample.offset,))


def _read(table: Table, options: dict[str, Any]) -> tuple[Table | None, Summary]:
    """Read the table once; a test file is read once as well, with the same columns."""
    if options["test_size"] and options["test_file"]:
        raise UsageError("--test-size holds out rows of DATA and --test names another file; give one of them.")
    file = triangle_file(options)
    kept = choose_summary(file, options["resume"] and not options["checkpoint"], options["force"])
    split: Split | None = _share(options)
    test = None if options["test_file"] is None else open_like(options["test_file"], options, table.opened)
    if test is not None:
        held_out = test.read(seed=options["seed"])
        split = Validation(held_out.triangle, held_out.sample)
    with resumable(kept):
        summary = table.read(split, seed=options["seed"], checkpoint=kept, cluster=options["cluster"])
    if file:
        keep_summary(summary.triangle, file, kept, force=options["force"])
    return test, summary


def _share(options: dict[str, Any]) -> Share | None:
    """The share of the rows that is held out."""
    return Share.of(options["test_size"], options["seed"])


def _test_rmse(run: Trajectory, test: Triangle | None) -> float | None:
    """RMSE of the last state on held-out rows, from their triangle."""
    if test is None:
        return None
    return float(test.rmse(run.last.weights.reshape(-1, 1), run.last.bias)[0])


def _r2(rmse: float, triangle: Triangle | None) -> float | None:
    """1 - RMSE²/variance of the target among these rows; None where it does not vary."""
    spread = float(triangle.deviations[-1]) if triangle else 0.0
    return 1 - (rmse / spread) ** 2 if spread > 0 else None


def _r2_words(share: float | None) -> str:
    return number(share, 5) if share is not None else "undefined (y does not vary)"


def _heading(data: str, summary: Summary, options: dict[str, Any]) -> str:
    rows, test = summary.triangle.row_count, summary.test.row_count if summary.test else 0
    where = f" and {test:,} to test on" if test else ""
    held_out = f" (--test-size {options['test_size']:g}, seed {options['seed']})" if options["test_size"] else ""
    features, target = pluralize(len(summary.triangle.features), "feature"), shorten(_column(summary.triangle))
    return f"{shown(data)}: {pluralize(rows, 'row')} to learn from{where}{held_out}, {features}, target {target}"


def _column(triangle: Triangle) -> str:
    """The target, under the name of its column where there is one for each class."""
    return own_names(triangle)[0] if triangle.coding is not None and triangle.coding.classes else triangle.targets[0]


def run_is_of_numbers(run: Trajectory) -> bool:
    """Whether predictions can be drawn against the target: of classes they are probabilities."""
    return run.objective not in CLASSES


def _errors(run: Trajectory, summary: Summary, test: float | None, curve: ValidationCurve | None) -> str:
    if not float(run.last.rmse) < 1e150:
        return "\n  RMSE √(Σr²/n): beyond what can be said"
    least = f" (exact minimum {number(float(run.optimum.rmse))})" if run.problem.separation is None else ""
    line = f"\n  RMSE √(Σr²/n): {number(float(run.last.rmse))}{least}, in units of {shorten(run.targets[0])}"
    line += f"; R² {_r2_words(_r2(float(run.last.rmse), summary.triangle))}"
    if test is not None:
        line += f"\n  RMSE on test rows: {number(test)}; R² {_r2_words(_r2(test, summary.test))}"
    if curve is not None:
        line += f"; smallest at epoch {curve.best_epoch:,}: {number(curve.best_rmse)}"
    return line


def _echo(text: str, to_stderr: bool, newline: bool = True) -> None:
    click.echo(text, err=to_stderr, nl=newline)
