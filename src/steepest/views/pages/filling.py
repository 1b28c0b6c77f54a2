"""Filling: texts and numbers into the places of a page, so that none of them leaves its place or asks the network."""

import base64
import hashlib
import json
import re
from typing import Any


def filled(template: str, **parts: str) -> str:
    """Put each part in the place of its {name}; other braces stay.

    Example:
        >>> filled("<b>{name}</b> {}", name="a")
        '<b>a</b> {}'
    """
    return re.sub(r"\{(" + "|".join(parts) + r")\}", lambda match: parts[match[1]], template)


def as_json(content: Any) -> str:
    """Return JSON that ends no script element and starts no comment, whatever names are in it.

    Example:
        >>> as_json({"name": "</script>"})
        '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    dumped = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    return re.sub("[<>&\u2028\u2029]", lambda match: escapes[match[0]], dumped)


def policy_of(*scripts: str, connect: str) -> str:
    """Return a content security policy: these very scripts and no other, no address to load from or send to but the one that serves.

    Bokeh writes style attributes and style elements, so styles must be let in; images are those it draws itself.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
