"""Page: what the server gives to every browser alike: no secret in it, and nothing of anybody's data."""

import re

import numpy as np

from steepest.lab.runs import run_payload
from steepest.pages.document import document
from steepest.pages.payload import Json
from steepest.sources import open_source
from steepest.summarize import read

META = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')


def lab_page() -> tuple[bytes, str]:
    """Return the lab's page, and the content security policy that it is sent with.

    The policy lets the page ask this very server and no other, and no page show it in a frame.
    """
    html = document(line_payload())
    found = META.search(html)
    if found is None:
        raise ValueError("the page has no content security policy of its own")
    policy = f"{found[2]}; connect-src 'self'"
    # a page's own policy cannot say who may frame it; the header can
    return META.sub(
        lambda meta: meta[1] + policy + meta[3], html, count=1
    ).encode(), f"{policy}; frame-ancestors 'none'"


def line_payload() -> Json:
    """Return the payload of the tutorial's line, which the page shows before anything is opened."""
    x = np.arange(1.0, 301.0)
    return run_payload(read(open_source(x[:, None], 0.5 * x + 2, features=["x"], target="y")), "A line")
