"""A service without a model, for tests of the server: it counts, waits, and fails when it is told to."""

import threading
import time
from collections.abc import Collection, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from unrolled.errors import ConfigError
from unrolled.tasks.base.service import (
    Answer,
    Continued,
    Continuing,
    Limits,
    Operation,
    Progress,
    Request,
    Service,
    State,
    StatefulOperation,
    Text,
    Writer,
    WritingOperation,
    limited,
)

Fault = Literal["", "error", "fault"]
PATIENCE = 20.0
"""Seconds after which a test that waits fails."""


class Double(Request, frozen=True, kw_only=True):
    """Double a number."""

    number: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    fails: Fault = ""


class Doubled(Answer, frozen=True, kw_only=True):
    """A doubled number."""

    number: int


class Add(Continuing, frozen=True, kw_only=True):
    """Add a number to the sum so far."""

    number: int = 1
    fails: Fault = ""


class Sum(Continued, frozen=True, kw_only=True):
    """The sum so far."""

    total: int


class Write(Continuing, frozen=True, kw_only=True):
    """Write lines."""

    length: Annotated[int, limited("steps", ge=0)] = 3
    line: Text = "line"
    fails: Literal["", "begin", "begin fault", "advance", "advance fault", "alone", "end", "wrong row"] = ""


class Line(Answer, frozen=True, kw_only=True):
    """A line that was written."""

    line: str


class Lines(Continued, frozen=True, kw_only=True):
    """All lines, and the number of the last one."""

    lines: list[str]
    last: int


def fail(fault: str) -> None:
    if fault == "error":
        raise ConfigError("fails: you asked for an error")
    if fault == "fault":
        raise ZeroDivisionError("a fault")


class ToyWriter(Writer[Write, Lines]):
    def __init__(self, service: "ToyService") -> None:
        self._service = service
        self._rows: dict[int, tuple[Write, int, list[str]]] = {}
        service.writers.append(self)

    def begin(self, row: int, request: Write, state: State | None) -> None:
        if request.fails.startswith("begin"):
            fail("fault" if "fault" in request.fails else "error")
        first = 0 if state is None else int(state["total"][0])
        self._rows[row] = request, first, []

    def end(self, row: int) -> None:
        self._service.ended.append(row)
        request, _, _ = self._rows.pop(row)
        if request.fails == "end":
            raise ZeroDivisionError("a fault")

    def advance(self, rows: Collection[int]) -> Sequence[Progress[Lines]]:
        self._service.wait()
        self._service.turns.append(len(rows))
        return [self._step(row) for row in rows]

    def _step(self, row: int) -> Progress[Lines]:
        request, first, lines = self._rows[row]
        if request.fails.startswith("advance") and len(lines) == 1:
            fail("fault" if "fault" in request.fails else "error")
        if request.fails == "alone" and len(lines) == 1:
            del self._rows[row]
            return Progress(row, error=ConfigError("fails: you asked for an error"))
        if len(lines) < request.length:
            lines.append(f"{request.line} {first + len(lines) + 1}")
        event = Line(line=lines[-1]) if lines else None
        if len(lines) < request.length:
            return Progress(row + 1000 * (request.fails == "wrong row"), event, steps=1)
        del self._rows[row]
        last = first + len(lines)
        return Progress(row, event, Lines(lines=lines, last=last), {"total": np.array([last])}, steps=1)


class ToyService(Service[Any]):
    """A service that counts. While ``gate`` is not set, its thread waits."""

    def __init__(self, runtime: Any = None, limits: Limits | None = None) -> None:
        super().__init__(runtime, limits or Limits())
        self.gate = threading.Event()
        self.gate.set()
        self.waits = False
        """Whether the thread waits for the gate."""
        self.pause = 0.0
        """Seconds that each addition takes."""
        self.batches: list[int] = []
        """Number of requests of each batch that was run."""
        self.turns: list[int] = []
        """Number of rows of each turn."""
        self.writers: list[ToyWriter] = []
        self.ended: list[int] = []

    def wait(self) -> None:
        self.waits = not self.gate.is_set()
        assert self.gate.wait(PATIENCE), "the gate was not opened"

    @property
    def unit(self) -> str:
        return "lines"

    def operations(self) -> Sequence[Any]:
        return [
            WritingOperation("write", "Write lines", Write, Line, Lines, lambda: ToyWriter(self)),
            Operation("double", "Double a number", Double, Doubled, self.double),
            StatefulOperation("add", "Add a number", Add, Sum, self.add),
            Operation("lose", "Lose an answer", Double, Doubled, lambda requests: []),
        ]

    def details(self) -> dict[str, Any]:
        return {"odd": [float("nan"), float("inf"), 1.5], "file": "caf\udce9"}

    def double(self, requests: Sequence[Double]) -> list[Doubled]:
        self.wait()
        self.batches.append(len(requests))
        for request in requests:
            fail(request.fails)
        return [Doubled(number=2 * request.number) for request in requests]

    def add(self, request: Add, state: State | None) -> tuple[Sum, State]:
        self.wait()
        time.sleep(self.pause)
        fail(request.fails)
        total = request.number + (0 if state is None else int(state["total"][0]))
        return Sum(total=total), {"total": np.array([total])}
