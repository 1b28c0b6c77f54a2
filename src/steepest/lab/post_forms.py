"""Post forms: the fields of each post of JSON, with their types and bounds, checked before anything else sees them."""

import json
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from steepest.lab.answers import Refusal
from steepest.lab.form import DEFAULTS
from steepest.lab.runs import LARGEST, MOST_DEGREE, MOST_POINTS
from steepest.support.words import shorten

MOST_BYTES = 65_536
MOST_HELD_OUT = 0.5
LONGEST_INTEGER = 30  # digits; no field needs more, and thousands take time to read

Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\ud800-\udfff]*\Z")]  # whole characters: no lone surrogate
Degree = Annotated[int, msgspec.Meta(ge=1, le=MOST_DEGREE)]
Coordinate = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]


class PostForm(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a post holds: these fields and no others."""


class Begin(PostForm, frozen=True):
    """Begin a session, with the token where the server asks for one."""

    token: Text | None = None


class Written(PostForm, frozen=True):
    """How a file of text is written."""

    delimiter: Literal["auto", "comma", "semicolon", "tab", "bar", "colon", "space"] = DEFAULTS["delimiter"]  # type: ignore[assignment]
    decimal: Literal["point", "comma"] = DEFAULTS["decimal"]  # type: ignore[assignment]
    encoding: Literal["utf-8", "utf-16", "latin-1"] = DEFAULTS["encoding"]  # type: ignore[assignment]


class Open(Written, frozen=True, kw_only=True):
    """Open the table that was sent."""

    target: Text
    features: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)] | None = None
    missing: Literal["error", "drop", "indicator"] = "error"
    held_out: Annotated[float, msgspec.Meta(ge=0, le=MOST_HELD_OUT)] = 0.0
    degree: Degree = 1


class Points(PostForm, frozen=True):
    """Open points that were set by hand."""

    points: Annotated[list[tuple[Coordinate, Coordinate]], msgspec.Meta(max_length=MOST_POINTS)]
    degree: Degree = 1


class Saved(PostForm, frozen=True):
    """Save a page."""

    which: Literal["given", "opened", "drawn"]


class Nothing(PostForm, frozen=True):
    """A post without fields."""


FORMS: dict[str, type[PostForm]] = {
    "/session": Begin,
    "/columns": Written,
    "/open": Open,
    "/points": Points,
    "/cancel": Nothing,
    "/page": Saved,
    "/end": Nothing,
}
"""The form of each post of JSON, by its address."""
AnyForm = TypeVar("AnyForm", bound=PostForm)


def read_form(body: bytes, form: type[AnyForm]) -> AnyForm:
    """Return the form that a body of JSON fills.

    Raises:
        Refusal: 400 for anything else, with the field's name where one is wrong.
    """
    try:
        # json tells of a field given twice, of which msgspec would take the last; msgspec knows the types
        content = json.loads(body.decode(), object_pairs_hook=_without_duplicates, parse_int=_integer)
        return msgspec.convert(content, form)
    except msgspec.ValidationError as error:
        raise _wrong(error, form) from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply; a flat JSON object is expected.") from None
    except json.JSONDecodeError as error:
        raise Refusal(400, f"the body must be one JSON object; at character {error.pos} there is none.") from None
    except UnicodeError:
        raise Refusal(400, "the body must be JSON in UTF-8; this holds bytes that are not.") from None


def _wrong(error: msgspec.ValidationError, form: type[PostForm]) -> Refusal:
    """The refusal that says which field is wrong, as far as one is."""
    reason, _, place = str(error).replace("`", "").partition(" - at $.")
    field: str | None = place.partition("[")[0]
    for start in ("Object contains unknown field ", "Object missing required field "):
        if reason.startswith(start):
            field = reason.removeprefix(start)[:80]
    fields = ", ".join(form.__struct_fields__) or "none"
    sentence = f"{place or 'the body'}: {reason[0].lower()}{shorten(reason[1:], 150)}. The fields here are: {fields}."
    return Refusal(400, sentence, field or None)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise Refusal(400, f"the field {shorten(name)} is given twice. Give it once.", name[:80])
        content[name] = value
    return content


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)
