"""Cluster: one pass spread over Dask workers, pieces of a table to triangles, triangles to one by a fixed tree."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, TypeVar

from steepest.data.sources import FullSource, Watch
from steepest.data.split import Share
from steepest.errors import ClusterError, Option, UsageError
from steepest.summaries.pass_state import PassState
from steepest.support import remedies
from steepest.support.version import __version__

CONNECT_SECONDS = 3  # a worker that does not answer for so long is taken for dead: seconds, not half a minute
# what a worker is asked for; None where it has no steepest
VERSION = (
    "__import__('importlib.util', fromlist=['find_spec']).find_spec('steepest') and "
    "__import__('steepest.support.version', fromlist=['__version__']).__version__"
)
Part = TypeVar("Part")


def summarize_pieces(
    pieces: Sequence[FullSource],
    cluster: object,
    *,
    split: Share | None,
    seed: int,
    sample_rows: int,
    watch: Watch | None,
) -> PassState:
    """Return what a pass over all pieces leaves, worked on by the workers of a cluster.

    Pieces and tree depend on the table alone, so the bits are the same for any number of workers, and for workers that
    die on the way: Dask does again what was lost.

    Args:
        pieces: parts of one table, in the order of its rows.
        cluster: "local:N" (N processes on this machine), "tcp://…" (a scheduler), or a `distributed.Client`.
        split: the share of rows to hold out, or None.
        seed: of the sample.
        sample_rows: rows kept at most.
        watch: called with the rows done and their number whenever a piece is done.

    Raises:
        ClusterError: the cluster cannot be reached, was lost, runs another steepest, or a piece killed its workers.
        DataError, MissingValuesError: as for a pass on one machine.
    """
    with _client(cluster) as client, _telling_errors(pieces):
        _refuse_other_versions(client)
        _refuse_blind_workers(client, pieces)

        def work(piece: FullSource) -> Any:
            return client.submit(_read_piece, piece, split, seed, sample_rows, pure=False)

        leaves = [work(piece) for piece in pieces]
        root = _tree(leaves, lambda a, b: client.submit(_join, a, b, sample_rows, pure=False))
        _watch_pieces(client, leaves, pieces, watch)
        result: PassState = root.result()
        return result


def _tree(leaves: Sequence[Part], join: Callable[[Part, Part], Part]) -> Part:
    """Join neighbours, then neighbours of those, until one is left."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [join(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _read_piece(piece: FullSource, split: Share | None, seed: int, sample_rows: int) -> PassState:
    """What a worker does: one pass over one piece, on one thread."""
    os.environ.setdefault("STEEPEST_THREADS", "1")
    state = PassState.empty(piece.features, piece.targets, seed)
    for batch in piece.batches():
        state = state.with_batch(batch, split, sample_rows)
    # rows that were left out at the end of a piece belong to it as well
    return state.at(piece.position or state.position)


def _join(a: PassState, b: PassState, sample_rows: int) -> PassState:
    """Two neighbours as one."""
    return a.join(b, sample_rows)


def _watch_pieces(client: Any, leaves: Sequence[Any], pieces: Sequence[FullSource], watch: Watch | None) -> None:
    """Wait for the pieces; tell of each one that is done."""
    distributed = _distributed()
    rows = dict(zip((leaf.key for leaf in leaves), (piece.row_count or 0 for piece in pieces), strict=True))
    known = sum(rows.values()) or None
    done = 0
    for leaf in distributed.as_completed(list(leaves), loop=client.loop):
        if leaf.status != "finished":
            for one in leaves:  # what is told is the first fault in the order of the rows, whoever found one first
                one.result()
        done += rows[leaf.key]
        if watch:
            watch(done, known)


@contextlib.contextmanager
def _client(cluster: object) -> Iterator[Any]:
    """Give a client of the cluster; one that is made here is closed at the end."""
    distributed = _distributed()
    if isinstance(cluster, distributed.Client):
        yield cluster
        return
    if not isinstance(cluster, str) or not (cluster.startswith("local:") or _is_address(cluster)):
        raise UsageError(
            Option("cluster") + f' is "local:N", "tcp://host:port" or a distributed.Client; got {cluster!r}.'
        )
    settings = {
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
        "distributed.nanny.pre-spawn-environ.STEEPEST_THREADS": "1",
        "distributed.logging.distributed": "critical",
    }
    with import_module("dask").config.set(settings):
        if cluster.startswith("local:"):
            count = _count(cluster)
            with _local(distributed, count) as local, distributed.Client(local, set_as_default=False) as client:
                yield client
            return
        with _connected(distributed, cluster) as client:
            yield client


