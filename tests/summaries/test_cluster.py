"""A pass shared by Dask workers: real processes, some of them killed, and always the same bits."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import dask.array
import dask.dataframe
import distributed
import numpy as np
import pandas
import pytest
from dask.delayed import delayed

import steepest
from steepest.data.sources import relations
from steepest.data.split import Share
from steepest.errors import ClusterError, DataError, MissingValuesError, UsageError
from steepest.summaries import cluster
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from tests.support.commands import steepest_command
from tests.support.moments import until

ROWS = 300_000

# the threads and sockets of Dask are its own: what they leave open when a worker is killed is no fault of ours
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.xdist_group("cluster"),  # one cluster at a time
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import duckdb

    place = tmp_path_factory.mktemp("cluster")
    columns = (
        "sin(i) a, cos(i * i) b, CASE WHEN i % 1000 = 7 THEN NULL ELSE i % 13 END c, CAST(i % 7 AS VARCHAR) || 'k' k"
    )
    rows = f"SELECT {columns}, i % 5 + sin(3 * i) y FROM range({ROWS}) t(i)"
    duckdb.sql(f"COPY ({rows}) TO '{place / 't.parquet'}' (ROW_GROUP_SIZE 10000)")
    (place / "csv").mkdir()
    for part in range(5):
        duckdb.sql(f"COPY ({rows} WHERE i % 5 = {part}) TO '{place}/csv/{part}.csv'")
    (place / "csv/9.csv").write_text("a,b,c,k,y\n")  # an empty part
    return place


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(relations, "PIECE_ROWS", 20_000)  # many pieces of a small table


def start(workers):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    )


def parquet(folder, **options):
    return steepest.open_source(folder / "t.parquet", target="y", missing="drop", **options)


def test_one_two_and_seven_workers_give_the_same_bits(folder):
    seen, checksums = [], set()
    for workers in (1, 2, 7):
        with start(workers) as local, distributed.Client(local) as client:
            summary = read(parquet(folder), Share(0.25), cluster=client, watch=lambda *rows: seen.append(rows))
            rows = [part.X.tobytes() for part in (summary.sample, summary.test_sample)]
            checksums.add((summary.triangle.checksum, summary.test.checksum, *rows))
    assert len(checksums) == 1
    assert seen[-1] == (ROWS, ROWS)
    alone = read(parquet(folder), Share(0.25))
    assert summary.notes == alone.notes
    assert (summary.triangle.row_count, summary.test.row_count) == (alone.triangle.row_count, alone.test.row_count)
    for part, whole in ((summary.sample, alone.sample), (summary.test_sample, alone.test_sample)):
        np.testing.assert_array_equal(part.positions, whole.positions)
        np.testing.assert_array_equal(part.X, whole.X)
    for a, b in ((summary.triangle, alone.triangle), (summary.test, alone.test)):
        np.testing.assert_allclose(a.means, b.means, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(a.centred, b.centred, rtol=1e-12, atol=1e-9)


def test_a_killed_worker_changes_no_bit(folder, monkeypatch):
    expected = None
    for kill in (False, True):
        with start(2) as local, distributed.Client(local) as client:
            victims = [worker.pid for worker in local.workers.values()]

            def shoot(victims=victims, client=client):
                while not client.processing() or not any(client.processing().values()):
                    time.sleep(0.005)
                os.kill(victims[0], signal.SIGKILL)

            gun = threading.Thread(target=shoot)
            if kill:
                gun.start()
            triangle = steepest.summarize(parquet(folder), cluster=client)
            if kill:
                gun.join()
                until(lambda victims=victims, local=local: victims[0] not in [w.pid for w in local.workers.values()])
            expected = expected or triangle.checksum
    assert triangle.checksum == expected


@pytest.fixture(scope="module")
def client():
    with start(2) as local, distributed.Client(local) as connected:
        yield connected


def test_files_of_a_folder_are_shared(folder, client):
    source = steepest.open_source(folder / "csv", target="y", missing="drop")
    triangle = steepest.summarize(source, cluster=client)
    whole = steepest.summarize(parquet(folder))
    assert triangle.row_count == whole.row_count
    np.testing.assert_allclose(triangle.means, whole.means, rtol=1e-12, atol=1e-13)
    with pytest.raises(UsageError, match="do not say where a piece begins"):
        read(source, Share(0.2), cluster=client)


def test_arrays_are_shared(client):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(600_000, 3)), generator.normal(size=600_000)
    shared = steepest.summarize(X, y, cluster=client)
    np.testing.assert_allclose(shared.centred, steepest.summarize(X, y).centred, rtol=1e-12, atol=1e-9)


def test_what_is_wrong_with_the_data_comes_back_from_the_workers(folder, client, tmp_path):
    with pytest.raises(MissingValuesError, match="column 'c'"):
        steepest.summarize(steepest.open_source(folder / "t.parquet", target="y"), cluster=client)
    for name, text in (("1.csv", "a,y\n1,2\n3,4\n"), ("2.csv", "b,y\n1,2\n3,5\n")):
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=r"2\.csv"):
        steepest.summarize(steepest.open_source(tmp_path, target="y"), cluster=client)


def test_a_row_at_fault_is_told_by_its_number_in_a_file_that_is_named(client, tmp_path, monkeypatch):
    monkeypatch.setattr(relations, "PIECE_ROWS", 1_000)
    table = pandas.DataFrame({"a": np.sin(np.arange(4000)), "y": np.cos(np.arange(4000))})
    table.loc[[2500, 3500], "a"] = np.inf
    table.to_parquet(tmp_path / "t.parquet", row_group_size=1000, index=False)
    (tmp_path / "csv").mkdir()
    for part in range(4):
        table[part * 1000 : part * 1000 + 1000].to_csv(tmp_path / f"csv/{part}.csv", index=False)
    chunks = (
        dask.array.from_array(table[["a"]].to_numpy(), chunks=(1000, 1)),
        dask.array.from_array(table.y, chunks=1000),
    )
    for data, y, sentence in (
        (tmp_path / "t.parquet", None, r"rows 2,001 to 3,000 of \S+t\.parquet: column 'a' holds inf in data row 2,501"),
        (tmp_path / "csv", None, r"csv/2\.csv: column 'a' holds inf in data row 501;"),
        (dask.dataframe.from_pandas(table, npartitions=4), None, r"partition 2 of the Dask data frame: .* row 501;"),
        (*chunks, r"block 2 of the Dask array: 1 values are inf; the first is in row 500 \(counted from 0\)"),
    ):
        with pytest.raises(DataError, match=sentence):
            steepest.summarize(data, y, target=None if y is not None else "y", cluster=client)
    table.loc[2500, "a"] = np.nan  # and the fourth file still holds its inf: the first fault is told
    table[2000:3000].to_csv(tmp_path / "csv/2.csv", index=False)
    with pytest.raises(MissingValuesError, match=r"csv/2\.csv: 1 values are missing \(a 1\).* in data row 501\."):
        steepest.summarize(tmp_path / "csv", target="y", cluster=client)


def test_clusters_that_do_not_answer_or_do_not_fit_are_told(folder, client, monkeypatch):
    source = parquet(folder)
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127.0.0.1:9"):
        steepest.summarize(source, cluster="tcp://127.0.0.1:9")
    for wrong in ("local:0", "local:many", "mars", 3):
        with pytest.raises(UsageError, match="local:N"):
            steepest.summarize(source, cluster=wrong)
    monkeypatch.setattr(cluster, "__version__", "0.0.0.other")
    with pytest.raises(ClusterError, match=r"has steepest .*, and this is 0\.0\.0\.other"):
        steepest.summarize(source, cluster=client)


def test_the_command_summarizes_on_a_cluster(folder, client, tmp_path):
    address = client.scheduler.address
    common = ["summarize", folder / "t.parquet", "--target", "y", "--missing", "drop"]
    done = steepest_command(*common, "-o", tmp_path / "shared", "--cluster", address)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]
    shared, whole = Triangle.load(tmp_path / "shared"), steepest.summarize(parquet(folder))
    assert (shared.row_count, shared.features) == (whole.row_count, whole.features)
    np.testing.assert_allclose(shared.means, whole.means, rtol=1e-12, atol=1e-13)
    done = steepest_command(*common, "-o", tmp_path / "other", "--cluster", address, "--resume")
    assert (done.returncode, "does not go with --cluster" in done.stderr) == (2, True)


def test_a_table_of_a_database_is_read_by_a_worker(client, tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("CREATE TABLE t (x, k, y)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(i, f"k{i % 3}", 2 * i) for i in range(500)])
    connection.close()
    source = steepest.open_source("t", database=tmp_path / "t.db", target="y")
    assert steepest.summarize(source, cluster=client).checksum == steepest.summarize(source).checksum


def test_workers_that_cannot_do_it_are_told_in_a_sentence(folder, client, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/t.csv").write_text("x,y\n1,2\n2,4\n3,6\n")
    monkeypatch.chdir(tmp_path / "here")  # the workers have another folder
    with pytest.raises(ClusterError, match=r"the worker tcp://\S+ does not find t\.csv\. Put the files where"):
        steepest.summarize(steepest.open_source("t.csv", target="y"), cluster=client)
    with pytest.raises(ClusterError, match=r"tls://127\.0\.0\.1:9 wants certificates, .*ca-file"):
        steepest.summarize(parquet(folder), cluster="tls://127.0.0.1:9")
    assert issubclass(ClusterError, RuntimeError)


@pytest.mark.process
def test_a_worker_without_the_package_is_told_in_a_sentence(folder, tmp_path):
    (tmp_path / "bare.py").write_text("import sys\nsys.modules['steepest'] = None\n")
    port = free_port()
    module = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--no-nanny"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    processes = [
        subprocess.Popen([*module, "--no-dashboard"], **quiet),
        subprocess.Popen([*worker, "--preload", "bare.py", "--no-dashboard"], **quiet),
    ]
    try:
        until(lambda: answers(f"tcp://127.0.0.1:{port}"))
        arguments = ["summarize", folder / "t.parquet", "--target", "y", "--missing", "drop", "-o", tmp_path / "t"]
        done = steepest_command(*arguments, "--cluster", f"tcp://127.0.0.1:{port}")
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "has no steepest, and this is" in done.stderr


def again_and_again(source, address):
    while True:
        steepest.summarize(source, cluster=address)


def answers(address):
    """Whether a scheduler is there, and a worker at it."""
    try:
        with distributed.Client(address, timeout=1) as client:
            return client.nthreads()
    except OSError:
        return False


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.process
def test_a_scheduler_that_is_killed_is_told(folder):
    address = f"tcp://127.0.0.1:{free_port()}"
    programs = {
        "scheduler": ["dask_scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0"],
        "worker": ["dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"],
    }
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, command in programs.items()
    }
    try:
        source = parquet(folder)
        until(lambda: answers(address))
        expected = steepest.summarize(source, cluster=address)
        assert expected.row_count == ROWS - ROWS // 1000
        threading.Timer(0.3, running["scheduler"].kill).start()
        with pytest.raises(ClusterError, match=r"the cluster was lost|no scheduler answers"):
            again_and_again(source, address)
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def test_a_piece_that_kills_its_workers_is_told_with_its_size(folder):
    pieces = parquet(folder).pieces()
    with (
        pytest.raises(ClusterError, match=r"a piece of up to 20,480 rows killed its worker several times"),
        cluster._telling_errors(pieces),
    ):
        raise distributed.KilledWorker("piece", None, 3)


def test_the_cluster_of_our_own_listens_on_loopback_only(monkeypatch):
    made = {}

    class Local:
        def __init__(self, **options):
            made.update(options)
            raise OSError("enough")

    monkeypatch.setattr(distributed, "LocalCluster", Local)
    with pytest.raises(ClusterError):
        steepest.summarize(np.ones((5, 1)), np.ones(5), cluster="local:2")
    assert made["host"] == "127.0.0.1"
    assert made["dashboard_address"] == "127.0.0.1:0"


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(5)
    frame = pandas.DataFrame({"a": generator.normal(size=1000), "k": generator.choice(["u", "v"], 1000)})
    frame["y"] = frame["a"] + (frame["k"] == "v") + generator.normal(size=1000)
    return frame


def test_dask_frames_are_data_with_empty_and_unknown_partitions(table, client):
    whole = steepest.summarize(table, target="y")
    cut = dask.dataframe.from_pandas(table, npartitions=5)
    # the second partition is empty, and no size is known
    holes = cut.map_partitions(lambda part: part[(part.index < 200) | (part.index >= 400)], meta=table)
    assert steepest.summarize(cut, target="y").features == whole.features
    for data, rows in ((cut, table), (holes, table.drop(range(200, 400)))):
        expected = steepest.summarize(rows.reset_index(drop=True), target="y")
        for on in (None, client):
            triangle = steepest.summarize(data, target="y", cluster=on)
            assert triangle.row_count == len(rows)
            np.testing.assert_allclose(triangle.means, expected.means, rtol=1e-12)
            np.testing.assert_allclose(triangle.centred, expected.centred, rtol=1e-12, atol=1e-12)


def test_partitions_that_do_not_fit_are_named(table):
    parts = [table[:300], table[300:600], table[600:].rename(columns={"a": "b"})]
    cut = dask.dataframe.from_delayed(
        [delayed(lambda part: part)(part) for part in parts], meta=table[:0], verify_meta=False
    )
    with pytest.raises(DataError, match="partition 2 of the Dask data frame"):
        steepest.summarize(cut, target="y", features=["a"])


@pytest.mark.parametrize("unknown", [False, True])
def test_dask_arrays_are_data(unknown, client):
    generator = np.random.default_rng(1)
    X, y = generator.normal(size=(900, 3)), generator.normal(size=900)
    expected = steepest.summarize(X, y)
    cut = dask.array.from_array(X, chunks=(200, 2))
    targets = dask.array.from_array(y, chunks=200)
    if unknown:
        everything = dask.array.from_array(np.ones(900, dtype=bool), chunks=200)
        cut, targets = cut.rechunk((200, 3))[everything], targets[everything]
    for given in (targets, y):
        for on in (None, client):
            triangle = steepest.summarize(cut, given, cluster=on)
            np.testing.assert_allclose(triangle.means, expected.means, rtol=1e-12)
            np.testing.assert_allclose(triangle.centred, expected.centred, rtol=1e-12, atol=1e-12)
    with pytest.raises(DataError, match="has 5 blocks of rows and y has 3"):
        steepest.summarize(dask.array.from_array(X, chunks=200), dask.array.from_array(y, chunks=300))
    with pytest.raises(UsageError, match="an array of inputs needs its targets"):
        steepest.summarize(cut)
    with pytest.raises(UsageError, match="put them into a Dask data frame"):
        steepest.summarize(cut, y, weight=np.ones(900))
