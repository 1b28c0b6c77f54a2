"""`steepest predict`: a run and a table in, the table with predictions beside it out."""

import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from steepest.analysis.classification import check_threshold
from steepest.analysis.coefficient_table import check_confidence
from steepest.cli.json_output import echo_json
from steepest.cli.standard_input import as_path
from steepest.cli.table import text_options, watching
from steepest.cli.text import printable
from steepest.data.batch import Batch
from steepest.data.sources.offset_rows import without_offset
from steepest.data.sources.table_source import TableSource
from steepest.errors import UsageError
from steepest.models.class_column import with_codes
from steepest.models.intervals import with_limits
from steepest.models.link import through_link
from steepest.models.model import Model, load
from steepest.models.prediction_file import PredictionCounts, check_name, settled, write_predictions
from steepest.models.predictions import asked_offset, open_inputs, predict_batches
from steepest.support.arrays import FloatArray
from steepest.support.files import behind, refuse_existing_file
from steepest.support.scratch import scratch_beside
from steepest.support.words import number, pluralize

MOST_SHOWN = 5  # labels


class NumberOrColumn(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases of click alone
    """A finite number, or else the name of a column."""

    name = "number or column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """Return the number, or the name as it is."""
        try:
            found = float(value)
        except ValueError:
            return str(value)
        return found if math.isfinite(found) else str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """What help shows."""
        return "NUMBER|NAME"


NUMBER_OR_COLUMN = NumberOrColumn()


@click.command(name="predict")
@click.argument("run", type=click.Path())
@click.argument("data")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False),
    default=None,
    help="The file to write: .csv, .tsv, .jsonl (also .gz, .zst) or .parquet; default: CSV on stdout.",
)
@click.option(
    "--name", default=None, help="Name of the new column; default: prediction, or class where classes are predicted."
)
@click.option(
    "--threshold",
    type=float,
    default=None,
    help="Of two classes: the probability above which the second is predicted; default: 0.5.",
)
@click.option(
    "--exposure",
    type=NUMBER_OR_COLUMN,
    default=None,
    help="Of a model with an exposure: one for all rows, such as 1 for counts per unit, or the name of its column; default: the column it learned with.",
)
@click.option(
    "--offset",
    type=NUMBER_OR_COLUMN,
    default=None,
    help="Of a model with an offset: one for all rows, such as 0, or the name of its column; default: the column it learned with.",
)
@click.option(
    "--interval",
    type=float,
    default=None,
    metavar="0.95",
    help="Add the columns lower and upper: limits between which so large a share of new rows lies.",
)
@click.option(
    "--missing",
    type=click.Choice(["error", "drop", "empty"]),
    default="error",
    show_default=True,
    help="Rows with missing inputs: refuse and count them; leave them out; or leave their prediction empty.",
)
@click.option(
    "--unseen",
    type=click.Choice(["error", "reference"]),
    default="error",
    show_default=True,
    help="Categories that the model does not know: refuse, or take them for the reference.",
)
@text_options
@click.option("--safe-csv", "safe", is_flag=True, help="Put ' before texts that a spreadsheet would run as a formula.")
@click.option("--force", is_flag=True, help="Replace the file given with -o.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout about what was written; needs -o.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say what was written.")
def command(run: str, data: str, out: str | None, force: bool, as_json: bool, quiet: bool, **options: Any) -> None:
    """Predict the target of every row of DATA with the model of RUN, a run folder or its model.json.

    All columns of DATA are written, and the predictions beside them; DATA is read twice, in bounded memory. Where it has
    the target, RMSE and MAE (mean absolute error) are printed. Of classes the probabilities and the predicted class are
    written, and the accuracy is printed.

    Example: steepest predict runs/penguins examples/penguins.csv -o predicted.csv
    """
    if out is None and (as_json or force):
        raise UsageError("--json and --force go with a file. Name it: -o predicted.csv")
    if out is not None:
        check_name(out)
        refuse_existing_file(out, force=force)
    model = load(run)
    verdict = model.training.get("verdict")
    if isinstance(verdict, dict) and verdict.get("kind") == "diverges":
        click.echo("Note: the run that this model is of diverges, so its predictions mean nothing.", err=True)
    if options["interval"] is not None:
        check_confidence(options["interval"], "interval")
    _refuse(model, options)
    if len(model.targets) > 1 and options["interval"] is not None:
        raise UsageError("intervals are for models of one target. Leave --interval out.")
    # a killed command leaves its scratch folder, also for standard output; beside a fixed name the next one finds it
    with scratch_beside(behind(out) if out else Path(tempfile.gettempdir()) / "predictions.csv") as folder:
        file = Path(out) if out else folder / "predictions.csv"
        counts = _write(run, model, data, file, folder, force, options)
        if out is None:
            _print(file)
    if as_json or not quiet:
        _report(counts, model, out, as_json)


def _refuse(model: Model, options: dict[str, Any]) -> None:
    """Raise UsageError where an option does not go with the model's loss."""
    if options["interval"] is not None and model.loss != "squared":
        raise UsageError(
            f"intervals are for models of squared loss; this one is of {model.loss} loss. Leave --interval out."
        )
    if options["threshold"] is None:
        return
    if model.loss != "logistic":
        raise UsageError(f"--threshold is for models of two classes; this one is of {model.loss} loss. Leave it out.")
    check_threshold(options["threshold"])


def _write(
    run: str, model: Model, data: str, file: Path, scratch: Path, force: bool, options: dict[str, Any]
) -> PredictionCounts:
    """Predict and write."""
    text = {
        key: options[key]
        for key in ("delimiter", "decimal", "encoding", "thousands", "comment", "percent", "currency", "database")
    }
    text |= {"missing": options["missing"], "unseen": options["unseen"]}
    text |= asked_offset(model.offset, as_path(data), options["offset"], options["exposure"])
    source = settled(open_inputs(as_path(data), model.features, model.coding, **text), scratch)
    table = without_offset(source)
    names = _names(model, options["name"])
    # one exposure for all rows is not that of their targets; a column called as the target is an input where the model has one
    alone = isinstance(options["exposure"], float) or isinstance(options["offset"], float)
    with watching(data) as watch:
        blocks: Iterator[tuple[Batch, FloatArray]] = predict_batches(source, model.weights, model.bias, watch)
        if options["interval"] is not None:
            blocks, names = with_limits(blocks, run, model, options["interval"]), [*names, "lower", "upper"]
        blocks = through_link(blocks, model.loss, model.target_scale)
        if model.names_classes:
            blocks = with_codes(blocks, 0.5 if options["threshold"] is None else options["threshold"])
        counts = write_predictions(
            file,
            source,
            blocks,
            names,
            keep_all=options["missing"] == "empty",
            target=None if alone or model.column in table.coding.raw_names else model.column,
            labels=model.labels if model.names_classes else (),
            safe=options["safe"],
            force=force,
        )
    if model.target_scale is not None:
        click.echo(f"Note: predictions are {printable(model.target_scale.sentence(model.targets))}.", err=True)
    if isinstance(table, TableSource):
        for note in table.header_notes:
            click.echo(f"Note: {printable(note)}.", err=True)
    replaced = table.tally[-1].replaced if isinstance(table, TableSource) and table.tally else 0
    if replaced:
        click.echo(
            f"Note: {pluralize(replaced, 'value')} of a category that the model does not know counted as the reference.",
            err=True,
        )
    return counts


def _names(model: Model, name: str | None) -> list[str]:
    """Names of the new columns: one, or one a target; of classes their probabilities and the class."""
    if model.names_classes:
        shown = model.labels[1:] if model.loss == "logistic" else model.labels
        return [*(f"probability of {label}" for label in shown), name or "class"]
    name = name or "prediction"
    return [name] if len(model.targets) == 1 else [f"{name} of {target}" for target in model.targets]


def _print(file: Path) -> None:
    """Copy a file to stdout."""
    with file.open("rb") as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer)
    sys.stdout.flush()


