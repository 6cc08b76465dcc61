"""Access control: tokens, host names and rates; and headers that protect the pages."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unrolled.errors import UnrolledError
from unrolled.serve.errors import AuthenticationError, ForbiddenHostError, RateError
from unrolled.serve.responses import error_response

OPEN_PATHS = ("/healthz", "/static/", "/models/")
"""Paths that need no token: they tell nothing about a model."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
MOST_CLIENTS = 10_000
"""Maximum number of client addresses whose rate is remembered."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Guard:
    """ASGI middleware that refuses requests before the application reads them.

    Args:
        app: the application.
        token: token that clients must send; empty for none.
        hosts: host names that the server answers to; empty for all.
        rate: requests per second of each client; 0: no limit.
        clock: returns seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str = "",
        hosts: tuple[str, ...] = (),
        rate: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._token, self._hosts = app, token.encode("utf-8", "surrogatepass"), hosts
        self._rates = Rates(rate, clock) if rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except UnrolledError as error:
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, with_headers(send))

    def _check(self, scope: Scope) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        if self._hosts and host_name(headers.get("host", "")) not in self._hosts:
            raise ForbiddenHostError(
                f"Host: this server answers only to {', '.join(self._hosts)}; a proxy must send one "
                "of them. With --host 0.0.0.0 the server answers to all names"
            )
        if self._rates is not None and path.startswith("/v1/"):
            self._rates.count(scope["client"][0][:64] if scope.get("client") else "")
        is_open = path == "/" or path.startswith(OPEN_PATHS) or scope["method"] == "OPTIONS"
        if self._token and not is_open:
            scheme, _, token = headers.get("authorization", "").encode("latin-1", "replace").partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(token, self._token):
                raise AuthenticationError("Authorization: send the token of this server as 'Bearer TOKEN'")


class Rates:
    """Token buckets of the clients: ``rate`` requests per second, and bursts of twice as many."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, 2 * rate), clock
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, client: str) -> None:
        """Count a request.

        Raises:
            RateError: if the client sends too many.
        """
        now = self._clock()
        left, last = self._clients.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - last) * self._rate)
        self._clients[client] = (left - 1 if left >= 1 else left, now)
        if len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        if left < 1:
            raise RateError(f"too many requests: send at most {self._rate:g} per second")


def answered_hosts(host: str) -> tuple[str, ...]:
    """Return the host names that a server answers to; empty for all.

    A server on a loopback address answers only to loopback names. Otherwise a web site could use it through a
    name of the site that points to 127.0.0.1 (DNS rebinding).

    Args:
        host: address that it listens on.
    """
    if host == "localhost":
        return LOOPBACK
    try:
        address = ip_address(host)
    except ValueError:
        return ()
    name = f"[{address}]" if address.version == 6 else str(address)
    return tuple(dict.fromkeys((*LOOPBACK, name))) if address.is_loopback else ()


def host_name(host: str) -> str:
    """Return a Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def with_headers(send: Send) -> Send:
    """Return ``send`` with the headers that protect pages."""

    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Referrer-Policy", "no-referrer")
        await send(message)

    return protected
