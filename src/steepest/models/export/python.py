"""Export to Python: one module without any dependency, whose `predict` takes a row and gives the model's numbers."""

from steepest.data.coding import Coding, Column
from steepest.models.export.description import brief, description
from steepest.models.export.terms import BOOLEAN, coding_of, factors_of, is_boolean, names_of, numbers_of, offset_of
from steepest.models.model import Model

HELPERS = '''
def _value(row, name):
    """Return what a row holds, None where that is missing: None, NaN, or a data frame's NA."""
    try:
        value = row[name]
    except (KeyError, IndexError):
        raise ValueError(f"the row has no column {name!r}. It needs {', '.join(map(repr, COLUMNS))}.") from None
    missing = (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")
    return None if missing else value


def _number(row, name, may_be_missing):
    """Return a column's number, None where it is missing and may be."""
    value = _value(row, name)
    if isinstance(value, (str, bytes)):
        raise ValueError(f"column {name!r} holds the text {value!r}. A number is needed.")
    try:
        number = None if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"column {name!r} holds {value!r}. A number is needed.") from None
    if number is None or number != number:
        return _missing(name, may_be_missing)
    if math.isinf(number):
        raise ValueError(f"column {name!r} holds {number!r}. A finite number is needed.")
    return number


def _category(row, name, may_be_missing):
    """Return the position of a column's category among its levels, None where it is missing and may be."""
    value = _value(row, name)
    if value is None:
        return _missing(name, may_be_missing)
    # tables write booleans in lower case
    text = str(value).lower() if type(value).__name__ in ("bool", "bool_") else str(value)
    if text not in LEVELS[name]:
        raise ValueError(f"column {name!r} holds {text!r}, which the model does not know. It knows {list(LEVELS[name])}.")
    return LEVELS[name].index(text)


def _boolean(row, name, may_be_missing):
    """Return 1 for true and 0 for false, however they are written, None where it is missing and may be."""
    value = _value(row, name)
    if value is None:
        return _missing(name, may_be_missing)
    for position, words in enumerate(BOOLEAN):
        if str(value).lower() in words or value == position:
            return position
    raise ValueError(f"column {name!r} holds {value!r}, which is no boolean. It takes {BOOLEAN}, in any case.")


def _missing(name, may_be_missing):
    if not may_be_missing:
        raise ValueError(f"column {name!r} is missing, and the model was fitted to rows that all have it. Give a value.")
    return None


def _sum(target, features):
    """Return bias + Σ weight · feature, added without rounding in between."""
    try:
        result = math.fsum((BIAS[target], *(w[target] * f for w, f in zip(WEIGHTS.values(), features))))
    except (OverflowError, ValueError):
        result = math.inf
    if not math.isfinite(result):
        raise ValueError("the prediction is larger than any number. Look for a wrong value in the row.")
    return result
'''

LOG = '''

def _log(exposure, name):
    """Return the logarithm of a row's exposure."""
    if not exposure > 0:
        raise ValueError(f"column {name!r} holds {exposure!r}. An exposure above 0 is needed.")
    return math.log(exposure)
'''

OWN_UNIT = '''

def _own_unit(target, log):
    """Return the target itself: exp of its fitted logarithm, times the smearing factor."""
    try:
        result = SMEARING[target] * math.exp(log)
    except OverflowError:
        result = math.inf
    if math.isinf(result):
        raise ValueError("the prediction is larger than any number. Look for a wrong value in the row.")
    return result
'''


PROBABILITY = '''

def _probability(margin):
    """Return the probability of the second class: 1/(1 + exp(-margin)), with exp of what is not above 0."""
    small = math.exp(-abs(margin))
    return (1.0 if margin >= 0 else small) / (1.0 + small)
'''

PROBABILITIES = '''

def _probabilities(margins):
    """Return the probability of each class: exp(margin) over the sum of them, the largest margin taken off."""
    largest = max(margins)
    parts = [math.exp(margin - largest) for margin in margins]
    return dict(zip(CLASSES, (part / math.fsum(parts) for part in parts)))
'''


LINKS = {"logistic": PROBABILITY, "multinomial": PROBABILITIES}


