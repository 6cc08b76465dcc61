"""What the thread of a model is asked to do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from unrolled.serve.outbox import Outbox
from unrolled.tasks.base.service import (
    Operation,
    Progress,
    State,
    StatefulOperation,
    Writer,
    WritingOperation,
)

Answering = Operation[Any, Any] | StatefulOperation[Any, Any]


@dataclass(eq=False)
class Call:
    """A request that gets one answer."""

    operation: Answering
    request: Any
    state: State | None
    size: int
    """Its bytes."""
    future: "asyncio.Future[Any]"


@dataclass(eq=False)
class Row:
    """A request that is written step by step."""

    operation: WritingOperation[Any, Any]
    request: Any
    state: State | None
    outbox: Outbox
    number: int = 0


@dataclass(eq=False)
class End:
    """The client of a row has disconnected."""

    row: Row


@dataclass(eq=False)
class Wake:
    """A row can continue, or the worker closes."""


@dataclass
class Batch:
    """Rows that are written in one batch."""

    operation: WritingOperation[Any, Any]
    writer: Writer[Any, Any]
    rows: dict[int, Row] = field(default_factory=dict)

    def ready(self) -> list[int]:
        """Return the rows whose client keeps up."""
        return [number for number, row in self.rows.items() if not row.outbox.full]

    def advance(self, ready: Sequence[int]) -> Sequence[Progress[Any]]:
        """Write some steps in these rows."""
        progress = self.writer.advance(ready)
        rows = [p.row for p in progress]
        if len(set(rows)) < len(rows) or not set(rows) <= self.rows.keys():
            raise RuntimeError(
                f"{self.operation.name}: progress of rows {rows}, but there are {[*self.rows]}"
            )
        return progress
