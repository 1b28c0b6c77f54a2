"""What `steepest path` prints: some of the penalties, the chosen model, and the order in which its inputs come in."""

import math

import numpy as np

from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_notes import path_notes
from steepest.analysis.path_order import order_of_inputs
from steepest.analysis.path_result import Path
from steepest.cli.text import shorten, table
from steepest.data.sources.log_target import own_names
from steepest.support.words import join_names, number, numbers, pluralize

MOST_PENALTIES = 10  # lines of the table, besides those of both choices
MOST_INPUTS = 30  # lines of the chosen model
MOST_ZEROS = 8  # inputs that are named on a line of zeros


def penalty_table(path: Path) -> str:
    """Return a line for about ten penalties: inputs in use, errors, and which are the best and the simplest as good."""
    held_out = path.fold_mse.shape[1] > 0
    marks = _marks(path) if held_out else {}
    evenly = np.linspace(0, len(path.penalties) - 1, MOST_PENALTIES).round().astype(int).tolist()
    places = sorted({*evenly, *marks} if len(path.penalties) > MOST_PENALTIES else range(len(path.penalties)))
    in_use = (path.coefficients(path.penalties[places]) != 0).sum(axis=1)
    own, held = path.error_names
    errors, held_out_errors = getattr(path, own)(path.penalties[places]), getattr(path, held)
    columns = [
        numbers(path.penalties[places].tolist()),
        [f"{count:,}" for count in in_use],
        numbers(errors.tolist()),
    ]
    if held_out:
        columns.append(_held_out(held_out_errors[places].tolist(), path.standard_errors[places].tolist()))
        columns.append([marks.get(place, "") for place in places])
    rows = list(zip(*columns, strict=True))
    header = ("penalty", "inputs in use", path.measure, *((f"held-out {path.measure}", "") if held_out else ()))
    notes = "".join(f"\n  {note}" for note in path_notes(path))
    return table(header, rows) + notes + (_others(path) if held_out else "")


def _others(path: Path) -> str:
    """A line about the l1_ratios that predict held-out rows less well, or ""."""
    if not path.others:
        return ""
    found = [f"{number(one.l1_ratio)} ({number(float(one.cv_errors.min()))})" for one in path.others]
    return f"\n  Of the l1_ratios {number(path.l1_ratio)} predicts held-out rows best; less well: {', '.join(found)}."


def _marks(path: Path) -> dict[int, str]:
    """The places of both choices among the penalties, with what each is called."""
    marks: dict[int, str] = {}
    for model, name in ((path.best, "best"), (path.one_standard_error, "one standard error")):
        place = int(np.flatnonzero(path.penalties == model.penalty)[0])
        marks[place] = f"{marks[place]}, {name}" if place in marks else name
    return marks


def model_lines(path: Path, model: SparseModel, reason: str) -> str:
    """Return the chosen model: why, its errors, and its coefficients in the order in which the inputs come in."""
    own, held = (getattr(model, name) for name in path.error_names)
    errors = f"{path.measure} {number(own)}"
    if not math.isnan(held):
        errors += f", held-out {path.measure} {_held_out([held], [model.standard_error])[0]}"
    counts = f"{len(model.active):,} of {pluralize(len(model.features), 'input')} in use"
    first = f"Chosen: penalty {number(model.penalty)}, {reason}; {counts}, {errors}."
    values = dict(zip(model.features, model.coefficients.tolist(), strict=True))
    order = order_of_inputs(path)
    rows = [("bias", f"{model.bias:.10g}", "")] if path.fit_intercept else []
    rows += [(shorten(name), f"{values[name]:.10g}", _entry(at)) for name, at in order if values[name] != 0]
    when = "comes in below penalty" if path.is_linear_between_knots else "in use from penalty"
    lines = [first, "", table(("", "coefficient", when), rows[:MOST_INPUTS])]
    if len(rows) > MOST_INPUTS:
        lines.append(f"  … and {len(rows) - MOST_INPUTS:,} more")
    return "\n".join((*lines, *_zeros(path, values, order)))


def _zeros(path: Path, values: dict[str, float], order: tuple[tuple[str, float], ...]) -> list[str]:
    """The inputs that are not in use, a line for those of other penalties and one for those of none."""
    elsewhere = [(name, at) for name, at in order if values[name] == 0]
    known = {name for name, _ in order} | {*path.triangle.constant_features}
    never = [name for name in values if name not in known]
    lines = []
    if elsewhere:
        names = [f"{shorten(name, 24)} ({_entry(at)})" for name, at in elsewhere]
        lines.append(f"  0 here, in use at other penalties: {_listed(names)}")
    if never:
        down = number(float(path.penalties[-1]))
        lines.append(f"  0 at every penalty down to {down}: {_listed([shorten(name, 24) for name in never])}")
    return lines


def log_line(path: Path) -> str:
    """Return what predictions of a logarithm are, or "" where the target is none."""
    if not path.triangle.log_target:
        return ""
    target = shorten(own_names(path.triangle)[0])
    return f"\n  Errors are of the logarithm; predictions of {target} are exp of the fit, a median rather than a mean."


def _entry(penalty: float) -> str:
    return "not penalized" if math.isinf(penalty) else number(penalty)


def _held_out(errors: list[float], standard_errors: list[float]) -> list[str]:
    """Errors with their standard errors where those are known, a column in one form."""
    large = max((abs(value) for value in errors), default=0.0) >= 1e12
    spreads = [f"{value:.3g}" if large else number(value, 3) for value in standard_errors]
    both = zip(numbers(errors), spreads, standard_errors, strict=True)
    return [error if math.isnan(known) else f"{error} ± {spread}" for error, spread, known in both]


def _listed(names: list[str]) -> str:
    if len(names) <= MOST_ZEROS:
        return join_names(names) if len(names) < 5 else ", ".join(names)
    return f"{', '.join(names[:MOST_ZEROS])} and {len(names) - MOST_ZEROS:,} more"
