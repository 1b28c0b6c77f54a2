"""Every error and warning that steepest raises, each with the exit status the command line gives it.

    SteepestError                      anything below; never raised itself
    ├── UsageError (ValueError)        an option outside its range, or two that do not go together   exit 2
    ├── DataError (ValueError)         the table cannot be used as it is                              exit 3
    │   ├── DataTypeError (TypeError)  ... because of what kind of thing it is
    │   ├── MissingValuesError         ... because values are missing
    │   └── ModelFileError             ... because it is a file of ours that is damaged or foreign
    ├── ClusterError (RuntimeError)    the cluster cannot be reached, or was lost               exit 1
    └── DivergenceError (ArithmeticError)   the run grows without bound                               exit 4

    SteepestWarning (UserWarning)
    └── DataWarning                    something in the table that the reader should know

A message says what was given, what was expected and what to try next.
"""


class SteepestError(Exception):
    """The root of every error that steepest raises on purpose; `exit_code` is the status of the command line."""

    exit_code = 1


class UsageError(SteepestError, ValueError):
    """An option has a value outside its range, or two options contradict each other."""

    exit_code = 2


class DataError(SteepestError, ValueError):
    """The table cannot be used as it is."""

    exit_code = 3


class DataTypeError(DataError, TypeError):
    """The data is of a kind that steepest does not take (sparse, masked, complex, text, dates)."""


class MissingValuesError(DataError):
    """Values are missing; the message counts them for each column."""


class ModelFileError(DataError):
    """A model, triangle or run file is damaged, foreign or of an unknown version."""


class ClusterError(SteepestError, RuntimeError):
    """The cluster cannot be reached, was lost, or does not fit; nothing was kept."""


class DivergenceError(SteepestError, ArithmeticError):
    """The run grows without bound; the message gives the stability limit and a rate that would do."""

    exit_code = 4


class SteepestWarning(UserWarning):
    """The root of every warning that steepest gives."""


class DataWarning(SteepestWarning):
    """Something in the table that the reader should know, although the answer is defined."""
