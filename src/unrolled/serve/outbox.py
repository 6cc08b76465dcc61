"""Output of a row that its client has not received yet."""

import asyncio
from collections import deque
from collections.abc import Callable

from unrolled.tasks.base.service import Progress

MOST_UNSENT = 64
"""Maximum number of turns that wait for a slow client. Then its row waits, too."""


class Outbox:
    """Output of a row that its client has not received yet.

    Args:
        wake: called when the row can continue.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._items: deque[Progress | Exception] = deque()
        self._arrived = asyncio.Event()
        self._wake = wake
        self._close: Callable[[], None] | None = None
        self.full = False
        """Whether the row must wait. The thread of the model reads it."""

    def put(self, item: Progress | Exception) -> None:
        """Add what was written in a turn, or the error that ended the row."""
        self._items.append(item)
        self.full = len(self._items) >= MOST_UNSENT
        self._arrived.set()

    async def first(self) -> None:
        """Wait for the first turn.

        Raises:
            Exception: the error, if there was one instead.
        """
        await self._arrived.wait()
        if isinstance(self._items[0], Exception):
            raise self._items[0]

    async def get(self) -> list[Progress]:
        """Return what was written since the last call; wait until there is something.

        Raises:
            Exception: the error that ended the row, after all that came before it.
        """
        await self._arrived.wait()
        progress: list[Progress] = []
        while self._items and isinstance(self._items[0], Progress):
            progress.append(self._items.popleft())  # type: ignore[arg-type]
        if self._items and not progress:
            error = self._items[0]
            assert isinstance(error, Exception)
            raise error
        if not self._items:
            self._arrived.clear()
        if self.full:
            self.full = False
            self._wake()
        return progress

    def on_close(self, call: Callable[[], None]) -> None:
        """Set a function that is called when the outbox is closed."""
        self._close = call

    def close(self) -> None:
        """Stop receiving."""
        if self._close is not None:
            call, self._close = self._close, None
            call()
