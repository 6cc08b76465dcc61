"""What a trained model needs to be built again, besides its configuration and weights."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, TypeVar

import msgspec

from unrolled.models.config import TokenNetworkConfig
from unrolled.reading import MalformedError, convert

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
T = TypeVar("T")


class Stored(NamedTuple):
    """Artifacts as a run folder keeps them, for JSON."""

    values: dict[str, Any]
    """Small values: the entry "artifacts" of ``config.json``."""
    files: dict[str, Any]
    """Vocabularies and the like: files by name, which the task's ``TaskSpec.files`` lists."""


class Artifacts(ABC):
    """What a task learns from the training data before the model is built: a frozen dataclass a task."""

    @abstractmethod
    def write(self) -> Stored:
        """Return what :meth:`read` needs."""

    @classmethod
    @abstractmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """Rebuild from a run folder.

        Args:
            values: of :meth:`write`; other keys are ignored.
            folder: with the files of :meth:`write`.

        Raises:
            MalformedError: if the values are damaged.
            ValueError: if a file is damaged.
            RunError: if a file is missing or not JSON of its form.
        """

    def check(self, config: Any) -> None:  # noqa: B027 (most artifacts agree with any configuration)
        """Compare with the configuration of the run.

        Raises:
            MalformedError: if both cannot be of one model.
        """


def check_vector_size(network: TokenNetworkConfig, size: int | None) -> None:
    """Check that the size of given word vectors is known exactly where the configuration asks for them.

    Raises:
        MalformedError: if not.
    """
    if (network.entry == "vectors") != (size is not None):
        raise MalformedError(f"artifacts: vector_size is {size}, but the input is {network.entry!r}")


def artifact_values(values: dict[str, Any], kind: type[T]) -> T:
    """Return the small values of artifacts as a type that msgspec knows.

    Raises:
        MalformedError: if one is missing, has a wrong type, or is out of range.
    """
    try:
        return convert(values, kind)
    except MalformedError as error:
        raise MalformedError(f"artifacts: {error}") from None
