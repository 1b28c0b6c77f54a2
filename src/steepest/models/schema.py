"""Model schema: what a model file must hold, which versions are read, and what is refused in which words."""

import hashlib
import json
import math
import os
import stat
from pathlib import Path
from typing import Any

from steepest.data.coding import DATE_PARTS, FIRST_PARTS, MOST_DEGREE, Coding
from steepest.errors import ModelFileError, SteepestWarning
from steepest.models.link import problem_of_loss, problem_of_offset, units_of
from steepest.models.target_scale import problem_of_scale
from steepest.support.notices import warn
from steepest.support.version import __version__

FORMAT = "steepest-model"
VERSION = 2
LOG_VERSION = 3  # of a model of logarithms, which earlier versions would take for one of the targets themselves
LOSS_VERSION = 4  # of a model of another loss than squares
OFFSET_VERSION = 5  # of one whose rows have an offset, which earlier versions would predict without
UNITS = {"weights": "units of the target per unit of the feature", "bias": "units of the target"}
LOG_UNITS = {
    "weights": "units of the target's natural logarithm per unit of the feature",
    "bias": "units of the target's natural logarithm",
}
LARGEST_FILE = 256 << 20
LONGEST_INTEGER = 400  # digits: the largest float has 309
FIELDS = {"format", "version", "features", "targets", "weights", "bias", "units", "training", "coding", "sha256"}
# what models are often kept in elsewhere, by the first bytes
FOREIGN = (
    (b"\x80", "a pickle, which can run any program when it is read; steepest reads none"),
    (b"\x78\x9c", "packed by zlib, as joblib does with pickles; steepest reads none"),
    (b"\x1f\x8b", "packed by gzip; unpack it"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PK\x03\x04", "a zip archive, as triangles (fit one first), .npz files and PyTorch's models are"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\xff\xfe", "UTF-16 text from position 0 on; a model is UTF-8"),
    (b"\xfe\xff", "UTF-16 text from position 0 on; a model is UTF-8"),
    (b"\xef\xbb\xbf", "UTF-8 with a byte order mark at position 0; a model has none"),
)


def read(file: Path) -> bytes:
    """Return the bytes of a regular file; a pipe or device is refused at once, without waiting for it.

    Raises:
        ModelFileError: no such file, no regular one, or larger than any model.
    """
    try:
        irregular = not stat.S_ISREG(file.stat().st_mode)
        # should it become a pipe in between, opening it does not wait for a writer
        descriptor = (
            -1 if irregular else os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        )
    except FileNotFoundError:
        raise ModelFileError(f"not found: {file}. Give a run folder or its model.json.") from None
    except (OSError, ValueError) as error:
        raise ModelFileError(f"cannot open {file}: {getattr(error, 'strerror', None) or error}.") from None
    if irregular:
        raise ModelFileError(f"{file} is no regular file. Give a run folder or its model.json.")
    with os.fdopen(descriptor, "rb") as stream:
        large = os.fstat(descriptor).st_size > LARGEST_FILE
        content = b"" if large else stream.read(LARGEST_FILE + 1)
    if large or len(content) > LARGEST_FILE:
        raise ModelFileError(f"{file} is larger than any model of ours; it is not read.")
    return content


def parse(data: bytes, name: str) -> dict[str, Any]:
    """Return the fields of a model file that is sound; version 1 has all but the units, which were the same then.

    Args:
        data: the bytes of the file.
        name: what they are called in an error.

    Raises:
        ModelFileError: damaged, foreign, of a version that is not known, or not matching its checksum; says where.
    """
    what = next((what for magic, what in FOREIGN if data.startswith(magic)), None)
    if what is not None:
        raise _foreign(name, f"it is {what}")
    if not data.strip():
        raise _foreign(name, f"it ends at position {len(data)}, before anything is said")
    try:
        content: dict[str, Any] = json.loads(
            data.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
            object_pairs_hook=_refuse_doubles,
        )
        _check(content, name)
    except ModelFileError:
        raise
    except RecursionError:
        raise _foreign(name, "its lists are nested deeper than any of ours") from None
    except ValueError as error:
        raise _foreign(name, str(error).splitlines()[0].rstrip(".")) from None
    if content["version"] == 1:
        said = f"{name} has format version 1 and was read as such. Save it again to bring it to version {VERSION}."
        warn(SteepestWarning(said))
    return content


def checksum(content: dict[str, Any]) -> str:
    """Return the SHA-256 of all fields but itself: it tells damage, not who wrote the file."""
    fields = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def are_names(values: object) -> bool:
    """Return whether this is a list of different texts, at least one, that can be written as UTF-8."""
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        return False
    return len(set(values)) == len(values) and not any("\ud800" <= c <= "\udfff" for v in values for c in v)


def problem_of(content: dict[str, Any]) -> str:
    """Return what is wrong with the fields of a model, as what each must be; empty where nothing is."""
    units = units_of_model("target_scale" in content, content.get("loss", "squared"))
    return (
        _problem_of_numbers(content)
        or (problem_of_loss(content) if "loss" in content else "")
        or ("" if content.get("units", units) == units else f"units are {units}")
        or (problem_of_scale(content["target_scale"], len(content["targets"])) if "target_scale" in content else "")
        or _problem_of_training(content["training"])
        or _problem_of_coding(content["coding"], content["features"])
        or (problem_of_offset(content) if "offset" in content else "")
    )


def units_of_model(log_target: bool, loss: str) -> dict[str, str]:
    """Return the units of a model's weights and bias."""
    return LOG_UNITS if log_target else units_of(loss) or UNITS


def _check(content: Any, name: str) -> None:
    """Raise ModelFileError where a field is not what it must be."""
    if not isinstance(content, dict):
        raise _foreign(name, f"at position 0 stands {_kind(content)}, where an object {{…}} is needed")
    if content.get("format") != FORMAT:
        raise _foreign(name, f'it does not say "format": "{FORMAT}"')
    _check_version(content.get("version"), name)
    of_loss = FIELDS | {"loss", "classes"} | ({"target_scale"} & set(content))
    special = {1: FIELDS - {"units"}, LOG_VERSION: FIELDS | {"target_scale"}, LOSS_VERSION: of_loss}
    special[OFFSET_VERSION] = of_loss | {"offset"}
    expected = special.get(content["version"], FIELDS)
    if set(content) != expected:
        other = [key[:40] for key in sorted(set(content) ^ expected)[:5]]
        raise ModelFileError(f"{name} has other fields than a model: {other}. {REMEDY}")
    problem = problem_of(content)
    if problem:
        raise ModelFileError(f"{name} is not a model: {problem}. {REMEDY}")
    if content["sha256"] != checksum(content):
        raise ModelFileError(f"{name} was changed or damaged: its content does not match its checksum. {REMEDY}")


def _check_version(version: object, name: str) -> None:
    if type(version) is int and 1 <= version <= OFFSET_VERSION:
        return
    sentence = f"{name} has format version {str(version)[:40]}; this steepest ({__version__}) reads versions 1 to {OFFSET_VERSION}."
    raise ModelFileError(
        f"{sentence} {'Update steepest.' if type(version) is int and version > OFFSET_VERSION else REMEDY}"
    )


def _problem_of_numbers(content: dict[str, Any]) -> str:
    for field in ("features", "targets"):
        if not are_names(content[field]):
            return f"{field} is a list of different texts"
    d, t = len(content["features"]), len(content["targets"])
    weights, bias = content["weights"], content["bias"]
    rows = isinstance(weights, list) and len(weights) == d and all(_are_numbers(row, t) for row in weights)
    return "" if rows and _are_numbers(bias, t) else f"it needs {d} rows of {t} finite weights and {t} finite biases"


def _problem_of_training(training: object) -> str:
    """How it was made is for people to read; what it says is of the right kind where it is said."""
    if not isinstance(training, dict):
        return "training is an object"
    epochs, l2, data = training.get("epochs", 0), training.get("l2", 0.0), training.get("data", {})
    if type(epochs) is not int or epochs < 0:
        return "training.epochs is a count"
    if isinstance(l2, bool) or not isinstance(l2, (int, float)) or l2 < 0:
        return "training.l2 is a number from 0 up"
    l1 = training.get("l1", 0.0)
    if isinstance(l1, bool) or not isinstance(l1, (int, float)) or l1 < 0:
        return "training.l1 is a number from 0 up"
    if not isinstance(training.get("objective", ""), str):
        return "training.objective is a text"
    verdict = training.get("verdict", {})
    if not isinstance(verdict, dict) or not all(isinstance(text, str) for text in verdict.values()):
        return "training.verdict is an object of texts"
    if not isinstance(data, dict):
        return "training.data is an object"
    if not isinstance(training.get("selection", {}), dict):
        return "training.selection is an object"
    for count in ("rows", "bytes", "files", "features", "rows_left_out"):
        if type(data.get(count, 0)) is not int or data.get(count, 0) < 0:
            return f"training.data.{count} is a count"
    return ""


def _problem_of_coding(content: Any, features: list[str]) -> str:
    """Check each part and their sizes before a coding is made of them: ten lines could ask for a billion products."""
    if content is None:
        return ""
    if not isinstance(content, dict) or set(content) - {"percent"} != {"columns", "degree", "interactions"}:
        return "coding holds columns, degree and interactions"
    if "percent" in content and not are_names(content["percent"]):
        return "coding.percent is a list of different texts"
    columns, degree, pairs = content["columns"], content["degree"], content["interactions"]
    if not isinstance(columns, list) or not all(_is_column(column) for column in columns):
        return "each of coding.columns holds a name, levels (different texts, or null) and missing (true or false)"
    numbers = {c["name"]: 1 if c["levels"] is None else len(c["levels"]) - 1 for c in columns}
    if len(numbers) != len(columns):
        return "two of coding.columns have the same name"
    if type(degree) is not int or not 1 <= degree <= MOST_DEGREE:
        return f"coding.degree is a whole number from 1 to {MOST_DEGREE}"
    if not isinstance(pairs, list) or not all(are_names(pair) and len(pair) == 2 for pair in pairs):
        return "each of coding.interactions is two names"
    if not all(name in numbers for pair in pairs for name in pair):
        return "coding.interactions names a column that is not there"
    width = sum((degree if c["levels"] is None else numbers[c["name"]]) + _has_indicator(c) for c in columns)
    width += sum(numbers[a] * numbers[b] for a, b in pairs)
    if width != len(features) or Coding.from_json(content).features != tuple(features):
        return "its coding does not give its features"
    return ""


def _is_column(column: Any) -> bool:
    if not isinstance(column, dict) or set(column) - {"part", "of"} != {"name", "levels", "missing"}:
        return False
    if ("part" in column or "of" in column) and not _is_part(column):
        return False
    levels = column["levels"] is None or are_names(column["levels"])
    return levels and are_names([column["name"]]) and isinstance(column["missing"], bool)


def _is_part(column: dict[str, Any]) -> bool:
    """Whether a column with a part is a number of a date."""
    part, of = column.get("part"), column.get("of")
    if part not in DATE_PARTS or not are_names([of]) or column["levels"] is not None:
        return False
    return bool(column["name"] == (of if part == "days" else f"{of}.{part}"))


def _has_indicator(column: dict[str, Any]) -> bool:
    return column["missing"] and column.get("part", "days") in FIRST_PARTS


def _are_numbers(values: object, count: int) -> bool:
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(isinstance(v, float) and math.isfinite(v) for v in values)


REMEDY = "Restore the file, or fit again."


def _foreign(name: str, why: str) -> ModelFileError:
    return ModelFileError(f"{name} is not a model that steepest wrote: {why}. {REMEDY}")


def _kind(value: object) -> str:
    return "an array" if isinstance(value, list) else "a single value"


def _refuse_constant(text: str) -> None:
    raise ValueError(f"it holds {text}, which is no number")


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"it holds a whole number of {len(text):,} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"it holds {text[:40]}, which is beyond all finite numbers")
    return value


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key[:40]!r} stands twice")
        result[key] = value
    return result
