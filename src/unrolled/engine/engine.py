"""A whole model, ready to run: a step program with its packed weights."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from unrolled.engine.core import load_core
from unrolled.engine.stream import Stream
from unrolled.errors import ConfigError, ShapeError, suggestion
from unrolled.programs.program import Program

Precision = Literal["float32", "bfloat16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class Engine:
    """A step program with its weights, packed for one precision.

    An engine never changes. Any number of streams can share it, each used by one thread at a time.
    """

    def __init__(
        self,
        program: Program,
        weights: Mapping[str, NDArray[Any]],
        precision: Precision = "float32",
        *,
        kernels: str = "",
    ) -> None:
        """Check the program and pack its weights.

        Args:
            program: the step program of the model.
            weights: each parameter of the program by name; other entries are ignored. They are copied.
            precision: ``float32``; ``bfloat16``: weights and inputs of products rounded to bfloat16, sums in
                float32; ``int8``: weights with one scale for each row, inputs of products with one scale for
                each vector, sums in int32. Biases, states and everything else stay float32.
            kernels: instruction set, one of ``unrolled._core.runtime_kernel_sets()``; empty: the fastest.

        Raises:
            ProgramError: if the program is not valid.
            ShapeError: if a weight is missing or has another shape than in the program.
            ConfigError: if there is no such precision, or it cannot hold these weights.
            BackendError: if the compiled extension is missing.
        """
        if precision not in PRECISIONS:
            raise ConfigError(
                f"precision={precision!r}: must be one of {', '.join(PRECISIONS)}"
                f"{suggestion(str(precision), PRECISIONS)}"
            )
        self.program = program
        self.precision = precision
        self._core = load_core().Engine(
            [
                (o.name, o.size, list(o.inputs), o.key, o.weight, o.bias, o.begin, o.value)
                for o in program.operations
            ],
            [(s.name, s.size, s.result, s.initial) for s in program.states],
            list(program.outputs.items()),
            list(program.inputs.items()),
            list(program.tokens.items()),
            {name: _weight(weights, name, shape) for name, shape in program.parameters.items()},
            PRECISIONS.index(precision),
            kernels,
        )

    @property
    def weight_bytes(self) -> int:
        """Bytes of the packed weights, with the tables that replace products of tokens."""
        return int(self._core.weight_bytes)

    @property
    def state_bytes(self) -> int:
        """Bytes of the states of one row."""
        return 4 * self.program.state_size()

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the products of one step of one row. Products that are looked up cost none."""
        return int(self._core.multiply_adds)

    @property
    def step_bytes(self) -> int:
        """Bytes of the weights that one step of one row reads."""
        return int(self._core.step_bytes)

    @property
    def kernels(self) -> str:
        """Name of the instruction set whose kernels run."""
        return str(self._core.kernels)

    def stream(self, batch: int = 1) -> Stream:
        """Return a stream of ``batch`` rows, all before their first step."""
        return Stream(self, self._core.stream(batch))

    def __repr__(self) -> str:
        return f"Engine({self.precision}, {self.weight_bytes:,} bytes of weights, {self.kernels} kernels)"


def _weight(weights: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if name not in weights:
        raise ShapeError(f"weights: parameter {name!r} is missing{suggestion(name, weights)}")
    array = np.ascontiguousarray(weights[name], dtype=np.float32)
    if array.shape != tuple(shape):
        raise ShapeError(
            f"weights: parameter {name!r} has shape {array.shape}, the program needs {tuple(shape)}"
        )
    return array
