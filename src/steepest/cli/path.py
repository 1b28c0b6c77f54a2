"""`steepest path`: the sparse models of every penalty, and the one to choose, from one pass."""

import math
import shlex
import time
from pathlib import Path as FilePath
from typing import Any, get_args

import click

from steepest.analysis.path import path
from steepest.analysis.path_choice import choose_model
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice, features_of
from steepest.cli.finish import choose_folder, stem, under_free_name
from steepest.cli.hold_out import check_hold_out, hold_out_options, read_validation
from steepest.cli.json_output import echo_json
from steepest.cli.loss import path_loss
from steepest.cli.path_text import log_line, model_lines, penalty_table
from steepest.cli.shared_options import Numbers, json_option, plot_format_option, quiet_option, standardize_option
from steepest.cli.table import Names, Table, open_like, open_table, shown, table_options, watching
from steepest.cli.text import printable
from steepest.data.coding import Coding
from steepest.errors import UsageError
from steepest.models import path_folder
from steepest.objectives.loss_choice import LossChoice, name_of
from steepest.objectives.solution_path import PathMethod
from steepest.summaries.triangle import Triangle
from steepest.support.files import PICTURE_FORMATS, refuse_existing_file, write_whole
from steepest.support.words import join_names, pluralize
from steepest.views.plots import CoefficientPathDisplay, as_bytes

WORDS = {word.replace("_", "-"): word for word in get_args(PathChoice)}


class Choice(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A way to choose a model, or its penalty."""

    name = f"{'|'.join(WORDS)}|penalty"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the word as Python has it, or the penalty."""
        if not isinstance(value, str) or value in WORDS:
            return WORDS.get(value, value) if isinstance(value, str) else value
        try:
            penalty = float(value)
        except ValueError:
            self.fail(f"{value!r} is no penalty, and none of {', '.join(WORDS)}.", param, context)
        if penalty == 0:
            self.fail("without a penalty no input is left out. Fit all of them (steepest fit).", param, context)
        if not 0 < penalty < math.inf:
            self.fail(f"a penalty is a finite number above 0; got {value}.", param, context)
        return penalty


@click.command(name="path")
@table_options
@click.option(
    "--loss",
    type=click.Choice(["squared", "logistic", "poisson", "huber"]),
    default=None,
    help="What a row costs; default: squared, logistic for a target of two texts or yes and no.",
)
@click.option(
    "--l1-ratio",
    type=Numbers(float),
    default="1",
    show_default=True,
    help="Share of the penalty that is l1, above 0; 1 is the lasso, less an elastic net. Of several the best on held-out rows.",
)
@click.option(
    "--penalties",
    type=Numbers(float),
    default=None,
    help="Penalties to judge on held-out rows; default: 100 from the largest that matters to a thousandth of it.",
)
@hold_out_options
@click.option("--no-folds", is_flag=True, help="Hold no rows out; the model is chosen by BIC.")
@standardize_option("Penalize coefficients of inputs of mean 0 and standard deviation 1, or of the inputs as they are.")
@click.option("--positive", is_flag=True, help="Keep the coefficients of penalized inputs from being negative.")
@click.option(
    "--adaptive",
    type=float,
    default=None,
    metavar="POWER",
    help="Penalize each input less, the larger its least-squares coefficient: divide by |w|^POWER, usually 1.",
)
@click.option("--relaxed", is_flag=True, help="Fit the inputs that a penalty leaves anew, without a penalty.")
@click.option(
    "--method",
    type=click.Choice(get_args(PathMethod)),
    default="homotopy",
    show_default=True,
    help="homotopy: the exact path. coordinate_descent: each penalty by itself, slower.",
)
@click.option(
    "--unpenalized",
    type=Names(),
    multiple=True,
    callback=lambda context, param, lists: tuple(name for names in lists for name in names),
    help="Columns that are always in use and not penalized.",
)
@click.option(
    "--choose",
    type=Choice(),
    default=None,
    help="The model to keep; default: best, the smallest held-out error, or without held-out rows bic.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the folds.")
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    default=None,
    help="Folder for model, table, pictures and page; default: a new one below runs/.",
)
@click.option("--no-out", is_flag=True, help="Write no folder.")
@click.option("--force", is_flag=True, help="Replace the folder given with --out, and the file given with --plot.")
@click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False),
    default=None,
    help="A file for the picture of the coefficients, .svg or .png.",
)
@plot_format_option
@json_option
@quiet_option
def command(data: str, as_json: bool, **options: Any) -> None:
    """Follow the lasso, or the elastic net, of DATA through every penalty, exactly, in one pass, and choose a model.

    minimize Σr²/(2n) + penalty·Σ(l1_ratio·|w| + (1 - l1_ratio)/2·w²): the penalty is scikit-learn's alpha, in units of the target
    where inputs are standardized. Held-out rows of folds, or a criterion, say which penalty to take. With --loss the mean loss of
    the rows stands in place of Σr²/(2n), and each penalty takes some passes.

    Example: steepest path examples/penguins.csv --target body_mass_g --choose one-standard-error
    """
    folder = _check(data, options)
    began = time.perf_counter()
    result, source, loss, reason_of_loss = _follow(data, options)
    choose: PathChoice | float = "best" if result.fold_mse.shape[1] else "bic"
    choose = choose if options["choose"] is None else options["choose"]
    model, reason = choose_model(result, choose)
    seconds = time.perf_counter() - began
    knots = pluralize(len(result.knots), "knot")
    click.echo(
        f"{shown(data)}: {pluralize(result.triangle.row_count, 'row')}, the path of the {result.kind} "
        f"with {knots} in {seconds:.2f} s{', the data read once' if result.error_names[0] == 'rmse' else ''}",
        err=as_json,
    )
    reasons = [f"loss chosen: {name_of(loss)}, {reason_of_loss}"] if reason_of_loss else []
    click.echo("".join(f"  {printable(note)}\n" for note in (*source.notes, *reasons)), err=as_json)
    click.echo(penalty_table(result), err=as_json)
    click.echo(f"\n{model_lines(result, model, reason)}{log_line(result)}", err=as_json)
    folder = _write(result, choose, folder, options)
    _say_next(folder, options["picture"], as_json)
    if as_json:
        more = {"seconds": seconds, "out": None if folder is None else str(folder)}
        echo_json("path", {**path_folder.describe(result, choose), **more})


