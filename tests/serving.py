"""Servers in this process: in memory, or on a port that sockets reach."""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cases import CASES
from toy_service import ToyService
from unrolled.serve import models as serve_models
from unrolled.serve.app import build_app
from unrolled.serve.metrics import Metrics
from unrolled.serve.models import Loaded, Models, ServedModel
from unrolled.serve.options import LimitOptions, ServeOptions, SessionOptions
from unrolled.serve.server import Server, listen
from unrolled.tasks.registry import spec_of

TASKS = [name for name in CASES if " " not in name]
"""Every task."""
PATIENCE = 20.0
"""Seconds after which a test that waits fails."""


@dataclass(frozen=True)
class Setting:
    """All options of a server."""

    server: ServeOptions = field(default_factory=lambda: ServeOptions(reload_seconds=0))
    limits: LimitOptions = field(default_factory=LimitOptions)
    sessions: SessionOptions = field(default_factory=SessionOptions)
    token: str = ""


def setting(token: str = "", **options: Any) -> Setting:
    """Return the setting with some options, whichever class they belong to."""
    parts = [
        kind(**{name: options.pop(name) for name in list(options) if name in kind.__dataclass_fields__})
        for kind in (LimitOptions, SessionOptions)
    ]
    return Setting(ServeOptions(**{"reload_seconds": 0, **options}), *parts, token)


class Toy:
    """Stands for the run of a service that needs none."""

    def __init__(self, name: str = "toy") -> None:
        self.name, self.fingerprint = name, b"1" * 32
        self.service = ToyService()

    def load(self, limits: Any = None) -> Loaded:
        self.service.runtime = SimpleNamespace(weights={}, result={"loss": float("nan")})
        details = serve_models._finite(self.service.details())
        return Loaded(spec_of("lm"), self.service, self.fingerprint, details)


def served(name: str, run: Path | Toy, parts: Setting, metrics: Metrics) -> ServedModel:
    """Return a model that is served: of a run folder, or a toy."""
    options = ("float32", parts.limits, parts.sessions, metrics, parts.token)
    if isinstance(run, Path):
        return ServedModel(name, run, *options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serve_models, "load_service", lambda folder, precision, limits: run.load(limits))
        return ServedModel(name, Path(name), *options)


def make_app(runs: dict[str, Path | Toy], parts: Setting) -> tuple[Starlette, Models, Metrics]:
    """Return the application that serves runs by name."""
    metrics = Metrics()
    models = Models([served(name, run, parts, metrics) for name, run in runs.items()])
    return build_app(models, metrics, parts.server, parts.limits, parts.token), models, metrics


class Client(TestClient):
    """A client in memory."""

    models: Models
    metrics: Metrics

    def ask(self, operation: str, *, model: str = "toy", **body: Any) -> Any:
        """Post a request; return the response."""
        return self.post(f"/v1/models/{model}/{operation}", json=body)

    def answer(self, operation: str, *, model: str = "toy", **body: Any) -> Any:
        """Post a request; return the answer."""
        response = self.ask(operation, model=model, **body)
        assert response.status_code == 200, response.text
        return response.json()

    def events(self, operation: str, *, model: str = "toy", **body: Any) -> list[tuple[str, Any]]:
        """Post a request whose answer is a stream; return its events."""
        response = self.ask(operation, model=model, stream=True, **body)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        return read_events(response.text)


def read_events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream, each a name and its data."""
    assert text.endswith("\n\n")
    events = []
    for part in text[:-2].split("\n\n"):
        name, data = part.split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


@contextlib.contextmanager
def client(runs: dict[str, Path | Toy], parts: Setting, **options: Any) -> Iterator[Client]:
    """Context manager that starts an application, and returns a client of it."""
    app, models, metrics = make_app(runs, parts)
    with Client(app, base_url="http://localhost", **options) as opened:
        opened.models, opened.metrics = models, metrics
        yield opened
    assert all(model.join(PATIENCE) for model in models)


@dataclass
class Listening:
    """A server that listens on a port of this computer."""

    port: int
    models: Models
    metrics: Metrics
    log: list[logging.LogRecord]
    """Warnings and errors."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout: float = PATIENCE, **options: int) -> "Wire":
        """Return a connection."""
        return Wire(self.port, timeout, **options)

    def send(self, *parts: bytes) -> bytes:
        """Send bytes on a connection of their own; return what is answered until it is closed."""
        with self.connect() as wire:
            for part in parts:
                wire.send(part)
            return wire.rest()

    def wait_until(self, condition: Any) -> None:
        """Wait until a condition holds."""
        ends = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < ends, "the condition does not come to hold"
            time.sleep(0.005)


class Wire:
    """A connection to a server, byte by byte."""

    def __init__(self, port: int, timeout: float, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes; those that the server does not take any more are lost."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def receive(self, most: int = 65_536) -> bytes:
        """Return what has come; b"" if the server has closed the connection."""
        try:
            return self.socket.recv(most)
        except ConnectionError:
            return b""

    def until(self, mark: bytes) -> bytes:
        """Return what comes, up to a mark at least."""
        received = b""
        while mark not in received:
            part = self.receive()
            assert part, f"the server closed the connection after {received!r}"
            received += part
        return received

    def rest(self) -> bytes:
        """Return all that comes until the server closes the connection."""
        parts = []
        while part := self.receive():
            parts.append(part)
        return b"".join(parts)

    def reset(self) -> None:
        """Close the connection at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


class _Kept(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= (logging.ERROR if record.name == "uvicorn.error" else logging.WARNING):
            self._records.append(record)


@contextlib.contextmanager
def listening(runs: dict[str, Path | Toy], parts: Setting) -> Iterator[Listening]:
    """Context manager that starts a server on a free port, in a thread."""
    app, models, metrics = make_app(runs, parts)
    started, log = threading.Event(), []
    bound = listen("127.0.0.1", 0)
    server = Server(app, models, parts.server, parts.limits, started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    handler, loggers = (
        _Kept(log),
        [logging.getLogger(name) for name in ("unrolled.serve", "uvicorn", "asyncio")],
    )
    for logger in loggers:
        logger.addHandler(handler)
    thread.start()
    try:
        assert started.wait(PATIENCE)
        yield Listening(bound.getsockname()[1], models, metrics, log)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        for logger in loggers:
            logger.removeHandler(handler)
    assert not thread.is_alive()
    assert all(model.join(PATIENCE) for model in models)


def head(method: str, path: str, *, host: str = "localhost", headers: Sequence[str] = ()) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def post(path: str, body: Any, *headers: str) -> bytes:
    """Return a request with a body: JSON data, or bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = ("Content-Type: application/json", f"Content-Length: {len(data)}", *headers)
    return head("POST", path, headers=lines) + data
