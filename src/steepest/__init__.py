"""Gradient descent for linear models that you can see, predict and trust.

import steepest
run = steepest.descend(X, y, learning_rate=1e-4, epochs=200_000)
print(run.verdict)
"""

import importlib.util
import sys

import lazy_loader

from steepest.support.version import __version__ as __version__

# The public names and their modules are in the stub beside this file, once for Python and for type checkers.
_load, _, _names = lazy_loader.attach_stub(__name__, __file__)

_NEED_SKLEARN = {
    "GradientDescentClassifier",
    "GradientDescentClassifierCV",
    "GradientDescentRegressor",
    "GradientDescentRegressorCV",
}

__all__ = sorted([*_names, "__version__"])
if importlib.util.find_spec("sklearn") is None:  # so that `from steepest import *` takes what there is
    __all__ = [name for name in __all__ if name not in _NEED_SKLEARN]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for; of any other, say which is nearest."""
    if name in _names:
        return _load(name)
    message = f"module {__name__!r} has no attribute {name!r}"
    if not name.startswith("_"):
        from difflib import get_close_matches  # noqa: PLC0415 - only a misspelt name needs it

        nearest = get_close_matches(name, __all__, n=1)
        message += f". Did you mean {nearest[0]!r}?" if nearest else f"; dir({__name__}) lists its public names"
    # with `obj` and without `name`, the interpreter does not add a suggestion of its own to ours
    raise AttributeError(message, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return __all__.copy()
