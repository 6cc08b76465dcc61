"""What the data and scores of all tasks have in common."""

from typing import Any, Protocol


class Material(Protocol):
    """Training and held-out data, ready to be batched."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a report says about them; ``sha256`` and ``held_out_sha256`` are their fingerprints."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Choices that the data made, one line each; each names the option that changes it."""


class Score(Protocol):
    """How well a model does on some data."""

    def to_json(self) -> dict[str, Any]:
        """Return every figure."""

    def __str__(self) -> str:
        """Return the figures for people, in a line or two."""
