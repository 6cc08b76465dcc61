"""Operations of a service."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from unrolled.tasks.base.service.messages import Answer, Continued, Continuing, Request, State
from unrolled.tasks.base.service.writer import Writer

R = TypeVar("R", bound=Request)
A = TypeVar("A", bound=Answer)
CR = TypeVar("CR", bound=Continuing)
CA = TypeVar("CA", bound=Continued)


@dataclass(frozen=True)
class Operation(Generic[R, A]):
    """An operation whose requests are independent. Requests that arrive together run as one batch."""

    name: str
    """Last part of its path."""
    summary: str
    request: type[R]
    answer: type[A]
    run: Callable[[Sequence[R]], Sequence[A]]
    """Answers requests, in their order. After an error it is called again with halves of the batch."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Body of a request that this model can answer, as JSON data, for the description of the operation."""


@dataclass(frozen=True)
class StatefulOperation(Generic[CR, CA]):
    """An operation that continues from a state, and returns the state after it."""

    name: str
    summary: str
    request: type[CR]
    answer: type[CA]
    run: Callable[[CR, State | None], tuple[CA, State]]
    """Answers one request, from a state (None: the start), and returns the state after it."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """See :class:`Operation`."""


@dataclass(frozen=True)
class WritingOperation(Generic[R, A]):
    """An operation that writes step by step. Its answer can be sent whole or as a stream of events.

    Requests that overlap in time are rows of one batch, which they enter and leave at any step.
    """

    name: str
    summary: str
    request: type[R]
    event: type[Answer]
    """Type of an event: what some steps have written."""
    answer: type[A]
    """Type of the whole answer, which is also the data of the last event."""
    make_writer: Callable[[], Writer[R, A]]
    """Makes a batch. Only the thread of the model uses it."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """See :class:`Operation`."""


AnyOperation = Operation[Any, Any] | StatefulOperation[Any, Any] | WritingOperation[Any, Any]
