"""Artifacts: data needed to rebuild a trained model, besides its configuration and weights."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self, TypeVar

import msgspec

from unrolled.models.config import TokenNetworkConfig
from unrolled.reading import MalformedError, convert

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
T = TypeVar("T")


class Stored(NamedTuple):
    """Artifacts in the form in which a run folder stores them, ready for JSON."""

    values: dict[str, Any]
    """Small values: the entry "artifacts" of ``config.json``."""
    files: dict[str, Any]
    """Contents of JSON files by file name, such as a vocabulary; ``TaskSpec.files`` lists the names."""


class Artifacts(ABC):
    """Values computed from the training data before the model is built; each task has a frozen dataclass."""

    @abstractmethod
    def write(self) -> Stored:
        """Return the values and files that :meth:`read` needs."""

    @classmethod
    @abstractmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """Rebuild from a run folder.

        Args:
            values: the small values from :meth:`write`; other keys are ignored.
            folder: run folder with the files from :meth:`write`.

        Raises:
            MalformedError: if the values are damaged.
            ValueError: if a file is damaged.
            RunError: if a file is missing or not JSON of the expected form.
        """

    def check(self, config: Any) -> None:  # noqa: B027 (most artifacts fit any configuration)
        """Check that the artifacts fit the configuration of the run.

        Raises:
            MalformedError: if they cannot belong to the same model.
        """


def check_vector_size(network: TokenNetworkConfig, size: int | None) -> None:
    """Check that ``size`` is set if and only if the model reads pretrained word vectors.

    Raises:
        MalformedError: if not.
    """
    if (network.entry == "vectors") != (size is not None):
        raise MalformedError(f"artifacts: vector_size is {size}, but the input is {network.entry!r}")


def parse_artifact_values(values: dict[str, Any], kind: type[T]) -> T:
    """Convert the small values of artifacts to a type that msgspec supports.

    Raises:
        MalformedError: if one is missing, has a wrong type, or is out of range.
    """
    try:
        return convert(values, kind)
    except MalformedError as error:
        raise MalformedError(f"artifacts: {error}") from None
