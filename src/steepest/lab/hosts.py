"""Hosts: the names by which this server may be called, so that no page of another site can call it by a name of its own."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from steepest.errors import UsageError
from steepest.lab.answers import Refusal
from steepest.support.words import shorten

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(?::([0-9]{1,5}))?")
WEB_PORT = 80  # what a browser leaves out of the address


@dataclass(frozen=True)
class Hosts:
    """What the header Host may say, and Origin with it.

    A page of another site whose name is made to lead here (DNS rebinding) sends that name, and is refused by it.

    Args:
        address: what the server listens on.
        port: its port.
        more: names with or without a port that lead here from elsewhere, such as through a tunnel.
    """

    address: str
    port: int
    more: tuple[str, ...] = ()

    def refuse_foreign(self, given: Sequence[str]) -> str:
        """Return the host that a request names; raise Refusal unless it is this server."""
        if len(given) != 1:
            raise Refusal(400, f"a request names one host; this one names {len(given)}.")
        host = given[0].lower()
        if host in self.more or self._is_own(host):
            return host
        raise Refusal(
            403,
            f"this server is not known by the name {shorten(host)}. Open the address that it printed, or start it with "
            "--host NAME:PORT for a name that leads here.",
        )

    def refuse_other_origin(self, host: str, origins: Sequence[str], sites: Sequence[str]) -> None:
        """Raise Refusal unless a request comes from this server's own page.

        Args:
            host: as `refuse_foreign` gave it.
            origins: the values of the header Origin.
            sites: those of Sec-Fetch-Site, which a browser sends by itself and a page cannot change.
        """
        # a tunnel may add TLS, of which nothing is seen here
        schemes = ("http", "https") if host in self.more else ("http",)
        own = [f"{scheme}://{host}" for scheme in schemes]
        if [origin.lower() for origin in origins] not in ([one] for one in own) or any(
            s != "same-origin" for s in sites
        ):
            raise Refusal(403, "only this server's own page may ask for this. Reload the page and try again.")

    def _is_own(self, host: str) -> bool:
        found = HOST.fullmatch(host)
        if not found or int(found[2] or WEB_PORT) != self.port:
            return False
        name = found[1]
        if is_loopback(self.address):
            return name in (*LOOPBACK, bracketed(self.address))
        # a number is no name, and cannot be made to lead here from elsewhere
        return name in (*LOOPBACK, bracketed(self.address), socket.gethostname().lower()) or _is_number(name)


def is_loopback(address: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return address.lower() == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def bracketed(address: str) -> str:
    """Return an address as it stands in a URL: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address.lower()


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names given with --host in lower case.

    Raises:
        UsageError: one is no name with or without a port.
    """
    for name in names:
        if not HOST.fullmatch(name.lower()):
            raise UsageError(f"--host is a name, or a name and a port: lab.example.org:8008; got {name!r}.")
    return tuple(name.lower() for name in names)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
