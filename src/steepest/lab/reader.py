"""Reader: the process that reads one table for the lab: a request on stdin, the result on stdout.

`python -m steepest.lab.reader` reads a line of JSON, {"do": "inspect" or "open", "path": …, "name": …, …}, and writes a line
{"error": sentence or null, "kind": "usage" or "data", "field": of the post that may mend it or null} and then, without an
error, the result as JSON.
"""

import json
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from steepest.data.sources import open_source
from steepest.data.split import Share
from steepest.errors import SteepestError, UsageError
from steepest.lab.answers import as_json
from steepest.lab.form import FormWording, changed_options, text_options
from steepest.lab.inspection import check_file, inspect_file
from steepest.lab.runs import collect_warnings, table_payload

DEFAULTS = {"features": None, "missing": "error", "degree": 1}  # what goes without saying
MEMORY = 2 << 30  # bytes that a job may take beside the libraries
MEMORY_OF_A_CORE = 160 << 20  # address space that a thread's stack and heap reserve, used or not


def main() -> None:
    """Do the request on stdin."""
    # what a library might print must not get among the results
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    _bound_memory()
    with warnings.catch_warnings(), out:
        warnings.simplefilter("ignore")
        out.write(_output(request))


def _output(request: dict[str, Any]) -> bytes:
    """Return the first line, and the result where there is one."""
    try:
        result = as_json(DO[request["do"]](request))
        return as_json({"error": None, "kind": ""}) + b"\n" + result
    except SteepestError as error:
        kind = "usage" if isinstance(error, UsageError) else "data"
        # a text file's columns are not known before it can be read
        form = FormWording(listed=request["do"] != "inspect" or request["path"].endswith(".parquet"))
        sentence = _without_paths(form.message(error), request)
        return as_json({"error": sentence, "kind": kind, "field": form.field(error)})
    except MemoryError:
        sentence = "this table needs more memory than a job may take. Give fewer rows or columns."
    except Exception:
        # whatever it says might hold paths, and nothing that a user can act on
        sentence = "this table cannot be read, or its numbers are too large for a page. Write it again, or correct it."
    return as_json({"error": sentence, "kind": "data", "field": None})


def _inspect(request: dict[str, Any]) -> Any:
    return inspect_file(Path(request["path"]), request["limit"], text_options(request))


def _open(request: dict[str, Any]) -> Any:
    text = text_options(request)
    check_file(Path(request["path"]), request["limit"], text)
    source = open_source(
        request["path"],
        target=request["target"],
        features=request["features"],
        missing=request["missing"],
        degree=request["degree"],
        delimiter=text.delimiter,
        decimal=text.decimal,
        encoding=text.encoding,
        loss="auto",
    )
    chosen = {key: request[key] for key in ("features", "missing", "degree") if request[key] != DEFAULTS[key]}
    chosen |= changed_options(text)
    table = {"name": request["name"], "options": chosen, "test_size": request["held_out"], "seed": 0}
    with collect_warnings() as notes:
        made = table_payload(source, Share.of(request["held_out"]), request["title"], "opened", table)
    told = " ".join(part["about"] for part in (made, notes()) if "about" in part)
    return made | ({"about": told} if told else {})


DO = {"inspect": _inspect, "open": _open}


def _without_paths(sentence: str, request: dict[str, Any]) -> str:
    """Put the file's shown name in the place of where it is on this machine."""
    path = Path(request["path"])
    for inside in (str(path), str(path.parent), path.name):
        sentence = sentence.replace(inside, request["name"])
    return " ".join(sentence.split())


def _end_with_the_server() -> None:
    """End this process when its stdin ends: the server is gone."""
    # not by sys.stdin: its lock, held by a thread, stands in the way of the interpreter's own end
    while os.read(0, 4096):
        pass
    os._exit(1)


def _bound_memory() -> None:
    """Bound this process's address space, where the system can."""
    try:
        import resource  # noqa: PLC0415 - not on every system

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    most = pages * resource.getpagesize() + MEMORY + (os.cpu_count() or 1) * MEMORY_OF_A_CORE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
