"""The models that are served, each with its thread, its sessions and its version."""

import asyncio
import hashlib
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.engine import Precision
from unrolled.errors import ConfigError, RunError, suggestion
from unrolled.runtime.load import load_runtime
from unrolled.serve.endpoint import Endpoint
from unrolled.serve.errors import NotFoundError
from unrolled.serve.metrics import Metrics
from unrolled.serve.options import LimitOptions, SessionOptions
from unrolled.serve.sessions import Sessions
from unrolled.serve.states import StateCodec
from unrolled.serve.worker import Worker
from unrolled.tasks.base.folder import CONFIG
from unrolled.tasks.base.service import Limits, Service
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.runs import spec_of_run
from unrolled.training import MODEL

logger = logging.getLogger("unrolled.serve")


@dataclass(frozen=True)
class Loaded:
    """A run that was loaded."""

    spec: TaskSpec
    service: Service[Any]
    fingerprint: bytes
    """SHA-256 of its configuration and weights."""
    details: dict[str, Any]
    """See :meth:`Service.details`."""


def load_service(folder: Path, precision: Precision, limits: Limits) -> Loaded:
    """Load the service of a run.

    Raises:
        RunError: if the folder is not a run, is damaged, or has an unsupported format.
        ConfigError: if its task cannot be served.
    """
    spec = spec_of_run(folder)
    if spec.import_service is None:
        raise ConfigError(f"{folder}: a model of {spec.verb} cannot be served")
    fingerprint = run_fingerprint(folder)
    service = spec.import_service()(load_runtime(folder, spec, precision), limits)
    return Loaded(spec, service, fingerprint, _finite(service.details()))


def run_fingerprint(folder: Path) -> bytes:
    """Return the SHA-256 of the configuration and the weights of a run.

    Raises:
        RunError: if a file is missing.
    """
    digest = hashlib.sha256()
    for name in (CONFIG, MODEL):
        try:
            with open(folder / name, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise RunError(
                f"{folder / name}: cannot be read ({error.strerror}); is it a run folder?"
            ) from None
    return digest.digest()


class Version:
    """One version of a model: its operations, the thread that runs them, and its states."""

    def __init__(self, loaded: Loaded, worker: Worker, sessions: Sessions, states: StateCodec) -> None:
        self.loaded, self.worker, self.sessions, self.states = loaded, worker, sessions, states
        self.endpoints = {o.name: Endpoint(o) for o in loaded.service.operations()}


class ServedModel:
    """A run that is served under a name.

    Args:
        name: its name, the last part of its folder by default.
        folder: the run folder.
        precision: precision of the products.
        limits: limits on requests.
        sessions: options of its sessions.
        metrics: counters of the server.
        secret: token of the server; empty for none.

    Raises:
        RunError: if the run cannot be loaded.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        precision: Precision,
        limits: LimitOptions,
        sessions: SessionOptions,
        metrics: Metrics,
        secret: str = "",
    ) -> None:
        self.name, self.folder, self.precision = name, folder, precision
        self._limits, self._metrics, self._secret = limits, metrics, secret
        self._sessions = sessions
        self.note = ""
        """Problem with the folder, if there is one."""
        self.reloads = 0
        self._loaded = self.load()
        self._version: Version | None = None
        self._replaced: list[Worker] = []
        """Workers of earlier versions, which may still finish requests."""

    def load(self) -> Loaded:
        """Load the run as it is now; see :func:`load_service`."""
        return load_service(self.folder, self.precision, self._limits.of_request)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the thread of the model."""
        self._version = self._make_version(self._loaded, loop)

    def replace(self, loaded: Loaded, loop: asyncio.AbstractEventLoop) -> None:
        """Serve a new version from now on. The old one finishes the requests that run."""
        old, new = self.version, self._make_version(loaded, loop)
        self._loaded, self._version = loaded, new
        self.reloads += 1
        old.worker.close()
        self._replaced = [*(worker for worker in self._replaced if not worker.join(0)), old.worker]

    def stop(self) -> None:
        """End the threads; requests that run get an error."""
        for worker in self._workers:
            worker.fail()

    def join(self, seconds: float) -> bool:
        """Wait until the threads have ended; return whether they have."""
        return all(worker.join(seconds) for worker in self._workers)

    @property
    def _workers(self) -> list[Worker]:
        return [*self._replaced, *([] if self._version is None else [self._version.worker])]

    @property
    def loaded(self) -> Loaded:
        """The run as it was loaded last."""
        return self._loaded

    @property
    def version(self) -> Version:
        """The version that answers requests."""
        assert self._version is not None, "the model was not started"
        return self._version

    @property
    def waiting(self) -> int:
        """Requests that wait or run."""
        return 0 if self._version is None else self._version.worker.waiting

    def info(self) -> dict[str, Any]:
        """Return facts about the model as JSON data."""
        loaded = self._loaded
        runtime, service = loaded.service.runtime, loaded.service
        return {
            "name": self.name,
            "task": loaded.spec.verb,
            "summary": loaded.spec.summary,
            "parameters": sum(array.size for array in runtime.weights.values()),
            "precision": self.precision,
            "unit": service.unit,
            "operations": list(self.version.endpoints),
            "limits": self._limits.by_name,
            "result": _finite({key: value for key, value in runtime.result.items() if key != "samples"}),
            "details": loaded.details,
            "version": loaded.fingerprint.hex()[:12],
            "reloads": self.reloads,
            "notes": [self.note] if self.note else [],
        }

    def _make_version(self, loaded: Loaded, loop: asyncio.AbstractEventLoop) -> Version:
        def observe(operation: str, rows: int, steps: int) -> None:
            self._metrics.rows.labels(self.name, operation).observe(rows)
            if steps:
                self._metrics.steps.labels(self.name, operation).inc(steps)

        limits = self._limits  # a batch may be as large as one request, so that it needs no more memory
        worker = Worker(loop, limits.max_rows, limits.max_waiting, observe, limits.max_body)
        states = StateCodec(loaded.fingerprint, self._secret, limits.max_body)
        return Version(loaded, worker, Sessions(self._sessions), states)


class Models:
    """All models that are served, by name."""

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self._models = {model.name: model for model in models}

    def __iter__(self) -> Any:
        return iter(self._models.values())

    def __len__(self) -> int:
        return len(self._models)

    def find(self, name: str) -> ServedModel:
        """Return the model with a name.

        Raises:
            NotFoundError: if there is none.
        """
        if name not in self._models:
            known = ", ".join(self._models)
            raise NotFoundError(
                f"there is no model {name!r:.60}{suggestion(name[:60], self._models)}; the models are {known}"
            )
        return self._models[name]


def _finite(value: Any) -> Any:
    """Return JSON data without the numbers and characters that JSON lacks."""
    if isinstance(value, dict):
        return {_finite(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, str):  # bytes of a file's name that are not UTF-8
        return value.encode("utf-8", "backslashreplace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