def export(model: Model) -> str:
    """Return the text of a Python module: BIAS, WEIGHTS, and `predict(row)`, which needs Python 3.7 and nothing else.

    Every name, level and number stands in it as a literal (`repr`), so none of them can be run.

    Args:
        model: any; several targets make `predict` return a mapping of target names to numbers, several classes one of
            labels to probabilities.

    Raises:
        DataError: the model's parts do not fit together, or are not finite.
    """
    coding = coding_of(model)
    lines = [*_docstring(model, coding), "", "import math", ""]
    lines.append(f"TARGETS = {tuple(model.targets)!r}")
    lines.append(f"COLUMNS = {names_of(model)!r}")
    lines += ["LEVELS = {"]
    lines += [f"    {c.name!r}: {c.levels!r}," for c in coding.columns if c.levels is not None]
    lines += ["}", f"BOOLEAN = {tuple(BOOLEAN.values())!r}", f"BIAS = {tuple(model.bias.tolist())!r}", "WEIGHTS = {"]
    lines += [
        f"    {name!r}: {tuple(row)!r}," for name, row in zip(model.features, model.weights.tolist(), strict=True)
    ]
    lines += [] if model.offset is None else [f"    {_offset_name(model)!r}: (1.0,),"]
    lines.append("}")
    lines += [f"CLASSES = {tuple(model.labels)!r}"] if model.names_classes else []
    factors = factors_of(model)
    lines += [] if factors is None else [f"SMEARING = {factors!r}"]
    lines += ["", "", *_predict(model, coding), ""]
    helpers = HELPERS + (LOG if offset_of(model)[1] else "")
    return "\n".join(lines) + helpers + ("" if factors is None else OWN_UNIT) + LINKS.get(model.loss, "")


def _docstring(model: Model, coding: Coding) -> list[str]:
    body = [line.replace("\\", "\\\\").replace('"', '\\"') for line in description(model, coding)]
    return ['"""' + body[0], "", *body[1:], '"""']


def _predict(model: Model, coding: Coding) -> list[str]:
    """The function: raw values by position, features in the order of WEIGHTS."""
    returns = "the prediction" if len(model.targets) == 1 else "the predictions, a mapping of target names to numbers,"
    if model.names_classes:
        returns = (
            f"the probability of {brief(repr(model.labels[1]))}"
            if len(model.targets) == 1
            else "the probability of each class"
        )
        returns = returns.replace("\\", "\\\\").replace('"', "'")
    lines = [
        "def predict(row):",
        f'    """Return {returns} for a row: a mapping of column names to values.',
        "",
        "    Raises:",
        "        ValueError: a column is not there, a value is missing or no number, or a category is unknown.",
        '    """',
    ]
    for j, column in enumerate(coding.columns):
        kind = "number" if column.levels is None else "boolean" if is_boolean(column) else "category"
        lines.append(f"    v{j} = _{kind}(row, {column.name!r}, {column.missing})")
        if column.levels is None:
            lines.append(f"    x{j} = 0.0 if v{j} is None else v{j}" if column.missing else f"    x{j} = v{j}")
    features = [*_features(coding), *_offset(model)]
    if coding.degree > 1:  # a power of a large number raises, where a product gives inf
        lines += ["    try:", "        features = (", *(f"            {f}," for f in features), "        )"]
        lines += ["    except OverflowError:", "        features = (math.inf,) * len(WEIGHTS)"]
    else:
        lines += ["    features = (", *(f"        {feature}," for feature in features), "    )"]
    one, each = "_sum(0, features)", "_sum(j, features)"
    if factors_of(model) is not None:
        one, each = f"_own_unit(0, {one})", f"_own_unit(j, {each})"
    if model.loss == "logistic":
        one = f"_probability({one})"
    if model.loss == "multinomial":
        return [*lines, f"    return _probabilities([{each} for j in range(len(TARGETS))])", ""]
    if len(model.targets) == 1:
        return [*lines, f"    return {one}", ""]
    return [*lines, f"    return {{target: {each} for j, target in enumerate(TARGETS)}}", ""]


def _offset(model: Model) -> list[str]:
    """An expression for what is added to the margin as it is, the last of the features, with a weight of 1."""
    column, is_log = offset_of(model)
    if column is None:
        return []
    number = f"_number(row, {column.name!r}, False)"
    return [f"_log({number}, {column.name!r})" if is_log else number]


def _offset_name(model: Model) -> str:
    """What it is called among the weights, which no feature is called."""
    column, is_log = offset_of(model)
    name = f"{'log of ' if is_log else 'offset '}{'' if column is None else column.name}"
    while name in model.features:
        name += "_"
    return name


def _features(coding: Coding) -> list[str]:
    """An expression for each feature, in the order of `Coding.expand`'s columns."""
    position = {column.name: j for j, column in enumerate(coding.columns)}
    found = []
    for column in coding.columns:
        j = position[column.name]
        found += _own(column, j)
        if column.levels is None:
            found += [f"x{j} ** {power}" for power in range(2, coding.degree + 1)]
        if column.missing:
            found.append(f"v{j} is None")
    columns = {column.name: column for column in coding.columns}
    for a, b in coding.interactions:
        one, other = _own(columns[a], position[a]), _own(columns[b], position[b])
        found += [f"{first} * {second}" for first in one for second in other]
    return found


def _own(column: Column, j: int) -> list[str]:
    return [f"x{j}"] if column.levels is None else [f"(v{j} == {i + 1})" for i in range(numbers_of(column))]
