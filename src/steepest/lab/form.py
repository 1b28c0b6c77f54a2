"""Form: what the page's form asks of a file and of a table, as the library takes it, and how messages name its fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steepest.data.sources.locate import TextOptions
from steepest.errors import Message, Option, Phrase, Wording

DELIMITERS = {"auto": None, "comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "colon": ":", "space": " "}
DECIMALS = {"point": ".", "comma": ","}
DEFAULTS = {"delimiter": "auto", "decimal": "point", "encoding": "utf-8"}
"""What a file is read as at first."""


def text_options(request: Mapping[str, Any]) -> TextOptions:
    """Return what a post says about its file's text, as the library takes it; what it leaves out is as at first."""
    chosen = {**DEFAULTS, **{key: request[key] for key in DEFAULTS if key in request}}
    return TextOptions(DELIMITERS[chosen["delimiter"]], DECIMALS[chosen["decimal"]], chosen["encoding"])


def changed_options(text: TextOptions) -> dict[str, str]:
    """Return the options of `open_source` that say how a text is written, without those that go without saying."""
    usual = TextOptions()
    return {key: getattr(text, key) for key in DEFAULTS if getattr(text, key) != getattr(usual, key)}


@dataclass(frozen=True)
class Field:
    """A field of the form, by which a message names an option of the library.

    Args:
        name: of the field in a post.
        label: as the page shows it.
        choices: of the field, by the values of the option.
    """

    name: str
    label: str
    choices: Mapping[object, str] = field(default_factory=dict)


WRITTEN = "“How the file is written”, "
FIELDS = {
    "missing": Field(
        "missing", "“Rows with missing values”", {"drop": "leave them out", "indicator": "0 and an indicator"}
    ),
    "exclude": Field("features", "untick it"),
    "delimiter": Field(
        "delimiter", WRITTEN + "“Fields separated by”", {value: key for key, value in DELIMITERS.items()}
    ),
    "decimal": Field("decimal", WRITTEN + "“Decimal mark”", {value: key for key, value in DECIMALS.items()}),
    "encoding": Field("encoding", WRITTEN + "“Encoding”", {"utf-8": "UTF-8", "utf-16": "UTF-16", "latin-1": "Latin-1"}),
    "degree": Field("degree", "“Powers up to”"),
    "target": Field("target", "“Target”"),
    "l2": Field("l2", "“Penalty l2”"),
}
"""The form's fields, by the options of the library that they stand for."""


class FormWording(Wording):
    """How the page names options.

    Args:
        listed: whether the form shows the table's columns; before that there is none to untick.

    Example:
        >>> from steepest.errors import DataError
        >>> from steepest.support.remedies import as_categories, leave_out
        >>> error = DataError("column 'k' is DATE, not a number.", leave_out("k"), as_categories("k"))
        >>> FORM.message(error), FORM.field(error)
        ("column 'k' is DATE, not a number. Leave the column out (untick it).", 'features')
    """

    def __init__(self, listed: bool = True) -> None:
        self._fields = {name: field for name, field in FIELDS.items() if listed or field.name != "features"}

    def option(self, option: Option) -> str | None:
        """Return the field of an option and the choice that it offers, or None where the form has none such."""
        field = self._fields.get(option.name)
        if field is None:
            return None
        if option.value is None or option.value is ... or not field.choices:
            return field.label
        choice = field.choices.get(option.value)
        return choice and f"{field.label}: {choice}"

    def field(self, message: Message) -> str | None:
        """Return the field of a post that the first remedy with a field would have changed, or None."""
        for remedy in message.remedies:
            if isinstance(remedy, Phrase) and self.remedy(remedy):
                options = (part for part in remedy.parts if isinstance(part, Option))
                return next((self._fields[option.name].name for option in options), None)
        return None


FORM = FormWording()
