"""A lab's server in a thread, and a client that sends exactly what it is told."""

import asyncio
import http.client
import json
import socket
import threading
from contextlib import contextmanager
from typing import Any

from steepest.lab.server import Server, listening
from steepest.lab.server_settings import ServerSettings


class Lab:
    """A running server, and requests to it."""

    def __init__(self, server, lines):
        self.server, self.lines, self.port, self.sessions = server, lines, server.port, []
        self.host = f"127.0.0.1:{self.port}"

    def request(self, method, path, body=b"", chunked=False, **headers):
        """Send a request and return status, headers and body; a header of None is left out."""
        headers = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            skip = "Host" in headers
            connection.putrequest(method, path, skip_host=skip, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            elif body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            try:
                for first in range(0, len(body), 50_000):
                    piece = body[first : first + 50_000]
                    connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                if chunked:
                    connection.send(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass  # the answer came before the end of the body
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, path, content=None, session=None, **headers):
        """Post JSON as the page does, and return status and JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content or {}).encode()
        own = {"Origin": f"http://{self.host}", "Content-Type": "application/json", "X-Steepest-Session": session}
        status, given, said = self.request("POST", path, body, **{**own, **headers})
        return status, json.loads(said) if given.get_content_type() == "application/json" else said

    def session(self, **content):
        """Start a session and return its ID."""
        status, told = self.post("/session", content)
        assert status == 200, told
        self.sessions.append(told["session"])
        return told["session"]

    def end_sessions(self):
        """End all sessions started so far."""
        while self.sessions:
            self.post("/end", {}, self.sessions.pop())

    def upload(self, session, body, name="table.csv", **more):
        """Send a file as the page does, and return status and JSON."""
        own = {
            "Origin": f"http://{self.host}",
            "Content-Type": "application/octet-stream",
            "X-Steepest-Session": session,
        }
        status, _, said = self.request("POST", "/upload", body, **{**own, "X-Steepest-Name": name, **more})
        return status, json.loads(said)

    def raw(self, sent, timeout=120):
        """Send bytes and return all that comes back until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(sent)
            return everything(connection)


def everything(connection):
    """Read until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@contextmanager
def running(given=None, **options):
    """Run a server in a thread; afterwards nothing of it is left."""
    lines, ready = [], threading.Event()
    box: dict[str, Any] = {}
    settings = ServerSettings(port=0, **options)
    with listening(settings) as listener:
        server = Server(listener, settings, given=given, log=lines.append, warn=lines.append)

        async def serve():
            box["loop"], box["stop"] = asyncio.get_running_loop(), asyncio.Event()
            await server.run(box["stop"], ready.set)

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(120)
            yield Lab(server, lines)
        finally:
            box["loop"].call_soon_threadsafe(box["stop"].set)
            thread.join(120)
            assert not thread.is_alive()