def _connected(distributed: Any, address: str) -> Any:
    """Return a client of the scheduler at an address."""
    try:
        return distributed.Client(address, timeout=f"{CONNECT_SECONDS * 2}s", set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ClusterError(f"no scheduler answers at {address}. Start one there, or use local:N.") from error
    except (TypeError, ValueError, RuntimeError) as error:
        if not address.startswith("tls"):
            raise
        raise ClusterError(
            f"{address} wants certificates, and Dask was given none. Name them in Dask's configuration "
            "(distributed.comm.tls.ca-file and distributed.comm.tls.client.cert), or give a distributed.Client."
        ) from error


def _is_address(cluster: str) -> bool:
    """Whether a text is the address of a scheduler; it has no user and no password."""
    return re.fullmatch(r"(tcp|tls)://[^\s/@]+:\d{1,5}", cluster) is not None


def _local(distributed: Any, count: int) -> Any:
    """Start worker processes here, on the loopback interface only: nobody else is to send work to them."""
    try:
        return distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        )
    except (OSError, RuntimeError) as error:
        raise ClusterError(f"no workers could be started here: {error}.", "give fewer", remedies.NO_CLUSTER) from error


def _distributed() -> Any:
    """Import Dask's distributed.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError("a cluster needs Dask's distributed: pip install 'steepest[dask]'.") from None


def _count(cluster: str) -> int:
    """Return N of "local:N"."""
    text = cluster.removeprefix("local:")
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise UsageError(f"local:N takes a number of workers from 1 to 1,024; got {cluster!r}.")
    return int(text)


def _refuse_other_versions(client: Any) -> None:
    """Raise ClusterError where a worker would compute with another steepest."""
    try:
        client.wait_for_workers(1, timeout=30)
    except TimeoutError:
        raise ClusterError("the cluster has no worker. Start some: dask worker ADDRESS.") from None
    found = client.run(eval, VERSION)  # by value: a worker without the package could not even be sent a function of it
    other = {address: version for address, version in found.items() if version != __version__}
    if other:
        address, version = next(iter(other.items()))
        what = f"has steepest {version}, and this is" if version else "has no steepest, and this is"
        raise ClusterError(f"the worker {address} {what} {__version__}. Install the same there.")


def _refuse_blind_workers(client: Any, pieces: Sequence[FullSource]) -> None:
    """Raise ClusterError where a worker would not find the files."""
    relations: list[Any] = [getattr(piece, "relation", None) for piece in pieces]
    paths = sorted({path for one in relations if getattr(one, "files", False) for path in one.parameters[0]})
    for address, missing in client.run(_first_missing, paths).items() if paths else ():
        if missing is not None:
            raise ClusterError(
                f"the worker {address} does not find {missing}. Put the files where every worker finds them under the same "
                "absolute path."
            )


def _first_missing(paths: Sequence[str]) -> str | None:
    """The first of some files that is not there; asked on a worker."""
    names = (re.sub(r"\[([*?[])\]", r"\1", path) for path in paths)  # without what keeps DuckDB from seeing a pattern
    return next((name for name in names if not os.path.exists(name)), None)


@contextlib.contextmanager
def _telling_errors(pieces: Sequence[FullSource]) -> Iterator[None]:
    """Turn what happens to a cluster into a ClusterError with the remedy; errors about the data pass."""
    distributed = _distributed()
    lost = (distributed.client.FutureCancelledError, distributed.comm.CommClosedError, TimeoutError, OSError)
    largest = max((piece.row_count or 0 for piece in pieces), default=0)
    size = f"of up to {largest:,} rows " if largest else ""
    try:
        yield
    except distributed.KilledWorker as error:
        raise ClusterError(
            f"a piece {size}killed its worker several times, most likely for want of memory. Give the workers more memory, fewer "
            "columns (features), or smaller row groups."
        ) from error
    except ImportError as error:
        raise ClusterError(
            f"a worker lacks the package {error.name}. Install the same there as here: pip install steepest=={__version__}."
        ) from error
    except lost as error:
        raise ClusterError(f"the cluster was lost: {error}. Nothing was kept; start it again.") from error
