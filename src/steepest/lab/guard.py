"""Guard: who may ask for what, checked from the headers of a request before any of its body is read."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from steepest.lab.answers import JSON, Refusal
from steepest.lab.server_settings import ServerSettings
from steepest.support.words import shorten

UPLOAD, OCTETS = "/upload", "application/octet-stream"
ONCE = ("Content-Type", "Content-Encoding", "X-Steepest-Session", "X-Steepest-Name")


@dataclass(frozen=True)
class Guard:
    """Lets requests in, or refuses them.

    Args:
        settings: names of this server, and how large headers may be.
        port: of this server.
        methods: of each address, as the header Allow names them; none of the addresses is a file's.
    """

    settings: ServerSettings
    port: int
    methods: Mapping[str, str]

    def check(self, scope: Scope) -> None:
        """Raise Refusal unless this request is one of those that are answered here."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["raw_path"].decode("latin-1")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self.settings.header_bytes:
            raise Refusal(431, f"the headers are longer than {self.settings.header_bytes:,} bytes.")
        _refuse_odd_framing(method, scope["http_version"], headers)
        host = self._host(headers)
        if method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, "only GET, HEAD and POST are known here.", headers={"Allow": "GET, HEAD, POST"})
        if path not in self.methods or scope["query_string"]:
            raise Refusal(404, "there is nothing at this address.")
        if method not in self.methods[path].split(", "):
            raise Refusal(405, f"this address takes {self.methods[path]} only.", headers={"Allow": self.methods[path]})
        if method == "POST":
            self._refuse_other_origin(host, headers)
            _refuse_other_kinds(headers, OCTETS if path == UPLOAD else JSON)

    def _host(self, headers: Headers) -> str:
        """The host that a request names; raise Refusal unless it is this server."""
        given = headers.getlist("Host")
        if len(given) != 1:
            raise Refusal(400, f"a request names one host; this one names {len(given)}.")
        host = given[0].lower()
        if not self.settings.is_own_name(host, self.port):
            raise Refusal(
                403,
                f"this server is not known by the name {shorten(host)}. Open the address that it printed, or start it "
                "with --host NAME:PORT for a name that leads here.",
            )
        return host

    def _refuse_other_origin(self, host: str, headers: Headers) -> None:
        """Raise Refusal unless a post comes from this server's own page.

        A browser sends Origin and Sec-Fetch-Site by itself, and no page can change them.
        """
        # a tunnel may add TLS, of which nothing is seen here
        schemes = ("http", "https") if host in self.settings.hosts else ("http",)
        origins = [origin.lower() for origin in headers.getlist("Origin")]
        if origins not in ([f"{scheme}://{host}"] for scheme in schemes) or any(
            site != "same-origin" for site in headers.getlist("Sec-Fetch-Site")
        ):
            raise Refusal(403, "only this server's own page may ask for this. Reload the page and try again.")


def _refuse_odd_framing(method: str, version: str, headers: Headers) -> None:
    """Refuse a body whose end two programs could see in two places, so that one request is never taken for two.

    What is no length and no coding at all, h11 has refused by then.
    """
    length, coding = headers.get("Content-Length"), headers.get("Transfer-Encoding")
    if version not in ("1.0", "1.1"):
        raise Refusal(400, "this is no request of HTTP/1.1.")
    if coding is not None and (length is not None or version != "1.1"):
        raise Refusal(400, "the length of a body is given once, and in HTTP/1.0 by Content-Length.")
    if method in ("GET", "HEAD") and (coding is not None or int(length or 0)):
        raise Refusal(400, f"{method} has no body.")


def _refuse_other_kinds(headers: Headers, expected: str) -> None:
    """Refuse bodies that a form of another site can send, and those that are packed."""
    for name in ONCE:
        if len(headers.getlist(name)) > 1:
            raise Refusal(400, f"the header {name} is given {len(headers.getlist(name))} times.")
    kind, _, parameter = headers.get("Content-Type", "").partition(";")
    if kind.strip().lower() != expected or parameter.strip().lower() not in ("", "charset=utf-8"):
        raise Refusal(415, f"the body must have Content-Type: {expected}.")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "the body must be sent as it is, without Content-Encoding.")
