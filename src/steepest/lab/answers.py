"""Answers: status, body and headers of what goes back to the browser, and refusals with a sentence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
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
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What goes back to the browser.

    Args:
        status: of HTTP.
        body: bytes.
        kind: media type of the body.
        headers: beside those of every answer, or in their place.
    """

    status: int
    body: bytes = field(repr=False)
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The status in words."""
        return responses.get(self.status, "Unknown")

    @property
    def all_headers(self) -> dict[str, str]:
        """All headers: those of every answer, then this one's own."""
        length = str(len(self.body))
        return {**ALWAYS, "Content-Type": self.kind, "Content-Length": length, **self.headers}

    def raw(self) -> bytes:
        """The whole answer as bytes, for a connection that is closed after it."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in {**self.all_headers, "Connection": "close"}.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + self.body


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
    def answer(self) -> Answer:
        """The refusal as an answer."""
        return Answer(self.status, as_json({"error": self.sentence, "field": self.field}), headers=self.headers)


def as_json(content: Any) -> bytes:
    """Return JSON types as bytes.

    Raises:
        ValueError: a number is infinite or NaN.
    """
    return json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def with_payloads(content: dict[str, Any], **payloads: bytes | None) -> Answer:
    """Return an answer of JSON types beside payloads that are JSON already; None is null."""
    parts = [as_json(content)[1:-1]] if content else []
    parts += [b'"%s":%s' % (name.encode(), payload or b"null") for name, payload in payloads.items()]
    return Answer(200, b"{" + b",".join(parts) + b"}")
