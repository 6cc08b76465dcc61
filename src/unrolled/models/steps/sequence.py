"""Run a stack of layers over whole sequences in the native runtime, in one or two directions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.engine.engine import Engine, Precision
from unrolled.engine.stream import Stream
from unrolled.programs.builder import Builder
from unrolled.programs.layers import Entry, StackSpec
from unrolled.programs.program import Program, Shape

Array = NDArray[np.float32]
INPUT, OUTPUT = "x", "y"


class SequenceResult(NamedTuple):
    """Output of a stack for a batch of sequences."""

    y: Array
    """Output of the last layer (T, B, D·R), zero past the length of a row."""
    states: dict[str, Array]
    """Final states (B, size) by name: ``h_l0``, ``h_l0_reverse``, …"""


def layer_programs(spec: StackSpec, prefix: str = "", entry: Entry | None = None) -> list[list[Program]]:
    """Return the program of each layer and direction; see :class:`SequenceStack`."""
    suffixes = ("", "_reverse") if spec.bidirectional else ("",)
    return [
        [_layer_program(spec, layer, suffix, prefix, entry) for suffix in suffixes]
        for layer in range(spec.num_layers)
    ]


def _layer_program(spec: StackSpec, layer: int, suffix: str, prefix: str, entry: Entry | None) -> Program:
    builder = Builder()
    x = entry(builder) if entry and not layer else builder.input(INPUT, spec.size_below(layer))
    return builder.finish(**{OUTPUT: spec.add_layer(builder, x, layer, prefix, suffix)})


def stack_shapes(spec: StackSpec, prefix: str = "", entry: Entry | None = None) -> dict[str, Shape]:
    """Return the shape of every weight that a :class:`SequenceStack` with these arguments needs."""
    programs = [program for layer in layer_programs(spec, prefix, entry) for program in layer]
    return {name: shape for program in programs for name, shape in program.parameters.items()}


class SequenceStack:
    """A stack of layers that reads whole sequences; each layer and direction is a program of its own.

    Args:
        spec: the stack.
        weights: weights of the model by name.
        prefix: what the names of the stack's weights begin with, such as ``"recurrent."``.
        precision: precision of the products.
        entry: adds the input of the first layer, such as the embedding of a token; None reads vectors x.
    """

    def __init__(
        self,
        spec: StackSpec,
        weights: Mapping[str, Array],
        prefix: str = "",
        precision: Precision = "float32",
        entry: Entry | None = None,
    ) -> None:
        self.spec, self.prefix = spec, prefix
        self._engines = [
            [Engine(p, {name: weights[name] for name in p.parameters}, precision) for p in layer]
            for layer in layer_programs(spec, prefix, entry)
        ]

    @property
    def output_size(self) -> int:
        """D·R, size of the output of all directions."""
        return len(self._engines[0]) * self.spec.output_size

    def run(self, x: Array, lengths: NDArray[np.int64]) -> SequenceResult:
        """Read sequences x (T, B, I) of ``lengths`` (B,) steps, each at least 1."""
        return self.read({INPUT: x}, {}, lengths)

    def read(
        self, inputs: Mapping[str, Array], tokens: Mapping[str, NDArray[np.int64]], lengths: NDArray[np.int64]
    ) -> SequenceResult:
        """Read the inputs (T, B, size) and tokens (T, B) that ``entry`` names; see :meth:`run`."""
        states: dict[str, Array] = {}
        x: Array | None = None
        for engines in self._engines:
            outputs = []
            for engine, reverse in zip(engines, (False, True), strict=False):
                stream = engine.stream(len(lengths))
                y = _run(stream, inputs, tokens, lengths, reverse=reverse)
                outputs.append(y)
                states |= {name.removeprefix(self.prefix): value for name, value in stream.state().items()}
            joined = np.concatenate(outputs, -1) if len(outputs) > 1 else outputs[0]
            x = joined if x is None or not self.spec.residual else joined + x
            inputs, tokens = {INPUT: x}, {}
        assert x is not None
        return SequenceResult(x, states)


def _run(
    stream: Stream,
    inputs: Mapping[str, Array],
    tokens: Mapping[str, NDArray[np.int64]],
    lengths: NDArray[np.int64],
    *,
    reverse: bool,
) -> Array:
    """Return the output (T, B, R) of one layer in one direction."""
    if not reverse:
        return stream.run(dict(inputs), dict(tokens), lengths=lengths)[OUTPUT]
    y = stream.run(
        {name: np.ascontiguousarray(reverse_rows(x, lengths)) for name, x in inputs.items()},
        {name: np.ascontiguousarray(reverse_rows(ids, lengths)) for name, ids in tokens.items()},
        lengths=lengths,
    )
    return reverse_rows(y[OUTPUT], lengths)


def reverse_rows(x: NDArray[Any], lengths: NDArray[np.int64]) -> NDArray[Any]:
    """Return x (T, B, …) with each row reversed within its length; the padding stays in place."""
    steps = np.arange(len(x))[:, None]
    source = np.where(steps < lengths, lengths - 1 - steps, steps)
    return np.asarray(x[source, np.arange(x.shape[1])])
