"""Options of the server."""

import math
import re
from dataclasses import dataclass

from unrolled.config import require
from unrolled.engine import Precision
from unrolled.tasks.base.service import Limits

ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]+")
"""What browsers send as the origin of a page."""


@dataclass(frozen=True)
class LimitOptions:
    """Limits on requests and clients."""

    max_body: int = 1_048_576
    """Maximum size of the body of a request, in bytes."""

    max_characters: int = 100_000
    """Maximum number of characters of all texts of a request, or of numbers of a series."""

    max_items: int = 256
    """Maximum number of texts, sentences or sequences of a request."""

    max_steps: int = 4096
    """Maximum number of tokens or steps that a request may ask for."""

    rate: float = 0.0
    """Requests per second that each client address may send, with bursts of twice as many; 0: no limit."""

    max_connections: int = 1000
    """Maximum number of connections at a time."""

    max_waiting: int = 1000
    """Maximum number of requests of a model that wait or run."""

    max_rows: int = 512
    """Maximum number of requests in one batch."""

    def __post_init__(self) -> None:
        for name in (
            "max_body",
            "max_characters",
            "max_items",
            "max_steps",
            "max_connections",
            "max_waiting",
        ):
            require(getattr(self, name) >= 1, f"{name}={getattr(self, name)}: must be at least 1")
        require(1 <= self.max_rows <= 4096, f"max_rows={self.max_rows}: must lie in 1..4096")
        require(0 <= self.rate < math.inf, f"rate={self.rate}: must be a finite number, and not negative")

    @property
    def of_request(self) -> Limits:
        """Limits on one request."""
        return Limits(self.max_characters, self.max_items, self.max_steps)

    @property
    def by_name(self) -> dict[str, int]:
        """Limits on one request by name, as clients see them."""
        return {
            "characters": self.max_characters,
            "items": self.max_items,
            "steps": self.max_steps,
            "body": self.max_body,
        }


@dataclass(frozen=True)
class SessionOptions:
    """Sessions, whose state is kept on the server."""

    max_sessions: int = 1000
    """Maximum number of sessions of a model."""

    max_session_bytes: int = 1_073_741_824
    """Most memory of the states of a model's sessions: no session begins beyond it."""

    session_seconds: float = 600.0
    """Seconds after which an unused session ends."""

    def __post_init__(self) -> None:
        for name in ("max_sessions", "max_session_bytes"):
            require(getattr(self, name) >= 0, f"{name}={getattr(self, name)}: must not be negative")
        require(self.session_seconds > 0, f"session_seconds={self.session_seconds}: must be positive")


@dataclass(frozen=True)
class ServeOptions:
    """Options of the server."""

    host: str = "127.0.0.1"
    """Address to listen on. Only this computer can reach 127.0.0.1; 0.0.0.0 listens on all addresses."""

    port: int = 8000
    """Port to listen on; 0 takes a free one."""

    precision: Precision = "float32"
    """Precision of the products; bfloat16 and int8 are faster."""

    token_file: str = ""
    """File with a token that clients must send (Authorization: Bearer TOKEN). The environment variable
    UNROLLED_TOKEN sets it too."""

    allow_origin: str = ""
    """Web site whose pages may use the API, such as https://example.org; * allows all sites."""

    reload_seconds: float = 2.0
    """Seconds between two checks whether a run was trained again; 0: never."""

    stop_seconds: float = 5.0
    """Seconds that running requests get to finish when the server stops."""

    client_seconds: float = 20.0
    """Seconds that a client may take to send a request, or to read what was sent."""

    def __post_init__(self) -> None:
        require(0 <= self.port <= 65535, f"port={self.port}: must lie in 0..65535")
        require(bool(self.host), "host='': give an address to listen on; 0.0.0.0 is all addresses")
        for name in ("reload_seconds", "stop_seconds"):
            value = getattr(self, name)
            require(0 <= value < math.inf, f"{name}={value}: must be a finite number, and not negative")
        require(
            0 < self.client_seconds < math.inf,
            f"client_seconds={self.client_seconds}: must be a finite, positive number",
        )
        require(
            self.allow_origin in ("", "*") or bool(ORIGIN.fullmatch(self.allow_origin)),
            f"allow_origin={self.allow_origin!r}: give the scheme and host of a web site, such as "
            "https://example.org, or *",
        )
