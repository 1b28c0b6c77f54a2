"""The lab's connections over real sockets: what ends the slow ones, and that many at once are served beside them."""

import asyncio
import contextlib
import socket
import time

import pytest

from tests.support.lab_client import everything, running


@contextlib.contextmanager
def clients(lab, count, sent=b""):
    """So many connections, each of which has sent this."""
    with contextlib.ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", lab.port), timeout=30)) for _ in range(count)
        ]
        for one in opened:
            one.sendall(sent)
        yield opened


def half_a_body(lab):
    return (
        f"POST /session HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{"
    ).encode()


async def whole_pages(lab, count):
    """How many of so many clients, which all begin at once, get the page whole."""

    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", lab.port)
        writer.write(f"GET / HTTP/1.1\r\nHost: {lab.host}\r\nConnection: close\r\n\r\n".encode())
        try:
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            return f"content-length: {len(body)}\r\n".encode() in head + b"\r\n" and head.startswith(b"HTTP/1.1 200")
        except ConnectionError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    return sum(await asyncio.gather(*(one() for _ in range(count))))


def is_open(connection):
    """Whether the other side has neither closed nor sent anything."""
    connection.setblocking(False)
    try:
        return connection.recv(1) is None
    except BlockingIOError:
        return True
    finally:
        connection.settimeout(30)


def trickle(connection, seconds):
    """Send a byte now and then until the other side has closed; say whether it has in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection.send(b"G")
        except ConnectionError:
            return True
        time.sleep(0.05)
    return False


def test_row_105_headers_that_come_byte_by_byte_get_no_more_time():
    with running(header_seconds=1.0) as lab, clients(lab, 2) as (first, second):
        # those of a second request neither
        second.sendall(half_a_body(lab).replace(b"100", b"2") + b"}")
        assert second.recv(100).startswith(b"HTTP/1.1 200")
        assert trickle(first, 60)
        assert trickle(second, 60)


@pytest.mark.slow
def test_row_105_of_too_many_the_one_closed_waits_longest_for_a_request_and_then_for_a_body():
    with running(most_connections=20, body_seconds=600.0, header_seconds=600.0) as lab, contextlib.ExitStack() as stack:

        def halves(count):  # each has been read as far as it goes: the server asks for its body
            sent = half_a_body(lab).replace(b"\r\n\r\n{", b"\r\nExpect: 100-continue\r\n\r\n")
            opened = [stack.enter_context(clients(lab, 1, sent)) for _ in range(count)]
            assert [one.recv(100)[:12] for (one,) in opened] == [b"HTTP/1.1 100"] * count
            return [one for (one,) in opened]

        at_work, silent = halves(10), stack.enter_context(clients(lab, 20))
        assert [everything(one) for one in silent[:10]] == [b""] * 10
        assert [is_open(one) for one in (*at_work, *silent[10:])] == [True] * 20
        for k in range(10):
            at_work += halves(1)
            assert everything(silent[10 + k]) == b""
        assert [is_open(one) for one in at_work] == [True] * 20
        assert lab.request("GET", "/")[0] == 200
        assert everything(at_work[0]) == b""
        assert [is_open(one) for one in at_work[1:]] == [True] * 19


@pytest.mark.slow
def test_row_105_a_class_that_opens_the_page_at_once_is_served_beside_slow_clients():
    with (
        running() as lab,
        clients(lab, 30),
        clients(lab, 30, b"GET / HTTP/1.1\r\nHost: "),
        clients(lab, 30, half_a_body(lab)),
    ):
        assert asyncio.run(whole_pages(lab, 300)) == 300
