"""Strict JSON: what the browser sends, checked field by field before anything else sees it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from steepest.lab.answers import Refusal
from steepest.support.words import shorten

MOST_BYTES = 65_536
LONGEST_INTEGER = 30  # digits; no field needs more, and thousands take time to read

Check = Callable[[str, Any], Any]
"""Takes a field's name and value and returns the value; raises Refusal."""
MISSING = object()


def fields(body: bytes, checks: Mapping[str, tuple[Check, Any]]) -> dict[str, Any]:
    """Return the fields of a JSON object, each checked.

    Args:
        body: UTF-8 text.
        checks: for each field its check, and its value where it is absent (MISSING: it must be there).

    Raises:
        Refusal: 400 with the field's name, for anything else than one such object.
    """
    content = _object(body)
    for name in content:
        if name not in checks:
            raise Refusal(400, f"there is no field {shorten(name)} here; the fields are {_listed(checks)}.", name[:80])
    found = {}
    for name, (check, default) in checks.items():
        if name not in content and default is MISSING:
            raise Refusal(400, f"the field {name} is missing; the fields are {_listed(checks)}.", name)
        found[name] = check(name, content[name]) if name in content else default
    return found


def _listed(checks: Mapping[str, object]) -> str:
    return ", ".join(checks) or "none"


def _object(body: bytes) -> dict[str, Any]:
    """Read one JSON object; NaN, Infinity and 1e999 are left to the checks, which know the field."""
    try:
        content = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise Refusal(400, "the body must be JSON in UTF-8; this holds bytes that are not.") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply; a flat JSON object is expected.") from None
    except json.JSONDecodeError as error:
        raise Refusal(400, f"the body must be one JSON object; at character {error.pos} there is none.") from None
    if not isinstance(content, dict):
        raise Refusal(400, f"the body must be one JSON object; got {_kind(content)}.")
    return content


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise Refusal(400, f"the field {shorten(name)} is given twice. Give it once.", name[:80])
        content[name] = value
    return content


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _kind(value: Any) -> str:
    """What kind of value this is, in JSON's words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), f"the number {value!r}")


def text(name: str, value: Any) -> str:
    """Check a text."""
    if not isinstance(value, str):
        raise Refusal(400, f"{name} must be a text; got {_kind(value)}.", name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal(400, f"{name} holds half a character (a lone surrogate). Give whole ones.", name) from None
    return value


def texts_or_null(name: str, value: Any) -> tuple[str, ...] | None:
    """Check a list of texts, at least one, or null."""
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        raise Refusal(400, f"{name} must be null or a list of at least one text; got {_kind(value)}.", name)
    return tuple(text(name, one) for one in value)


def whole(least: int, most: int) -> Check:
    """Return the check of a whole number from `least` to `most`."""

    def check(name: str, value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            what = value if type(value) in (int, float) else _kind(value)
            raise Refusal(400, f"{name} must be a whole number from {least} to {most}; got {what}.", name)
        return value

    return check


def number(least: float, most: float) -> Check:
    """Return the check of a number from `least` to `most`."""

    def check(name: str, value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise Refusal(400, f"{name} must be a number from {least:g} to {most:g}; got {_kind(value)}.", name)
        return float(value)

    return check


def choice(*words: str) -> Check:
    """Return the check of one of a few words."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            given = shorten(value) if isinstance(value, str) else _kind(value)
            raise Refusal(400, f"{name} must be one of {', '.join(words)}; got {given}.", name)
        return value

    return check


def pairs(most: int, largest: float) -> Check:
    """Return the check of a list of [x, y], at most `most`, of numbers up to `largest`."""

    def check(name: str, value: Any) -> list[tuple[float, float]]:
        if not isinstance(value, list) or len(value) > most:
            given = f"{len(value):,} of them" if isinstance(value, list) else _kind(value)
            raise Refusal(400, f"{name} must be a list of at most {most} pairs [x, y]; got {given}.", name)
        return [_pair(name, i, one, largest) for i, one in enumerate(value, start=1)]

    return check


def _pair(name: str, i: int, value: Any, largest: float) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2 or not _are_numbers(value, largest):
        raise Refusal(400, f"{name} must hold pairs [x, y] of numbers up to {largest:g}; number {i} is none.", name)
    return float(value[0]), float(value[1])


def _are_numbers(values: Sequence[Any], largest: float) -> bool:
    return all(type(value) in (int, float) and abs(value) <= largest for value in values)
