"""Interfaces that the data and the scores of all tasks implement."""

from typing import Any, Protocol


class TaskData(Protocol):
    """Training and held-out data, ready to be batched."""

    @property
    def data_info(self) -> dict[str, Any]:
        """Facts for the report, with the fingerprints ``sha256`` and ``held_out_sha256``."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How the data were read and which options were chosen from them, one line each.

        A line about an option names that option.
        """


class Score(Protocol):
    """Scores of a model on some data."""

    def to_json(self) -> dict[str, Any]:
        """Return all scores."""

    def __str__(self) -> str:
        """Return the scores as one or two readable lines."""
