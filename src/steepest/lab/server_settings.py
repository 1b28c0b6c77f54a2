"""Server settings: how the lab's server is reached, and what it bears."""

import ipaddress
import re
import secrets
import socket
from dataclasses import dataclass

from steepest.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
NAME = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(:[0-9]{1,5})?")
WEB_PORT = 80  # what a browser leaves out of the address

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


@dataclass(frozen=True)
class ServerSettings:
    """How the server is reached, and what it bears.

    Args:
        address: to listen on.
        port: 0 for any that is free.
        hosts: further names that lead here, such as through a tunnel, in lower case, with or without a port.
        token: that a session begins with, or None.
        upload_limit: bytes of a file, unpacked.
        job_seconds: of reading a table.
        jobs_at_once: readers that run at the same time.
        idle_seconds: until a session ends that is not heard of.
        most_folders: sessions with a file.
        most_connections: for one more the one is closed that waits longest for a request.
        header_seconds: for the headers of a request, and between two requests.
        body_seconds: for the body of a post.
        upload_seconds: for the body of an upload.
        answer_seconds: that a client may take for the next 64 kB of an answer.
        header_bytes: that the headers of a request may have.

    Raises:
        UsageError: one of the hosts is no name with or without a port.
    """

    address: str = "127.0.0.1"
    port: int = 8008
    hosts: tuple[str, ...] = ()
    token: str | None = None
    upload_limit: int = 100_000_000
    job_seconds: float = 120.0
    jobs_at_once: int = 2
    idle_seconds: float = 1800.0
    most_folders: int = 100
    most_connections: int = 800
    header_seconds: float = 20.0
    body_seconds: float = 20.0
    upload_seconds: float = 600.0
    answer_seconds: float = 60.0
    header_bytes: int = 16_384

    def __post_init__(self) -> None:
        for name in self.hosts:
            if not NAME.fullmatch(name):
                raise UsageError(f"--host is a name, or a name and a port: lab.example.org:8008; got {name!r}.")

    def is_own_name(self, host: str, port: int) -> bool:
        """Whether a host that a request names is this server at its port, so that no other site's name leads here.

        A page of another site whose name is made to lead here (DNS rebinding) sends that name, and is refused by it.

        Example:
            >>> settings = ServerSettings(hosts=("lab.example.org",))
            >>> [settings.is_own_name(host, 8008) for host in ("localhost:8008", "localhost:1", "lab.example.org", "evil.org:8008")]
            [True, False, True, False]
        """
        name = host.removesuffix(f":{port}")
        if host in self.hosts:
            return True
        if not NAME.fullmatch(host) or (name == host and port != WEB_PORT):
            return False
        if name in (*LOOPBACK, bracketed(self.address)):
            return True
        # a number is no name, and cannot be made to lead here from elsewhere
        return not is_loopback(self.address) and (name == socket.gethostname().lower() or _is_number(name))


def is_loopback(address: str) -> bool:
    """Whether an address is reached from this machine only."""
    return address.lower() == "localhost" or (_is_number(address) and ipaddress.ip_address(address).is_loopback)


def bracketed(address: str) -> str:
    """Return an address as it stands in a URL: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address.lower()


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def new_token() -> str:
    """Return a token that can be typed: four groups of five, 99 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