def _check(data: str, options: dict[str, Any]) -> FilePath | None:
    """Refuse what cannot be done before any work, and return the folder to write, None for none."""
    check_hold_out(options)
    if options["no_folds"]:
        given = [f"--{name}" for name in ("group", "validation") if options[name]]
        given += ["--time"] if options["in_time"] else []
        if given:
            raise UsageError(f"--no-folds holds no rows out, and {join_names(given)} says which. Give one of them.")
    file, named = options["picture"], options["force"] and bool(options["out"] or not options["picture"])
    if file is not None:
        if FilePath(file).suffix[1:] not in PICTURE_FORMATS:
            raise UsageError(f"a picture is .svg or .png; got --plot {file}.")
        refuse_existing_file(file, force=options["force"])
    return choose_folder(options["out"], options["no_out"], named, f"path-{stem(data)}")


def _follow(data: str, options: dict[str, Any]) -> tuple[Path, Table, LossChoice, str | None]:
    """Read the table, and the validation file with the same coding, follow the path, and say why on this loss."""
    wanted = options["loss"] or ("squared" if options["log_target"] else "auto")
    source = open_table(data, options, group=options["group"], loss=wanted)
    loss, reason = path_loss(source.opened, options)
    validation: object = None
    if options["validation"]:
        is_squared = name_of(loss) == "squared"
        validation = (
            read_validation(options, source)
            if is_squared
            else open_like(options["validation"], options, source.opened).opened
        )
    if isinstance(source.opened, Triangle) and validation is None and not options["no_folds"]:
        raise UsageError(
            f"{shown(data)} is a triangle, whose rows are gone, so that none can be held out.",
            "choose by a criterion (--no-folds)",
            "name held-out rows (--validation FILE)",
            "give the table itself",
        )
    with watching(data) as watch:
        result = path(
            source.opened,
            loss=loss,
            l1_ratio=ratios[0] if len(ratios := options["l1_ratio"]) == 1 else ratios,
            penalties=options["penalties"],
            also=(options["choose"],) if isinstance(options["choose"], float) else (),
            penalty_factors=_factors(options["unpenalized"], source.opened.features, source.opened.coding),
            positive=options["positive"],
            adaptive=options["adaptive"],
            relaxed=options["relaxed"],
            method=options["method"],
            standardize=options["standardize"],
            fit_intercept=options["fit_intercept"],
            folds=None if options["no_folds"] else options["folds"],
            validation=validation,
            time=options["in_time"],
            shuffle=options["shuffle"],
            seed=options["seed"],
            watch=watch,
        )
    return result, source, loss, reason


def _factors(names: tuple[str, ...], features: tuple[str, ...], coding: Coding | None) -> dict[str, float] | None:
    """Return a factor of 0 for each feature that is made of a column that is not to be penalized."""
    free: set[str] = set()
    for name in names:
        made = features_of(name, features, coding)
        if not made:
            known = features if coding is None else coding.raw_names
            raise UsageError(
                f"--unpenalized names an unknown input, {printable(name)!r}. The inputs are {join_names(known)}."
            )
        free |= made
    if free.issuperset(features):
        raise UsageError("--unpenalized names every input, and a path needs one to penalize. Name fewer.")
    return dict.fromkeys(free, 0.0) if free else None


def _write(
    result: Path, choose: PathChoice | float, folder: FilePath | None, options: dict[str, Any]
) -> FilePath | None:
    """Write the picture and the folder that were asked for, and return the folder's name."""
    if options["picture"] is not None:
        content = as_bytes(CoefficientPathDisplay.from_path(result), FilePath(options["picture"]).suffix[1:])
        write_whole(options["picture"], content, force=options["force"])
    if folder is None:
        return None
    origins = result.triangle.origins
    data = origins[0] if len(origins) == 1 else {"kind": "triangles", "origins": list(origins)} if origins else {}

    def write(name: FilePath) -> None:
        path_folder.write(name, result, choose, data=data, plot_format=options["plot_format"], force=options["force"])

    return under_free_name(folder, write, named=bool(options["out"]))


def _say_next(folder: FilePath | None, picture: str | None, to_stderr: bool) -> None:
    """Say what was written, and which commands go on from it."""
    lines = [] if picture is None else [f"Written: {printable(picture)}"]
    if folder is not None:
        lines += [f"Written: {folder}/", f"  Look: {folder / 'report.html'} in the browser"]
        predict = shlex.join(["steepest", "predict", str(folder), "NEW.csv", "-o", "predicted.csv"])
        lines += [f"  Next: {predict}", f"        {shlex.join(['steepest', 'export', str(folder), '--to', 'sql'])}"]
    if lines:
        click.echo("\n" + "\n".join(lines), err=to_stderr)
