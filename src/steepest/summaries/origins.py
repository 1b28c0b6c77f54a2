"""Origins: which tables a triangle is of; of many merges the last ones, and how many came before them."""

from typing import Any

Origins = tuple[dict[str, Any], ...]
MOST_LISTED = 500  # tables listed, about 100 kB in a file
UNLISTED = "earlier tables"


def join(a: Origins, b: Origins) -> Origins:
    """Return the origins of both, the last MOST_LISTED of them listed and the earlier ones counted in one entry in front.

    The same for (a, b), c as for a, (b, c).

    Example:
        >>> day = ({"name": "a day's table", "rows": 10},)
        >>> year = ()
        >>> for _ in range(600):
        ...     year = join(year, day)
        >>> len(year), year[0]["name"], year[0]["rows"]
        (501, '100 earlier tables, not listed', 1000)
    """
    both = (*a, *b)
    listed = [origin for origin in both if origin.get("kind") != UNLISTED]
    earlier = [origin for origin in both if origin.get("kind") == UNLISTED]
    if len(listed) <= MOST_LISTED and not earlier:
        return both
    cut = max(0, len(listed) - MOST_LISTED)
    tables = unlisted(both) + cut
    rows = sum(int(origin.get("rows") or 0) for origin in (*earlier, *listed[:cut]))
    entry = {"kind": UNLISTED, "name": f"{tables:,} earlier tables, not listed", "tables": tables, "rows": rows}
    return (entry, *listed[cut:])


def unlisted(origins: Origins) -> int:
    """Return how many tables are counted and not listed: nobody can tell whether one of them is added once more."""
    return sum(int(origin.get("tables") or 0) for origin in origins if origin.get("kind") == UNLISTED)
