"""What can go wrong in a benchmark beyond a wrong option."""

from unrolled.errors import UnrolledError


class BenchError(UnrolledError, RuntimeError):
    """A measurement could not be made."""


class DisagreementError(BenchError):
    """The two sides of a comparison do not compute the same: no time of theirs means anything."""
