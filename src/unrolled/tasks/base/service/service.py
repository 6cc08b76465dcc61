"""Base class of the services of the tasks."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.base.service.operations import AnyOperation

M = TypeVar("M", bound=Runtime[Any, Any])


@dataclass(frozen=True)
class Limits:
    """Limits on one request."""

    characters: int = 100_000
    """Characters of a text, or numbers of a series."""
    items: int = 256
    """Texts, sentences or sequences of a request."""
    steps: int = 4096
    """Steps to write: tokens, music steps, steps of a forecast."""


class Service(ABC, Generic[M]):
    """The operations of a trained model, for a server.

    Every method is called from one thread.

    Args:
        runtime: the trained model.
        limits: limits on one request.
    """

    def __init__(self, runtime: M, limits: Limits) -> None:
        self.runtime, self.limits = runtime, limits

    @abstractmethod
    def operations(self) -> Sequence[AnyOperation]:
        """Return the operations of this model, the main one first."""

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """Return facts for clients and for the page of the model, as JSON data: labels, units, examples."""

    @property
    def unit(self) -> str:
        """Plural noun for the steps that are read and written, such as "characters"."""
        return "steps"
