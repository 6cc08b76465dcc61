"""The loop through time: a readable reference, torch's kernels, a compiled one, and the choice."""

from unrolled.backends.choice import (
    Backend,
    Choice,
    Need,
    Precision,
    check_backend,
    check_precision,
    choose,
    resolve_precision,
)
from unrolled.backends.compiled import CheckpointEvery, compiled_layer
from unrolled.backends.reference import Unrolled, unroll

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
