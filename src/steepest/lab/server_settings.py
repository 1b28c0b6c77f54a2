"""Server settings: how the lab's server is reached, and what it bears."""

import secrets
from dataclasses import dataclass

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


@dataclass(frozen=True)
class ServerSettings:
    """How the server is reached, and what it bears.

    Args:
        address: to listen on.
        port: 0 for any that is free.
        hosts: further names that lead here.
        token: that a session begins with, or None.
        upload_limit: bytes of a file, unpacked.
        job_seconds: of reading a table.
        jobs_at_once: readers that run at the same time.
        idle_seconds: until a session ends that is not heard of.
        most_folders: sessions with a file.
        most_connections: for one more another is closed.
        header_seconds: for the headers of a request, and between two requests.
        body_seconds: for the body of a post.
        upload_seconds: for the body of an upload.
        answer_seconds: that a client may take to receive an answer.
        header_bytes: that the headers of a request may have.
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
    most_connections: int = 500
    header_seconds: float = 20.0
    body_seconds: float = 20.0
    upload_seconds: float = 600.0
    answer_seconds: float = 60.0
    header_bytes: int = 16_384


def new_token() -> str:
    """Return a token that can be typed: four groups of five, 99 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
