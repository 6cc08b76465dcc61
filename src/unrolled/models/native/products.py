"""Programs without states, such as an output layer: applied to every step of a batch."""

import numpy as np
from numpy.typing import NDArray

from unrolled.engine import Engine
from unrolled.models.steps.stack import add_linear
from unrolled.programs.builder import Builder
from unrolled.programs.program import Program

Array = NDArray[np.float32]
INPUT, OUTPUT = "x", "y"


def linear_program(inputs: int, name: str, outputs: int) -> Program:
    """Return the program y = W x + b of a module ``nn.Linear``; see :func:`add_linear`."""
    builder = Builder()
    return builder.finish(**{OUTPUT: add_linear(builder, builder.input(INPUT, inputs), name, outputs)})


def apply(engine: Engine, x: Array) -> Array:
    """Return y (T, B, outputs) of x (T, B, inputs)."""
    y = engine.stream(x.shape[1]).run({INPUT: np.ascontiguousarray(x)}, {})[OUTPUT]
    return np.asarray(y)
