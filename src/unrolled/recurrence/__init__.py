"""The loop through time: a readable reference, torch's kernels, a compiled one, and the choice."""

from unrolled.recurrence.choice import (
    Backend,
    Choice,
    Need,
    Precision,
    check_backend,
    check_precision,
    choose,
    resolve_precision,
)
from unrolled.recurrence.compiled import CheckpointEvery, compiled_layer
from unrolled.recurrence.reference import Unrolled, unroll

__all__ = [
    "Backend",
    "CheckpointEvery",
    "Choice",
    "Need",
    "Precision",
    "Unrolled",
    "check_backend",
    "check_precision",
    "choose",
    "compiled_layer",
    "resolve_precision",
    "unroll",
]
