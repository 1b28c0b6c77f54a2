"""Page: what the server gives to every browser alike: no secret in it, and nothing of anybody's data."""

from steepest.lab.sets import payloads
from steepest.views.pages.document import document


def lab_page() -> tuple[bytes, str]:
    """Return the lab's page, and the content security policy that it is sent with.

    The policy lets the page ask this very server and no other, and no page show it in a frame.
    """
    made = document(payloads(), served={})
    # a page's own policy cannot say who may frame it; the header can
    return made.html.encode(), f"{made.policy}; frame-ancestors 'none'"