def _report(counts: PredictionCounts, model: Model, out: str | None, as_json: bool) -> None:
    """Say what was written, for people or for programs."""
    target = model.column
    if as_json:
        content: dict[str, Any] = {
            "out": out,
            "rows": counts.rows,
            "left_out": counts.left_out,
            "empty": counts.empty,
            "target": target,
            "rmse": counts.rmse,
            "mae": counts.mae,
            "compared": counts.compared,
        }
        if model.names_classes:
            content |= {"classes": list(model.labels), "accuracy": counts.accuracy}
        if model.target_scale is not None:
            content["log_target"] = model.target_scale.as_json()
        echo_json("predict", content)
        return
    parts = [pluralize(counts.rows, "row")]
    parts += [f"{counts.left_out:,} left out for missing values"] if counts.left_out else []
    parts += [f"{counts.empty:,} without a prediction for missing values"] if counts.empty else []
    if counts.rmse is not None and counts.mae is not None:
        errors = f"RMSE against {printable(target)} {number(counts.rmse)}, MAE {number(counts.mae)}"
        parts.append(f"{errors} ({pluralize(counts.compared, 'row')})")
    if counts.accuracy is not None:
        parts.append(
            f"accuracy {100 * counts.accuracy:.3g}% against {printable(target)} ({pluralize(counts.compared, 'row')})"
        )
    if counts.unknown:
        more = f" and {len(counts.unknown) - MOST_SHOWN:,} more" if len(counts.unknown) > MOST_SHOWN else ""
        labels = printable(", ".join(counts.unknown[:MOST_SHOWN]))
        parts.append(f"not compared, with labels that the model does not know: {labels}{more}")
    click.echo((f"Written: {printable(out)}: " if out else "") + ", ".join(parts), err=out is None)
