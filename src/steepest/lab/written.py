"""Written: how a text file is written, in the form's words, and as the library takes it."""

from collections.abc import Mapping
from typing import Any

from steepest.data.sources.locate import TextOptions
from steepest.lab.strict_json import Check, choice

DELIMITERS = {"auto": None, "comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "colon": ":", "space": " "}
DECIMALS = {"point": ".", "comma": ","}
ENCODINGS = ("utf-8", "utf-16", "latin-1")
AS_USUAL = {"delimiter": "auto", "decimal": "point", "encoding": "utf-8"}
"""What a file is read as at first."""
CHECKS: dict[str, tuple[Check, Any]] = {
    "delimiter": (choice(*DELIMITERS), AS_USUAL["delimiter"]),
    "decimal": (choice(*DECIMALS), AS_USUAL["decimal"]),
    "encoding": (choice(*ENCODINGS), AS_USUAL["encoding"]),
}
"""The fields of a post that say how its file is written."""


def text_options(asked: Mapping[str, Any]) -> TextOptions:
    """Return what a post says about its file's text, as the library takes it; what it leaves out is as usual."""
    said = {**AS_USUAL, **{key: asked[key] for key in AS_USUAL if key in asked}}
    return TextOptions(DELIMITERS[said["delimiter"]], DECIMALS[said["decimal"]], said["encoding"])


def unusual(text: TextOptions) -> dict[str, str]:
    """Return the options of `open_source` that say how a text is written, without those that go without saying."""
    usual = TextOptions()
    return {key: getattr(text, key) for key in AS_USUAL if getattr(text, key) != getattr(usual, key)}
