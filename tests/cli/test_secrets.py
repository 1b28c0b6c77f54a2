"""No password or key that is given anywhere reaches a file, a stream, a message or a repr."""

import io
import re
import zipfile
from urllib.parse import quote

import pytest

import steepest
from steepest.errors import SteepestError, without_secrets
from tests.support.commands import steepest_command
from tests.support.servers import execute

SECRETS = ("gEhe1m", "p@ss/w0rd:?x", "zwei worte", "ä%41#&")
NOWHERE = "127.0.0.1:9/air"


def told(secret):
    """The pieces of a secret that must not be seen: itself and as it stands in an address, whole and in part."""
    whole = {secret, quote(secret, safe="")}
    return [piece for text in whole for piece in {text, *re.split(r"[@/:?&#% ]", text)} if len(piece) > 3]


def check(secret, *texts):
    for text in texts:
        for piece in told(secret):
            assert piece not in text, f"{piece!r} in {text[:2000]!r}"


def check_files(secret, folder):
    """Look into every file, also into what is packed."""
    count = 0
    for path in folder.rglob("*"):
        check(secret, str(path))
        if not path.is_file():
            continue
        content = path.read_bytes()
        parts = [content]
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
        for part in parts:
            check(secret, part.decode("utf-8", "replace"), part.decode("latin-1"))
        count += 1
    return count


def addresses(secret):
    """Every way in which an address that nobody answers may hold a password."""
    coded = quote(secret, safe="")
    yield f"postgresql://me:{coded}@{NOWHERE}"
    yield f"postgresql://me:{secret}@{NOWHERE}"
    yield f"postgres://{NOWHERE}?user=me&password={coded}"
    yield f"postgresql://me@{NOWHERE}?sslpassword={coded}&sslmode=disable"
    yield f"mysql://root:{coded}@{NOWHERE}"
    yield f"mssql+pyodbc://root:{secret}@{NOWHERE}"
    yield f"host=127.0.0.1 port=9 user=me password='{secret}'"
    yield f"sqlite:///tmp/none.db?key=1&password={coded}"


def doors(secret):
    """Every argument of the command that may hold a secret."""
    coded = quote(secret, safe="")
    for address in addresses(secret):
        yield ["fit", "t", "--database", address, "--target", "y"]
        yield ["fit", address, "--target", "y"]
    address = f"postgresql://me:{coded}@{NOWHERE}"
    yield ["summarize", "t", "--database", address, "--target", "y", "-o", "t.triangle"]
    yield ["sweep", "t", "--database", address, "--target", "y"]
    yield ["diagnose", "t", "--database", address, "--target", "y"]
    yield ["explain", "t", "--database", address, "--target", "y"]
    yield ["fit", "t.csv", "--target", "y", "--test", address]
    yield ["fit", "t.csv", "--target", "y", "--cluster", f"tcp://me:{coded}@127.0.0.1:9"]
    yield ["fit", "t.csv", address, "--target", "y"]
    for web in (
        f"https://me:{coded}@127.0.0.1:9/t.csv",
        f"https://127.0.0.1:9/t.csv?X-Amz-Signature={coded}&k={coded}",
    ):
        yield ["fit", web, "--target", "y"]
        yield ["fit", f"SELECT * FROM read_csv('{web}')", "--target", "y"]
    yield ["fit", f"SELECT * FROM postgres_scan('host=h password={coded}', 'public', 't')", "--target", "y"]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_door_repeats_a_secret(secret, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,3\n3,5\n")
    for arguments in doors(secret):
        if "--cluster" in arguments and "@" in arguments[-1]:
            pytest.importorskip("distributed")
        done = steepest_command("--debug", *arguments, cwd=tmp_path)
        assert done.returncode, arguments
        check(secret, done.stdout, done.stderr)
    assert check_files(secret, tmp_path) == 1


@pytest.mark.parametrize("secret", SECRETS)
def test_no_exception_holds_a_secret(secret):
    for address in addresses(secret):
        for call in (steepest.open_source, steepest.summarize):
            options = {"database": address} if call is steepest.open_source else {}
            with pytest.raises(SteepestError) as caught:
                call("t" if options else address, target="y", **options)
            check(secret, str(caught.value), repr(caught.value), repr(caught.value.args), str(caught.value.sentence))


@pytest.mark.process
@pytest.mark.parametrize("secret", SECRETS[1:2])
def test_what_a_fit_leaves_holds_no_secret(secret, postgresql, tmp_path):
    execute(
        postgresql,
        "DROP TABLE IF EXISTS secret",
        "CREATE TABLE secret AS SELECT i AS x, 3 * i + i % 3 AS y, 'k' || i % 2 AS k FROM generate_series(1, 50) AS t (i)",
    )
    coded = quote(secret, safe="")
    for address in (postgresql.replace("unused", coded), f"{postgresql.replace(':unused', '')}&password={coded}"):
        place = ["--database", address]
        table = ["secret", *place, "--target", "y"]
        said = [
            steepest_command(*arguments, *([] if "--no-out" in arguments else ["--force"]), cwd=tmp_path)
            for arguments in (
                ["fit", *table, "--out", "run", "--test-size", "0.2", "--summary", "kept", "--robust", "HC3"],
                ["fit", *table, "--no-out", "--json"],
                ["summarize", *table, "-o", "t.triangle"],
                ["sweep", *table, "--no-out", "--learning-rates", "0.1"],
                ["predict", "run", "secret", *place, "-o", "p.csv"],
            )
        ]
        said += [steepest_command("export", "run", "--to", kind, cwd=tmp_path) for kind in ("python", "sql", "excel")]
        said += [steepest_command("fit", "secret", *place, "--target", "nothing", cwd=tmp_path)]
        for done in said:
            check(secret, done.stdout, done.stderr)
        assert [done.returncode for done in said[:5]] == [0, 0, 0, 0, 0], [done.stderr for done in said]
        assert check_files(secret, tmp_path) > 10
        source = steepest.open_source("secret", database=address, target="y")
        check(secret, repr(source), repr(source.describe()), repr(steepest.summarize(source)))


def test_what_is_no_secret_stays():
    for text in (
        "postgresql://me@host:5432/air?sslmode=require",
        "cannot read C:/a/b.csv: column 'x@y' holds 'a:b'",
        "mail me@home.org, see https://duckdb.org/docs",
        "t.csv: tokens 12, keys = 3, signal=4",
    ):
        assert without_secrets(text) == text
