"""Export to Excel: a formula for the second row of a sheet whose first row holds the names of the raw columns."""

from collections.abc import Sequence

from steepest.data.coding import Coding, Column
from steepest.errors import UsageError
from steepest.models.export.description import brief, description
from steepest.models.export.terms import (
    BOOLEAN,
    LARGEST_EXPONENT,
    ColumnTerms,
    ProductTerms,
    Terms,
    added,
    coding_of,
    factors_of,
    is_boolean,
    names_of,
    output_names,
    refuse_characters,
    refuse_many_classes,
    terms_of,
)
from steepest.models.model import Model

LONGEST_FORMULA = 8_192
LONGEST_TEXT = 127  # Excel takes 255 in one text of a formula, and counts some characters twice
MOST_LEVELS = 60  # IF inside IF: Excel nests 64 functions
LARGEST = 9.99999999999999e307
SMALLEST = 2.2250738585072014e-308


def export(model: Model) -> str:
    """Return lines that say which column goes where, then a line with the formula of each target, which starts with "=".

    Of two classes the formula is the second one's probability. Of more, formulas of their margins go into the columns behind the
    inputs, and those of the probabilities, which read them, wherever there is room.

        number A     w*A2; #N/A where the cell is empty or no number
        text B       IF(EXACT(B2,"oak"),w,…); #N/A where the cell is empty or holds what the model does not know
        boolean C    IF(ISLOGICAL(C2),IF(C2,w,0),…), or the texts and numbers that stand for TRUE and FALSE
        missing      IF(ISBLANK(A2),w,…), only where the model was fitted with missing values in that column
        exposure D   IF(D2>0,LN(D2),NA())

    Excel keeps 15 digits of a number that is typed, so predictions agree to about 14.

    Args:
        model: any whose formulas have room.

    Raises:
        UsageError: a formula is longer than Excel takes, a column has more categories than Excel nests, or a number is
            larger than Excel has.
        DataError: the model's parts do not fit together, or are not finite.
    """
    coding = coding_of(model)
    refuse_characters(model, "Excel", "\0")
    cells = {name: f"{letters(j)}2" for j, name in enumerate(names_of(model))}
    factors = factors_of(model) or (None,) * len(model.targets)
    formulas = [f"={_prediction(*of, coding, cells)}" for of in zip(terms_of(model), factors, strict=True)]
    names = list(output_names(model))
    if model.loss == "logistic":
        formulas = [f"=1/(1+EXP(MIN({LARGEST_EXPONENT},-({formulas[0][1:]}))))"]
    if model.loss == "multinomial":
        refuse_many_classes(model, "Excel")
        places = [letters(len(coding.columns) + j) for j in range(len(names))]
        formulas += _probabilities([f"{place}2" for place in places])
        names = [
            f"the {name.replace('probability', 'margin', 1)}, column {place}"
            for place, name in zip(places, names, strict=True)
        ] + names
    _refuse_long(formulas, names)
    lines = [
        *description(model, coding),
        "",
        "Row 1 holds the names, row 2 the first row of values:",
        *(f"{letters(j)}: {brief(name)}" for j, name in enumerate(names_of(model))),
        "",
        "English names of functions, commas between arguments. Excel keeps 15 digits of a number that is typed.",
        "#N/A where a value is missing that never was when the model was fitted, or a category is unknown.",
    ]
    for target, formula in zip(names, formulas, strict=True):
        lines += [f"Paste into row 2 for {brief(target)}, and fill it down:", formula]
    return "\n".join(lines) + "\n"


