"""P4: Parquet files of 2 GB and 8 GB of float64 in 20 columns: reading them into a triangle, beside only decoding them.

The files are generated here, and removed at the end. Each measurement is a process of its own, which says its peak memory.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = 20
DECODE = """
import sys, duckdb, nanoarrow
with duckdb.connect(":memory:", config={"memory_limit": "600MB"}) as connection:
    connection.execute("SET enable_progress_bar = false")
    print(sum(len(piece) for piece in nanoarrow.ArrayStream(connection.sql(f"SELECT * FROM read_parquet('{sys.argv[1]}')"))))
"""
SUMMARIZE = """
import sys, steepest
print(steepest.summarize(sys.argv[1], target="x0").row_count)
"""


def generate(path, gigabytes):
    """Write a file whose columns hold so many bytes of float64 when decoded; random numbers, which do not compress."""
    rows = int(gigabytes * 1e9) // (8 * COLUMNS)
    columns = ", ".join(f"random() * {j + 1} AS x{j}" for j in range(COLUMNS))
    copy = f"COPY (SELECT {columns} FROM range({rows})) TO '{path}' (FORMAT parquet)"
    # in a process of its own: the peak memory of a child counts from that of its parent
    code = "import duckdb, sys; duckdb.execute('SET enable_progress_bar = false'); duckdb.execute(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, copy], check=True)
    return rows


def measured(code, path):
    """Seconds and peak megabytes of a process that runs the code."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, out
    return time.perf_counter() - began, usage.ru_maxrss / 1024, int(out)


def main(sizes=(2, 8)):
    with tempfile.TemporaryDirectory(prefix="steepest-benchmark") as place:
        for size in sizes:
            path = Path(place) / f"{size}.parquet"
            rows = generate(path, size)
            results = {"decode": [], "summarize": []}
            for _ in range(3 if size <= 2 else 1):
                for name, code in (("decode", DECODE), ("summarize", SUMMARIZE)):
                    seconds, peak, count = measured(code, path)
                    assert count == rows
                    results[name].append((seconds, peak))
            (decode, _), (ours, peak) = (min(results[name]) for name in ("decode", "summarize"))
            print(
                f"P4  {rows:,} × {COLUMNS}, {size} GB: decoding {decode:.1f} s, summarize {ours:.1f} s = {ours / decode:.2f} × that (goal 1.3), "
                f"{size / ours:.2f} GB/s; peak memory {peak:.0f} MB (goal below 1,000)"
            )
            path.unlink()
