"""The loop through time: a readable reference, torch's kernels, a compiled one, and the choice."""

from unrolled.backends.aten import Aten
from unrolled.backends.base import (
    Backend,
    Carry,
    CheckpointEvery,
    Choice,
    Direction,
    LayerCall,
    LayerResult,
    Need,
    Precision,
)
from unrolled.backends.choice import (
    BackendName,
    check_backend,
    check_precision,
    choose,
    resolve_precision,
)
from unrolled.backends.compiled import Compiled, compiled_layer
from unrolled.backends.lookup import Lookup, Table, TensorTable
from unrolled.backends.reference import Reference, Unrolled, unroll

__all__ = [
    "Aten",
    "Backend",
    "BackendName",
    "Carry",
    "CheckpointEvery",
    "Choice",
    "Compiled",
    "Direction",
    "LayerCall",
    "LayerResult",
    "Lookup",
    "Need",
    "Precision",
    "Reference",
    "Table",
    "TensorTable",
    "Unrolled",
    "check_backend",
    "check_precision",
    "choose",
    "compiled_layer",
    "resolve_precision",
    "unroll",
]


def __dir__() -> list[str]:
    return sorted(__all__)
