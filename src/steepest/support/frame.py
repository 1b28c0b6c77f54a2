"""Frame: columns as a data frame of the library that somebody has, none of which is needed otherwise."""

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any, Literal, get_args

from steepest.errors import UsageError
from steepest.support.arguments import check_word

Library = Literal["pandas", "polars", "pyarrow"]
MAKERS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}


def frame(columns: Mapping[str, Any], library: Library | None = None) -> Any:
    """Return columns as a data frame.

    Args:
        columns: values by name, all of one length.
        library: "pandas", "polars" or "pyarrow" (a table); by default the first of them that is installed.

    Raises:
        UsageError: the library is unknown or not installed; says what to install.

    Example:
        >>> frame({"epoch": [0, 1], "loss": [2.0, 1.0]}, "polars").shape
        (2, 2)
    """
    if library is not None:
        check_word("library", library, get_args(Library))
    wanted: tuple[str, ...] = get_args(Library) if library is None else (library,)
    there = next((name for name in wanted if importlib.util.find_spec(name) is not None), None)
    if there is None:
        missing = "pandas, polars or pyarrow, and none of them is" if library is None else f"{library}, which is not"
        raise UsageError(f"a data frame needs {missing} installed.", f"install it: pip install {library or 'pandas'}")
    make = getattr(importlib.import_module(there), MAKERS[there])
    return make({name: list(values) if isinstance(values, tuple) else values for name, values in columns.items()})
