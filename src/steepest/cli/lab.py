"""`steepest lab`: the interactive page in the browser, served from this machine."""

import asyncio
import contextlib
import logging
import signal
import threading
import webbrowser
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from steepest.cli.shared_options import rule_options, standardize_option
from steepest.cli.table import BESIDE, KEYS, notes, open_table, table_options
from steepest.cli.text import printable
from steepest.data.sources.labels import loss_of_labels
from steepest.data.split import Share
from steepest.descent.descend import descend
from steepest.errors import UsageError
from steepest.lab.runs import about_labels
from steepest.support.files import refuse_existing_file
from steepest.views.pages import Page, Rows, page_of_rows
from steepest.views.pages.packing import Json

RULE = ("rule", "learning_rate", "momentum", "epochs", "l2", "objective", "standardize", "fit_intercept")
# what goes without saying when the page is copied as Python or as a command
UNSAID = {"missing": "error", "degree": 1, "decimal": ".", "encoding": "utf-8"}
COPIED = tuple(key for key in KEYS if key not in ("target", "unseen", "offset", "exposure"))  # a page knows no offset
OF_DATA = (*KEYS, *BESIDE, *RULE, "test_size", "seed")
OF_SERVER = ("address", "port", "host", "token", "upload_limit", "job_seconds", "idle_minutes", "browser", "verbose")


def server_options(command: Any) -> Any:
    """Add the options that say how the server is reached, and what it bears."""
    positive = click.FloatRange(min=0, min_open=True)
    for option in reversed(
        (
            click.option(
                "--address", default="127.0.0.1", show_default=True, help="To listen on; others demand a token."
            ),
            click.option(
                "--port", type=click.IntRange(0, 65_535), default=8008, show_default=True, help="0: any that is free."
            ),
            click.option(
                "--host", multiple=True, metavar="NAME[:PORT]", help="A name that leads here, as of a tunnel."
            ),
            click.option("--token", is_flag=True, help="Ask for a token in the page; it is printed in the terminal."),
            click.option(
                "--upload-limit",
                type=positive,
                default=100.0,
                show_default=True,
                help="MB of a file, counted unpacked.",
            ),
            click.option(
                "--job-seconds", type=positive, default=120.0, show_default=True, help="That reading a file may take."
            ),
            click.option(
                "--idle-minutes", type=positive, default=30.0, show_default=True, help="Until an unused session ends."
            ),
            click.option(
                "--browser/--no-browser", default=True, show_default=True, help="Open the page in the browser."
            ),
            click.option("--verbose", is_flag=True, help="A line on stderr for each request."),
        )
    ):
        command = option(command)
    return command


def data_options(command: Any) -> Any:
    """Add DATA, which may be left out, and the options that say how to descend on it."""
    for option in (
        click.option("--seed", type=int, default=0, show_default=True, help="Of the choice of held-out rows."),
        click.option("--test-size", type=float, default=0.0, show_default=True, help="Share of rows to hold out."),
        standardize_option(),
    ):
        command = option(command)
    return table_options(rule_options(command), required=False)


@click.command(name="lab")
@data_options
@server_options
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False), default=None, help="Write the page to a file; serve nothing."
)
@click.option("--force", is_flag=True, help="Replace that file.")
def command(data: str | None, **options: Any) -> int:
    """Open the interactive page in the browser, with DATA or with points and files of your own.

    The page is served from this machine to this machine; DATA and what is opened in the page go nowhere else. Ctrl-C ends it.

    Example: steepest lab examples/penguins.csv --target body_mass_g
    """
    if data is None:
        _refuse_given(OF_DATA, "belongs to a table. Name the table: steepest lab DATA --target NAME")
    if options["out"]:
        _refuse_given(OF_SERVER, "belongs to the server, and -o writes a file and serves nothing. Leave one out")
        return _write(Path(options["out"]), data, options)
    _refuse_given(("force",), "replaces the file given with -o. Give both, or none")
    return _serve(data, options)