def letters(position: int) -> str:
    """Return the letters of a column counted from 0.

    Example:
        >>> letters(0), letters(25), letters(26), letters(16_383)
        ('A', 'Z', 'AA', 'XFD')
    """
    name, left = "", position + 1
    while left:
        left, letter = divmod(left - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _probabilities(cells: Sequence[str]) -> list[str]:
    """1 / Σ_j exp(m_j - m_k) for each of the cells that hold margins; exp of more than 709 is no number."""
    ratios = (
        added(["1" if other == own else f"EXP(MIN({LARGEST_EXPONENT},{other}-{own}))" for other in cells], "+")
        for own in cells
    )
    return [f"=1/({ratio})" for ratio in ratios]


def _refuse_long(formulas: Sequence[str], names: Sequence[str]) -> None:
    """Raise UsageError where a formula is longer than Excel takes."""
    for target, formula in zip(names, formulas, strict=True):
        length = len(formula.encode("utf-16-le")) // 2  # as Excel counts
        if length > LONGEST_FORMULA:
            raise UsageError(
                f"the formula of {target[:60]!r} has {length:,} characters; Excel takes {LONGEST_FORMULA:,}. Fit with fewer "
                "columns, or export to python, sql or onnx."
            )


def _prediction(terms: Terms, factor: float | None, coding: Coding, cells: dict[str, str]) -> str:
    """The sum of the terms, of a logarithm exp of it times a factor; #N/A where a number is missing."""
    parts = [_number(terms.bias)]
    for column in terms.columns:
        cell = cells[column.column.name]
        parts.append(_text_terms(column, cell) if column.levels else _number_terms(column, cell))
    parts += [_product(product, cells) for product in terms.products]
    parts += [] if terms.offset is None else [_offset(cells[terms.offset.name], terms.is_log)]
    total = added(parts, "+")
    total = total if factor is None else f"{_number(factor)}*EXP({total})"
    # an empty cell counts as 0 and TRUE as 1 in Excel's arithmetic: only COUNT tells them from numbers
    needed = [cells[column.name] for column in coding.columns if column.levels is None and not column.missing]
    needed += [] if terms.offset is None else [cells[terms.offset.name]]
    return f"IF({_counted(needed)}<{len(needed)},NA(),{total})" if needed else total


def _counted(cells: Sequence[str]) -> str:
    """COUNT of groups of cells: the function takes 255."""
    groups = [cells[i : i + 250] for i in range(0, len(cells), 250)]
    return "+".join(f"COUNT({','.join(group)})" for group in groups)


def _number(value: float) -> str:
    """A number with the 15 digits that Excel keeps.

    Raises:
        UsageError: it is larger than Excel has.
    """
    if abs(value) > LARGEST:
        raise UsageError(
            f"the model holds {value!r}; {LARGEST!r} is Excel's largest number. Export to python, sql or onnx."
        )
    return "0" if abs(value) < SMALLEST else f"{value:.15g}".replace("e", "E")


def _literal(text: str) -> str:
    """A text in quotes, in pieces that Excel takes; what cannot be seen is given by its number."""
    pieces: list[str | int] = []
    plain = ""
    for character in text:
        if character.isprintable():
            plain += character
        if plain and (len(plain) == LONGEST_TEXT or not character.isprintable()):
            pieces, plain = [*pieces, plain], ""
        if not character.isprintable():
            pieces.append(ord(character))
    pieces += [plain] if plain or not pieces else []
    parts = [f"UNICHAR({p})" if isinstance(p, int) else '"' + p.replace('"', '""') + '"' for p in pieces]
    return "&".join(parts)


def _offset(cell: str, is_log: bool) -> str:
    """What is added to the margin as it is; #N/A where an exposure is not above 0."""
    return f"IF({cell}>0,LN({cell}),NA())" if is_log else cell


def _number_terms(terms: ColumnTerms, cell: str) -> str:
    powers = "+".join(f"{_number(w)}*{cell}" + (f"^{k}" if k > 1 else "") for k, w in enumerate(terms.powers, start=1))
    if terms.missing is None:
        return powers
    return f"IF(ISNUMBER({cell}),{powers},IF(ISBLANK({cell}),{_number(terms.missing)},NA()))"


def _text_terms(terms: ColumnTerms, cell: str) -> str:
    """The weight of a cell's category. EXACT, since = takes "A" for "a"."""
    chosen = _choice(terms.column, cell, [_number(weight) for _, weight in terms.levels], "NA()")
    return f"IF(ISBLANK({cell}),{'NA()' if terms.missing is None else _number(terms.missing)},{chosen})"


def _choice(column: Column, cell: str, values: Sequence[str], otherwise: str) -> str:
    """The value of the cell's level, `values` belonging to the last levels; else `otherwise`.

    Raises:
        UsageError: more levels than Excel nests.
    """
    levels = (column.levels or ())[-len(values) :] if values else ()
    if len(levels) > MOST_LEVELS:
        raise UsageError(
            f"column {column.name[:60]!r} has {len(levels)} categories; Excel nests IF {MOST_LEVELS} deep. Export to python, sql or onnx."
        )
    result = otherwise
    for level, value in zip(reversed(levels), reversed(values), strict=True):
        result = f"IF({_is(column, cell, level)},{value},{result})"
    if not is_boolean(column):
        return result
    false = values[0] if len(values) == len(BOOLEAN) else "0"
    return f"IF(ISLOGICAL({cell}),IF({cell},{values[-1]},{false}),{result})"


def _is(column: Column, cell: str, level: str) -> str:
    """TRUE where a cell holds a level. A boolean's words stand between capitals, which LOWER leaves in no cell's text."""
    if not is_boolean(column):
        return f"EXACT({cell},{_literal(level)})"
    return f'ISNUMBER(FIND("X"&LOWER({cell})&"X","X{"X".join(BOOLEAN[level])}X"))'


def _product(terms: ProductTerms, cells: dict[str, str]) -> str:
    """The weights of the products of two columns; 0 where one is missing or at its reference."""
    first, second = terms.first, terms.second
    one, other = cells[first.name], cells[second.name]
    if first.levels is None and second.levels is None:
        return f"{_number(terms.weights[0][0])}*{one}*{other}"
    if first.levels is None:
        return f"{one}*{_choice(second, other, [_number(w) for w in terms.weights[0]], '0')}"
    if second.levels is None:
        return f"{other}*{_choice(first, one, [_number(row[0]) for row in terms.weights], '0')}"
    rows = [_choice(second, other, [_number(w) for w in row], "0") for row in terms.weights]
    return _choice(first, one, rows, "0")
