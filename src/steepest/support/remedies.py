"""Remedies: what messages advise to try next by way of an option; each door calls the options by its own names."""

from steepest.errors import Option, Phrase

LONGEST_NAME = 80  # characters of a column's name that an advice repeats


def leave_out(column: str | None = None) -> Phrase:
    """Leave a column out of the inputs.

    Example:
        >>> from steepest.errors import DataError
        >>> str(DataError("column 'k' is DATE, not a number.", leave_out("k")))
        'column \\'k\\' is DATE, not a number. Leave the column out (exclude=["k"]).'
    """
    return "leave the column out (" + Option("exclude", _named(column)) + ")"


def as_categories(column: str) -> Phrase:
    """Take a column for categories although its values look like numbers."""
    return "take it for categories (" + Option("categorical", _named(column)) + ")"


def fields_separated(by: str | None = None) -> Phrase:
    """Say what stands between the fields of a text file."""
    return "say what separates its fields (" + Option("delimiter", by or ...) + ")"


def encoded(encoding: str) -> Phrase:
    """Say how the characters of a text file are encoded."""
    return "give its encoding (" + Option("encoding", encoding) + ")"


def unseen_as(reference: str) -> Phrase:
    """Take categories that a model does not know for one that it does."""
    return f"take them for {reference!r} (" + Option("unseen", "reference") + ")"


def unfinished(checkpoint: str) -> Phrase:
    """Go on with a pass or a run that was cut off."""
    return "go on with it (" + Option("checkpoint", checkpoint) + ")"


def marks(thousands: str, decimal: str) -> Phrase:
    """Read marks as what stands between thousands, as the decimal mark, or both.

    Example:
        >>> from steepest.errors import DataError
        >>> print(DataError("'p' is text.", marks(".", ",")))
        'p' is text. Read '.' between thousands (thousands=".") and ',' as the decimal mark (decimal=",").
    """
    point = f"{decimal!r} as the decimal mark (" + Option("decimal", decimal) + ")"
    if not thousands:
        return "read " + point
    between = f"read {thousands!r} between thousands (" + Option("thousands", thousands) + ")"
    return between if decimal == "." else between + " and " + point


def penalty(l2: float) -> Phrase:
    """Add a penalty that is known to do."""
    return "add a penalty (" + Option("l2", l2) + ")"


def per_unit(option: str) -> Phrase:
    """Predict rows without their exposure or offset, as if it were 1 or 0.

    Example:
        >>> from steepest.errors import DataError
        >>> print(DataError("they have none.", per_unit("exposure")))
        they have none. Predict per unit of exposure (exposure=1).
    """
    if option == "exposure":
        return "predict per unit of exposure (" + Option("exposure", 1) + ")"
    return "predict without one (" + Option("offset", 0) + ")"


PERCENT = "read percent signs, 5% as 0.05 (" + Option("percent", True) + ")"
CURRENCY = "leave currency signs out (" + Option("currency", True) + ")"
DAYS = "make dates days since 1970-01-01 (" + Option("dates", "days") + ")"
PARTS_OF_DATES = "make dates year, month, day and weekday (" + Option("dates", "parts") + ")"
OTHER_ENCODING = "give another encoding (" + Option("encoding", ...) + ")"
DROP_ROWS = "leave those rows out (" + Option("missing", "drop") + ")"
INDICATOR = "put 0 there and add an indicator column (" + Option("missing", "indicator") + ")"
NO_PREDICTION = "leave their predictions empty (" + Option("missing", "empty") + ")"
LOGISTIC = "predict which of its two classes a row is in (" + Option("loss", "logistic") + ")"
MULTINOMIAL = "predict which of its classes a row is in (" + Option("loss", "multinomial") + ")"
COUNTS = "take the loss of counts (" + Option("loss", "poisson") + ")"
LABELS = "take its texts for labels (" + Option("loss", "logistic") + ")"
SQUARES = "take squared loss (" + Option("loss", "squared") + ")"
NO_LOG = "fit the target itself (leave " + Option("log_target") + " out)"
NO_THOUSANDS = "leave " + Option("thousands") + " out"
COMMENT = "leave out lines that begin with # (" + Option("comment", "#") + ")"
DECIMAL_MARK = "say what its decimal mark is (" + Option("decimal", ...) + ")"
TABLE_OF_DATABASE = "name one of them beside the database (" + Option("database", ...) + ")"
TABLE_OF_ADDRESS = "name a table beside the address of a database (" + Option("database", ...) + ")"
POWERS = "ask for powers (" + Option("degree", ...) + ")"
TARGET = "name the target (" + Option("target", ...) + ")"
TABLE_WITH_TARGET = "give a table or a file and name its target (" + Option("target", ...) + ")"
TARGET_INSIDE = (
    "put the target into the data frame and name it, so that texts are coded (" + Option("target", ...) + ")"
)
INTERCEPT = "fit an intercept (" + Option("fit_intercept", True) + ")"
HOLD_OUT = "hold rows out (" + Option("folds", 5) + ")"
CRITERION = "choose by a criterion (" + Option("choose", "bic") + ")"
SMALLER_PENALTIES = "follow the path further down (" + Option("penalties", ...) + ")"
SPLIT_ROWS = (
    "choose the inputs on one part of the rows and ask the other part, with these inputs alone ("
    + Option("features", ...)
    + ")"
)
OFFSET = "give it (" + Option("offset", ...) + " or " + Option("exposure", ...) + ")"
GROUP = "name the column of groups (" + Option("group", ...) + ")"
OTHER_NAME = "give the new one another name (" + Option("name", ...) + ")"
PENALTY = "add a penalty (" + Option("l2", ...) + ")"
LASSO = "add a penalty that sets weights to 0 (" + Option("l1", ...) + ")"
RIDGE_ALONE = "take a ridge penalty alone (" + Option("l2", ...) + " without " + Option("l1") + ")"
FISTA = "take a rule that knows it (" + Option("rule", "fista") + ", or " + Option("rule", "ista") + ")"
NO_PENALTY = "fit without a penalty (" + Option("l2", 0) + ")"
LEAST_SQUARES = "fit again to the end and without a penalty (" + Option("epochs", "auto") + ", " + Option("l2", 0) + ")"
WEIGHTS = "give the run's own table, with its weights (" + Option("weight", ...) + ")"
NO_RATE = "leave " + Option("learning_rate") + " and " + Option("momentum") + " out"
RATES = "give the rates (" + Option("learning_rates", ...) + ")"
EPOCHS = "say for how many epochs (" + Option("epochs", ...) + ")"
CLOSED_FORM = "take the closed form (" + Option("engine", "modes") + ")"
STEP_BY_STEP = "go step by step (" + Option("engine", "loop") + ")"
BACKTRACKING = "try shorter and shorter steps (" + Option("rule", "backtracking") + ")"
HC1 = "take standard errors that have no need of it (" + Option("robust", "HC1") + ")"
REPLACE = "replace it (" + Option("force", True) + ")"
START_OVER = "start over (" + Option("force", True) + ")"
NO_CLUSTER = "read without " + Option("cluster")


def _named(column: str | None) -> object:
    """The column as an option takes it, or ... where its name is unknown or too long to be repeated."""
    return ... if column is None or len(column) > LONGEST_NAME else [column]
