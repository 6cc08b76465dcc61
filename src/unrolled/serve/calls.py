"""Requests with one answer that wait for a model, and which of them run as the next batch."""

from collections import deque
from collections.abc import Iterable

from unrolled.serve.jobs import Answering, Call
from unrolled.tasks.base.service import StatefulOperation

BATCH_BYTES = 1_048_576
"""Most bytes of the requests of a batch by default; a single request may have more."""
BATCH_SECONDS = 2.0
"""How long a batch of several requests should take at most: others wait for it."""


class WaitingCalls:
    """Requests that wait, in their order.

    Args:
        max_rows: most requests in one batch.
        max_bytes: most bytes of the requests in one batch; a single request may have more.
    """

    def __init__(self, max_rows: int, max_bytes: int = BATCH_BYTES) -> None:
        self._calls: deque[Call] = deque()
        self._max_rows, self._max_bytes = max_rows, max_bytes
        self._seconds: dict[str, float] = {}
        """Seconds of a request in the last batch, by operation."""

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, calls: Iterable[Call]) -> None:
        """Add requests."""
        self._calls.extend(calls)

    def take(self) -> list[Call]:
        """Remove the requests of the next batch, and return them: the first one, and those like it."""
        operation = self._calls[0].operation
        if isinstance(operation, StatefulOperation):
            return [self._calls.popleft()]
        most = self._most(operation)
        taken: list[Call] = []
        rest: deque[Call] = deque()
        size = 0
        for call in self._calls:
            fits = len(taken) < most and (not taken or size + call.size <= self._max_bytes)
            if call.operation is operation and fits:
                taken.append(call)
                size += call.size
            else:
                rest.append(call)
        self._calls = rest
        return taken

    def take_all(self) -> list[Call]:
        """Remove all requests, and return them."""
        calls, self._calls = list(self._calls), deque()
        return calls

    def measured(self, operation: Answering, count: int, seconds: float) -> None:
        """Learn how long a batch took."""
        self._seconds[operation.name] = seconds / count

    def _most(self, operation: Answering) -> int:
        """Return the most requests of a batch that does not take too long."""
        seconds = self._seconds.get(operation.name, 0.0)
        return max(1, min(self._max_rows, int(BATCH_SECONDS / max(seconds, 1e-9))))
