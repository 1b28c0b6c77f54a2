"""Answers: the headers of all that goes back to the browser, its JSON, and refusals with a sentence."""

import json
from collections.abc import Mapping
from typing import Any

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The content security policy of every answer that is no page."""
ALWAYS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer."""
JSON = "application/json"


class Refusal(Exception):
    """A request that is not done; the browser gets the status and the sentence.

    Args:
        status: of HTTP, 4xx as a rule.
        sentence: what was given, what was expected, what to try next.
        field: the field of the request that is wrong, or None.
        headers: of the answer, beside those of every one.
    """

    def __init__(
        self, status: int, sentence: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.field, self.headers = status, sentence, field, dict(headers or {})

    @property
    def body(self) -> bytes:
        """The refusal as JSON."""
        return as_json({"error": self.sentence, "field": self.field})


def as_json(content: Any) -> bytes:
    """Return JSON types as bytes.

    Raises:
        ValueError: a number is infinite or NaN.
    """
    return json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def with_payloads(content: dict[str, Any], **payloads: bytes | None) -> bytes:
    """Return JSON types beside payloads that are JSON already, as JSON; None is null."""
    parts = [as_json(content)[1:-1]] if content else []
    parts += [b'"%s":%s' % (name.encode(), payload or b"null") for name, payload in payloads.items()]
    return b"{" + b",".join(parts) + b"}"