def _refuse_given(names: tuple[str, ...], why: str) -> None:
    """Raise UsageError where one of these options was given although it has no meaning here."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')} {why}.")


def _write(target: Path, data: str | None, options: dict[str, Any]) -> int:
    """Write the page of DATA and of the built-in tables as a file."""
    from steepest.lab.sets import payloads  # noqa: PLC0415 - a page is asked for

    refuse_existing_file(target, force=options["force"])
    first, *others = ([] if data is None else [_given(data, options)]) + payloads()
    Page(first, others).save(target, force=options["force"])
    click.echo(f"Written: {target}, {target.stat().st_size:,} bytes.")
    return 0


def _given(data: str, options: dict[str, Any]) -> Json:
    """Read DATA with a progress bar and return its payload."""
    share, loss = Share.of(options["test_size"], options["seed"]), "squared" if options["log_target"] else "auto"
    opened = open_table(data, options, loss=loss)
    summary = opened.read(share, seed=options["seed"])
    click.echo(notes(summary), nl=False)
    settings, about = {key: options[key] for key in RULE}, {}
    if summary.triangle.coding is not None and summary.triangle.coding.classes:
        about = {"about": about_labels(summary.triangle)}
        click.echo(f"  {about['about']}")
        loss = loss_of_labels(summary.triangle.targets, summary.triangle.coding.classes)
        settings |= {"loss": loss, "rows": lambda: opened.training_rows(share)}
    run = descend(summary.triangle, **settings)
    rows, title = Rows(summary.sample, summary.test, summary.test_sample), printable(Path(data).name)[:80]
    chosen = {key: options[key] for key in COPIED if not _is_unsaid(key, options[key])}
    if options["log_target"]:  # the page calls its target "log of ..."
        chosen["target"] = options["target"]
    table = {"name": data, "options": chosen, "test_size": options["test_size"], "seed": options["seed"]}
    given = any(click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE for name in RULE)
    begins = {"begins": "own"} if given else {}  # else where the lab's tables begin: at epoch 0, in raw inputs
    return page_of_rows(run, rows, title=title).payload | {"id": "given", "table": table} | begins | about


def _is_unsaid(key: str, value: Any) -> bool:
    """Whether an option has the value that it has where nobody gives it."""
    return value is False or value in (None, (), UNSAID.get(key))


def _serve(data: str | None, options: dict[str, Any]) -> int:
    """Serve until Ctrl-C, which is the usual end, or another signal."""
    from steepest.lab.answers import as_json  # noqa: PLC0415 - most commands serve nothing
    from steepest.lab.server import Server, listening  # noqa: PLC0415
    from steepest.lab.server_settings import ServerSettings, is_loopback, new_token  # noqa: PLC0415

    token = new_token() if options["token"] or not is_loopback(options["address"]) else None
    settings = ServerSettings(
        address=options["address"],
        port=options["port"],
        hosts=tuple(name.lower() for name in options["host"]),
        token=token,
        upload_limit=round(options["upload_limit"] * 1e6),
        job_seconds=options["job_seconds"],
        idle_seconds=60 * options["idle_minutes"],
    )
    # the port first: nobody should wait for a table to be read, and then hear that it is in use
    with listening(settings) as listener:
        given = as_json(_given(data, options)) if data else None
        log = _say if options["verbose"] else None
        server = Server(listener, settings, given=given, log=log, warn=_say)

        def ready() -> None:
            click.echo(f"The lab is at {server.url} (Ctrl-C ends it).")
            if token:
                click.echo(f"The page asks for this token: {token}", err=True)
            if options["browser"]:
                # some browsers keep whoever opens them waiting until they are closed
                threading.Thread(target=webbrowser.open, args=(server.url_here,), daemon=True).start()

        _quiet_loggers()
        ended_by = signal.SIGINT
        with contextlib.suppress(KeyboardInterrupt):
            ended_by = asyncio.run(_until_signal(server, ready))
    click.echo("Ended.")
    return 0 if ended_by == signal.SIGINT else 128 + ended_by


async def _until_signal(server: Any, ready: Any) -> signal.Signals:
    """Serve until a signal comes, and return it."""
    stop, loop, came = asyncio.Event(), asyncio.get_running_loop(), [signal.SIGINT]

    def end(number: signal.Signals) -> None:
        came[:] = [number]
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # nohup ignores SIGHUP, and so do we then; not every system has handlers in the loop
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, end, number)
    await server.run(stop, ready)
    return came[0]


def _say(line: str) -> None:
    click.echo(line, err=True)


def _quiet_loggers() -> None:
    """Let libraries log nothing: their lines hold addresses, and tracebacks with values."""
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
