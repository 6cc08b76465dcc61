"""What the thread of a model hands over to the event loop."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

Item = tuple[Callable[..., None], tuple[Any, ...]]
"""A function to call in the event loop, with its arguments."""


class Delivery:
    """Calls functions in the thread of the event loop, all that were added in one turn of it.

    It is sent right before the model computes, so that the event loop has Python's lock for itself meanwhile:
    otherwise the event loop would take the lock, and the model would wait for it.

    Args:
        loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: list[Item] = []

    def add(self, function: Callable[..., None], *arguments: Any) -> None:
        """Add a function to call, with its arguments."""
        self._items.append((function, arguments))

    def send(self) -> None:
        """Let the event loop call what was added."""
        if not self._items:
            return
        items, self._items = self._items, []
        try:
            self._loop.call_soon_threadsafe(_call_all, items)
        except RuntimeError:  # the event loop is closed, and nobody waits any more
            if not self._loop.is_closed():
                raise


def _call_all(items: Iterable[Item]) -> None:
    for function, arguments in items:
        function(*arguments)
