"""Errors of benchmarks, other than wrong options."""

from unrolled.errors import UnrolledError


class BenchError(UnrolledError, RuntimeError):
    """A measurement failed."""


class DisagreementError(BenchError):
    """The two sides of a comparison compute different numbers, so their times cannot be compared."""
