"""Run the server: listen, answer requests, and shut down gracefully."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from unrolled.errors import ConfigError
from unrolled.serve.files import allow_connections
from unrolled.serve.models import Models
from unrolled.serve.options import LimitOptions, ServeOptions
from unrolled.serve.protocol import make_protocol

logger = logging.getLogger("unrolled.serve")


LAST_SECONDS = 0.3
"""Seconds in which clients get the error of a request that a second signal ends."""
BACKLOG = 2048
"""Connections that wait to be accepted."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address. Clients that connect wait until the server accepts them.

    Raises:
        ConfigError: if the port is in use, or the address is not one of this computer.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    if sys.platform != "win32":  # there it would let two servers share a port
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)  # until then another server could be bound to the same port
    except OSError as error:
        bound.close()
        raise ConfigError(f"cannot listen on {host}, port {port}: {_reason(error)}") from None
    except OverflowError:
        bound.close()
        raise ConfigError(f"port={port}: must lie in 0..65535") from None
    return bound


def _reason(error: OSError) -> str:
    import errno

    if error.errno == errno.EADDRINUSE:
        return "another program uses this port; give another one with --port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return "this user has no permission; give a port of 1024 or more with --port"
    return f"{error.strerror or error}; give an address of this computer with --host"


class Server(uvicorn.Server):
    """A server that shuts down gracefully: running requests get some seconds, then an error.

    Args:
        app: the application.
        models: the models.
        options: options of the server.
        limits: limits on clients.
        started: called once it listens.
    """

    def __init__(
        self,
        app: ASGIApp,
        models: Models,
        options: ServeOptions,
        limits: LimitOptions,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=make_protocol(options.client_seconds),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=allow_connections(limits.max_connections) + 1,  # uvicorn refuses the last one
            timeout_keep_alive=max(5, round(options.client_seconds)),
            timeout_graceful_shutdown=round(options.stop_seconds) + 3,
        )
        super().__init__(config)
        self._models, self._stop_seconds, self._on_started = models, options.stop_seconds, started
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: accept no more requests; give running ones some seconds, then an error."""
        stop = asyncio.get_running_loop().call_later(self._stop_seconds, self._fail_requests)
        try:
            await super().shutdown(sockets)
            if self.force_exit:  # uvicorn would cancel the lifespan, with a traceback
                await self.lifespan.shutdown()
        finally:
            stop.cancel()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop at the first signal, at once at the second."""
        if self.should_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop_at_once)
            return
        super().handle_exit(sig, frame)
        self._captured_signals.clear()  # exit status 0, not that of a signal

    def _stop_at_once(self) -> None:
        self._fail_requests()
        assert self._loop is not None
        self._loop.call_later(LAST_SECONDS, self._abort_connections)

    def _abort_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _fail_requests(self) -> None:
        for model in self._models:
            model.stop()


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """Context manager that prints the log of the server on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    own, peer = logging.getLogger("unrolled.serve"), logging.getLogger("uvicorn.error")
    own.setLevel(logging.INFO)
    peer.setLevel(logging.ERROR)
    for source in (own, peer):
        source.addHandler(handler)
    try:
        yield
    finally:
        for source in (own, peer):
            source.removeHandler(handler)


__all__ = ["Server", "listen", "logged"]
