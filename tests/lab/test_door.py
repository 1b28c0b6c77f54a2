"""The lab's door in this process: the nine addresses as an application of ASGI, without sockets."""

import asyncio
import contextlib
import json

import httpx
import pytest

from steepest.lab import envelope
from steepest.lab.answers import ALWAYS
from steepest.lab.door import METHODS, application
from steepest.lab.jobs import Reader
from steepest.lab.posts import Bounds, Posts
from steepest.lab.server_settings import ServerSettings
from steepest.lab.sessions import Sessions
from steepest.lab.upload import Upload

PORT = 8008
SQUARE = {"points": [[0, 0], [1, 1], [2, 4]], "degree": 2}


class Client:
    """Asks an application of ASGI, without a server between."""

    def __init__(self, app):
        self._app = app

    def request(self, method, path, **sent):
        async def answered():
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
                return await client.request(method, path, **sent)

        return asyncio.run(answered())

    def get(self, path, **sent):
        return self.request("GET", path, **sent)

    def post(self, path, **sent):
        return self.request("POST", path, **sent)


@contextlib.contextmanager
def door(**options):
    """A client of an application of its own, the posts behind it, and the lines it says in the terminal."""
    settings, lines = ServerSettings(**options), []
    sessions = Sessions(settings.idle_seconds, settings.most_folders)
    bounds = Bounds(settings.upload_limit, settings.job_seconds, settings.idle_seconds)
    posts = Posts(sessions, Reader(settings.job_seconds, settings.jobs_at_once), bounds, None, settings.token)
    made = application(posts, settings, PORT, log=lines.append, warn=lines.append)
    try:
        yield Client(made), posts, lines
    finally:
        sessions.end_all()


def own(session=None, kind="application/json", **more):
    """The headers of the lab's own page."""
    headers = {"Origin": f"http://127.0.0.1:{PORT}", "Content-Type": kind, **more}
    return headers | ({"X-Steepest-Session": session} if session else {})


def begun(client):
    return client.post("/session", json={}, headers=own()).json()["session"]


def test_points_are_opened_saved_and_forgotten():
    with door() as (client, _, lines):
        session = begun(client)
        opened = client.post("/points", json=SQUARE, headers=own(session))
        assert (opened.status_code, opened.headers["Content-Type"]) == (200, "application/json")
        assert opened.json()["payload"]["features"] == ["x", "x²"]
        saved = client.post("/page", json={"which": "drawn"}, headers=own(session))
        assert saved.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "connect-src 'none'" in saved.text
        assert client.post("/end", json={}, headers=own(session)).json() == {"ended": True}
        assert client.post("/points", json=SQUARE, headers=own(session)).status_code == 410
    assert [line.split(",")[0] for line in lines] == [
        "POST /session 200", "POST /points 200", "POST /page 200", "POST /end 200", "POST /points 410",
    ]  # fmt: skip


def test_no_answer_lacks_a_header_and_the_page_has_one_policy():
    with door() as (client, _, _):
        answers = [
            client.request(method, path) for method in ("GET", "POST", "PUT") for path in (*METHODS, "/x", "/%2f")
        ]
        assert {answer.status_code for answer in answers} == {200, 403, 404, 405}
        for answer in answers:
            for name, value in ALWAYS.items():
                (given,) = answer.headers.get_list(name)
                assert given == value or name == "Content-Security-Policy"


def test_rows_99_100_only_its_own_page_may_post():
    with door(hosts=("lab.example",)) as (client, _, _):
        for changed, status in (
            ({}, 200),
            ({"Host": f"localhost:{PORT}"}, 403),  # not what Origin says
            ({"Host": "evil.example"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Host": "lab.example", "Origin": "https://lab.example"}, 200),
            ({"Host": "lab.example", "Origin": "https://lab.example", "Sec-Fetch-Site": "cross-site"}, 403),
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Encoding": "gzip"}, 415),
            ({"X": "x" * 16_384}, 431),
        ):
            assert client.post("/session", content=b"{}", headers=own() | changed).status_code == status, changed


def test_row_104_what_is_left_of_a_refused_body_is_read_only_for_a_while(monkeypatch):
    monkeypatch.setattr(envelope, "LINGER_BYTES", 3_000)
    sent = []

    async def pieces():
        for k in range(100):
            sent.append(k)
            yield b"x" * 1_000

    with door(upload_limit=10) as (client, posts, _):
        session = begun(client)
        answer = client.post("/upload", content=pieces(), headers=own(session, "application/octet-stream", **{"X-Steepest-Name": "a.csv"}))  # fmt: skip
        assert (answer.status_code, answer.headers["Connection"]) == (413, "close")
        assert len(sent) < 10
        assert list(posts.sessions.folder_of(posts.sessions.find(session)).iterdir()) == []


def test_row_105_a_body_that_does_not_come_is_refused(monkeypatch):
    async def slow(upload, chunk):
        await asyncio.sleep(60)

    monkeypatch.setattr(Upload, "feed", slow)
    with door(upload_seconds=0.05) as (client, _, _):
        session = begun(client)
        headers = own(session, "application/octet-stream", **{"X-Steepest-Name": "a.csv"})
        answer = client.post("/upload", content=b"a,b\n1,2\n", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (
            408,
            "the body did not come within 0.05 seconds. Try again.",
        )
        # the place is free again
        assert client.post("/cancel", json={}, headers=own(session)).json() == {"cancelled": False}


def test_row_105_more_requests_than_connections_are_refused_with_a_sentence():
    with door(most_connections=0) as (client, _, _):
        answer = client.get("/")
        assert answer.status_code == 503
        assert answer.json()["error"].endswith("Try again in a minute.")


def test_row_110_what_breaks_inside_says_where_and_not_what(monkeypatch):
    def broken(id):
        raise ValueError("secret")

    with door() as (client, posts, lines):
        monkeypatch.setattr(posts.sessions, "find", broken)
        answer = client.post("/cancel", json={}, headers=own("id"))
        assert answer.status_code == 500
        assert "secret" not in json.dumps(lines) + answer.text
        assert lines[0].startswith("Inside the server: ValueError at test_door.py, line ")


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
def test_an_answer_goes_out_in_pieces_and_arrives_whole(size):
    sent = []

    async def send(message):
        sent.append(message)

    body = bytes(i % 251 for i in range(size))
    exchange = envelope._Exchange({}, None, send)
    asyncio.run(exchange.send({"type": "http.response.body", "body": body}))
    assert b"".join(message["body"] for message in sent) == body
    assert max(len(message["body"]) for message in sent) <= envelope.PIECE
    assert [message.get("more_body", False) for message in sent] == [True] * (len(sent) - 1) + [False]
    assert exchange.sent == size
