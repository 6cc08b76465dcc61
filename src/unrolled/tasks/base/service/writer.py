"""A batch of rows that write step by step. Rows enter and leave it at any time."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from unrolled.errors import UnrolledError
from unrolled.tasks.base.service.messages import Answer, Request, State

R = TypeVar("R", bound=Request)
A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Progress(Generic[A]):
    """What one row has written in a turn."""

    row: int
    event: Answer | None = None
    answer: A | None = None
    """All that it has written, if it is done; then it is no longer in the batch."""
    state: State | None = None
    """Its state, if it is done and leaves one: if the request is a :class:`Continuing` one."""
    steps: int = 0
    """Number of steps that it wrote in this turn, such as tokens."""
    error: UnrolledError | None = None
    """What ended it, if the model failed in this row alone; it has then left the batch."""


class Writer(ABC, Generic[R, A]):
    """Rows that write step by step in one batch."""

    @abstractmethod
    def begin(self, row: int, request: R, state: State | None) -> None:
        """Add a row.

        Args:
            row: number of the row, which no other row has.
            request: the request.
            state: state to continue from, for a :class:`Continuing` request; None: the start.

        Raises:
            UnrolledError: if the request cannot be met; the row was not added.
        """

    @abstractmethod
    def end(self, row: int) -> None:
        """Drop a row that is not done, because its client has gone."""

    @abstractmethod
    def advance(self, rows: Collection[int]) -> Sequence[Progress[A]]:
        """Write some steps in these rows; the others wait.

        A turn must be short: other rows can enter and leave only between two turns.
        """
