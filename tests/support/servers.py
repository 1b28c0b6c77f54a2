"""Servers of databases that the tests start themselves, each in a folder of its own; skipped where none is installed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PGBIN = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")), *filter(None, [shutil.which("initdb")])]
SMALL = "-c shared_buffers=128kB -c fsync=off -c autovacuum=off"
"""A table of more than a quarter of these buffers is scanned together with others, from wherever those are."""


def _user(name, folder):
    """Who runs the server: it refuses to run as root. None: whoever runs the tests."""
    if os.geteuid():
        return None
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        pytest.skip(f"a database server does not run as root, and there is no user {name}")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_uid


@pytest.fixture(scope="session")
def postgresql():
    """The address of a PostgreSQL server, whose synchronize_seqscans is on as everywhere."""
    if not PGBIN:
        pytest.skip("no PostgreSQL server on this machine; install Debian's package postgresql to run this test")
    programs = Path(PGBIN[-1]).resolve().parent
    # a socket's path has at most 107 characters
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as place:
        options = {"check": True, "capture_output": True, "user": _user("postgres", place), "cwd": place}
        control = [str(programs / "pg_ctl"), "-D", f"{place}/data"]
        subprocess.run([programs / "initdb", "-D", f"{place}/data", "-A", "trust", "-U", "me", "--no-sync"], **options)
        flags = f"-c listen_addresses='' -c unix_socket_directories='{place}' {SMALL}"
        subprocess.run([*control, "-o", flags, "-l", f"{place}/log", "-w", "start"], **options)
        try:
            yield f"postgresql://me:unused@/postgres?host={place}"
        finally:
            _stop(Path(place, "data", "postmaster.pid"))


def _stop(pid_file):
    """End the server at once; it removes the file when it has gone. The last test may be one that starts no process."""
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)
    for _ in range(100):
        if not pid_file.exists():
            return
        time.sleep(0.05)


@pytest.fixture(scope="session")
def mariadb():
    """What runs SQL in a MariaDB server and returns its rows as lists of texts."""
    server, install = (
        shutil.which("mariadbd", path="/usr/sbin:" + os.environ["PATH"]),
        shutil.which("mariadb-install-db"),
    )
    if not (server and install):
        pytest.skip("no MariaDB server on this machine; install Debian's package mariadb-server to run this test")
    with tempfile.TemporaryDirectory(prefix="my", dir="/tmp", ignore_cleanup_errors=True) as place:
        user = _user("mysql", place)
        # a server removes what others keep in the temporary folder that they share
        folder = ["--no-defaults", f"--datadir={place}/data", f"--tmpdir={place}"]
        options = {"user": user, "cwd": place}
        login = "--auth-root-authentication-method=normal"
        subprocess.run([install, *folder, login], check=True, capture_output=True, **options)
        socket = f"{place}/socket"
        with open(f"{place}/log", "w") as log:
            running = subprocess.Popen(
                [server, *folder, f"--socket={socket}", "--skip-networking", f"--pid-file={place}/pid"],
                stdout=log,
                stderr=log,
                **options,
            )

        def run(sql):
            command = ["mariadb", "--no-defaults", "-S", socket, "-u", "root", "--batch", "--skip-column-names"]
            done = subprocess.run(command, input=sql, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return [line.split("\t") for line in done.stdout.splitlines()]

        try:
            for _ in range(100):
                if os.path.exists(socket) or running.poll() is not None:
                    break
                time.sleep(0.1)
            run("CREATE DATABASE d")
            yield lambda sql: run(f"USE d; {sql}")
        finally:
            running.terminate()
            running.wait(30)


def execute(address, *statements):
    """Run SQL in PostgreSQL, and commit it."""
    import adbc_driver_postgresql.dbapi

    with adbc_driver_postgresql.dbapi.connect(address) as connection, connection.cursor() as cursor:
        for sql in "; ".join(statements).split("; "):
            cursor.execute(sql)
        connection.commit()
