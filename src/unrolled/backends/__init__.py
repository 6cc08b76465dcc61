"""Backends that run the loop through time (reference, torch's kernels, compiled), and the choice of one."""

from unrolled.backends.aten import Aten
from unrolled.backends.base import (
    Backend,
    Carry,
    CheckpointEvery,
    Choice,
    Direction,
    LayerCall,
    LayerResult,
    Precision,
    Requirements,
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
from unrolled.renamed import renamed_names

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
    "Precision",
    "Reference",
    "Requirements",
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

__getattr__ = renamed_names(__name__, {"Need": "Requirements"})


def __dir__() -> list[str]:
    return sorted(__all__)
