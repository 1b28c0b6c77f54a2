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
    ├── DataWarning                    something in the table that the reader should know
    └── DivergenceWarning              the run that is returned grows without bound

A message is a sentence (what was given, what was expected) and its remedies (what to try next). Both may name an `Option`,
which each door calls by another name: Python `missing="drop"`, the terminal `--missing drop`, the lab a field of its form.
`str(error)` is in Python's words; the other doors render the same message with a `Wording` of their own.

No message holds a secret: passwords in addresses and values such as `password=…` are taken out wherever one is made.
"""

import json
import re
from dataclasses import dataclass

USER_PART = re.compile(
    r"(\w[\w+.-]{0,30}:/+)([^\s'\"]*)@"
)  # up to the last @: a password may hold one; a path has one slash
WEB_QUERY = re.compile(r"((?:https?|s3|gs|gcs|r2):/+[^\s'\"?]+)\?[^\s'\"]+")  # a signed address has its key there
SECRET_VALUE = re.compile(
    r"\b(\w{0,30}(?:password|passwd|passphrase|secret|token|signature|credential|api_?key|access_?key)\w{0,30}\s*=\s*|(?:pwd|sig)\s*=\s*)"
    r"(?:''[^']*''|'(?:[^'\\]|\\.)*'|\"[^\"]*\"|[^\s&;,)'\"]+)",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Return a text without the passwords and web queries of addresses, and without the values of password= and its like.

    Example:
        >>> without_secrets("cannot read postgresql://me:p%40ss@host/air?sslpassword=x")
        'cannot read postgresql://me:…@host/air?sslpassword=…'
        >>> without_secrets("host=here user=me password='two words'"), without_secrets("https://key@host/a.csv")
        ('host=here user=me password=…', 'https://…@host/a.csv')
    """
    return SECRET_VALUE.sub(r"\1…", USER_PART.sub(_without_password, WEB_QUERY.sub(r"\1?…", text)))


def _without_password(found: re.Match[str]) -> str:
    scheme, user = found.groups()
    name, colon, _ = user.partition(":")
    if scheme.startswith("http"):
        return f"{scheme}…@"  # a name alone may be a key
    return f"{scheme}{name}:…@" if colon else found[0]


@dataclass(frozen=True)
class Phrase:
    """Text with options in it, made with `+`.

    Args:
        parts: texts and options, in their order.
    """

    parts: tuple["str | Option", ...]

    def __add__(self, rest: "str | Option | Phrase") -> "Phrase":
        return Phrase((*self.parts, *(rest.parts if isinstance(rest, Phrase) else (rest,))))

    def __radd__(self, text: str) -> "Phrase":
        return Phrase((text, *self.parts))


@dataclass(frozen=True)
class Option:
    """A choice that every door offers under its own name; `+` puts it into a sentence.

    Args:
        name: of the argument in Python.
        value: to give it; None for the name alone, ... for a value that only the reader knows.

    Example:
        >>> str(UsageError(Option("momentum") + " must be a number; got 'x'."))
        "momentum must be a number; got 'x'."
        >>> str(UsageError("start has a bias, and " + Option("fit_intercept", False) + " leaves none."))
        'start has a bias, and fit_intercept=False leaves none.'
    """

    name: str
    value: object = None

    def __add__(self, rest: "str | Option | Phrase") -> Phrase:
        return Phrase((self,)) + rest

    def __radd__(self, text: str) -> Phrase:
        return Phrase((text, self))


class Wording:
    """How a door names options; this one is Python's, others override `option`.

    Example:
        >>> drop = "leave those rows out (" + Option("missing", "drop") + ")"
        >>> Wording().message(DataError("2 values are missing.", "fill them in", drop))
        '2 values are missing. Fill them in, or leave those rows out (missing="drop").'
    """

    def option(self, option: Option) -> str | None:
        """Return an option in this door's words, or None where the door does not have it."""
        return option.name if option.value is None else f"{option.name}={_literal(option.value)}"

    def sentence(self, sentence: str | Option | Phrase) -> str:
        """Return a sentence; an option that this door does not have is called by its plain name."""
        return "".join(
            part if isinstance(part, str) else self.option(part) or part.name.replace("_", " ")
            for part in _parts(sentence)
        )

    def remedy(self, remedy: str | Option | Phrase) -> str | None:
        """Return what to try, or None where this door does not have an option that it takes."""
        options = (part for part in _parts(remedy) if isinstance(part, Option))
        return None if any(self.option(option) is None for option in options) else self.sentence(remedy)

    def message(self, message: BaseException | str) -> str:
        """Return the sentence of an error or warning, and those of its remedies that this door has."""
        if not isinstance(message, Message):
            return without_secrets(str(message))
        remedies = [text for text in map(self.remedy, message.remedies) if text]
        sentence = self.sentence(message.sentence)
        if not remedies:
            return sentence
        advice = ", ".join([*remedies[:-1], f"or {remedies[-1]}"] if remedies[1:] else remedies)
        return f"{sentence} {advice[0].upper()}{advice[1:]}."


def _parts(text: str | Option | Phrase) -> tuple[str | Option, ...]:
    return text.parts if isinstance(text, Phrase) else (text,)


def _clean(text: str | Option | Phrase) -> str | Option | Phrase:
    """A sentence without secrets."""
    if isinstance(text, Phrase):
        return Phrase(tuple(without_secrets(part) if isinstance(part, str) else part for part in text.parts))
    return without_secrets(text) if isinstance(text, str) else text


def _literal(value: object) -> str:
    """A value as Python code, with its texts in double quotes."""
    if value is ...:
        return "..."
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, (list, tuple)) else repr(value)


class Message(Exception):
    """A sentence and its remedies; the root of what steepest raises and warns of.

    Args:
        sentence: what was given and what was expected.
        remedies: what to try next, any of them: imperatives without a full stop. Those with options are in
            `support/remedies.py`.
    """

    def __init__(self, sentence: str | Option | Phrase, *remedies: str | Option | Phrase) -> None:
        self.sentence: str | Option | Phrase = _clean(sentence)
        self.remedies: tuple[str | Option | Phrase, ...] = tuple(map(_clean, remedies))
        # the text is the only argument, as for other exceptions; the rest is pickled beside it
        super().__init__(Wording().message(self))


class SteepestError(Message):
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
    """The cluster cannot be reached, was lost, or does not fit; nothing was kept. The command's exit status is 1."""


class DivergenceError(SteepestError, ArithmeticError):
    """The run grows without bound; the message gives the stability limit and a rate that would do."""

    exit_code = 4


class SteepestWarning(Message, UserWarning):
    """The root of every warning that steepest gives."""


class DataWarning(SteepestWarning):
    """Something in the table that the reader should know, although the answer is defined."""


class DivergenceWarning(SteepestWarning):
    """The run that is returned grows without bound; the message gives the stability limit and a rate that would do."""
