"""A classifier that reads whole sequences, in one or two directions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.engine import Engine, Precision
from unrolled.models.native.pooling import pool_last, pool_max, pool_mean, pool_weighted
from unrolled.models.native.products import INPUT, OUTPUT, apply, linear_program
from unrolled.models.steps.classifier import READER
from unrolled.models.steps.pooling import add_attention_score
from unrolled.models.steps.sequence import SequenceStack, stack_shapes
from unrolled.programs.builder import Builder
from unrolled.programs.layers import Entry, StackSpec
from unrolled.programs.program import Program, Shape

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ClassifierSpec:
    """The network of a classifier; see :class:`unrolled.models.classifier.RecurrentClassifier`."""

    entry: Entry
    """Adds the input of the first layer: :func:`text_entry` or :func:`series_entry`."""
    stack: StackSpec
    pooling: str
    classes: int

    @property
    def directions(self) -> int:
        """Number of directions of time."""
        return 1 + self.stack.bidirectional

    @property
    def features(self) -> int:
        """Size of the pooled vector."""
        return self.directions * self.stack.output_size

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every weight."""
        shapes = stack_shapes(self.stack, f"{READER}recurrent.", self.entry)
        for program in (self.output_program(), *([self.score_program()] if self.has_attention else [])):
            shapes |= program.parameters
        return shapes

    @property
    def has_attention(self) -> bool:
        """True if the pooling has weights."""
        return self.pooling == "attention"

    def output_program(self) -> Program:
        """Return the program of the output layer."""
        return linear_program(self.features, "output", self.classes)

    def score_program(self) -> Program:
        """Return the program of the score of a step, for pooling by attention."""
        builder = Builder()
        score = add_attention_score(builder, builder.input(INPUT, self.features), "pooling")
        return builder.finish(**{OUTPUT: score})


class SequenceClassifier:
    """A classifier in the native runtime.

    Args:
        spec: the network.
        weights: weights by the names of the module's state dict.
        precision: precision of the products.
    """

    def __init__(
        self, spec: ClassifierSpec, weights: Mapping[str, Array], precision: Precision = "float32"
    ) -> None:
        def make_engine(program: Program) -> Engine:
            return Engine(program, {name: weights[name] for name in program.parameters}, precision)

        self.spec = spec
        self._stack = SequenceStack(spec.stack, weights, f"{READER}recurrent.", precision, spec.entry)
        self._score = make_engine(spec.score_program()) if spec.has_attention else None
        self._output = make_engine(spec.output_program())

    def logits(
        self, inputs: Mapping[str, Array], tokens: Mapping[str, NDArray[np.int64]], lengths: NDArray[np.int64]
    ) -> Array:
        """Return logits (B, classes).

        Args:
            inputs: vectors (T, B, I) by name.
            tokens: tokens (T, B) by name.
            lengths: number of steps of each row, (B,), each at least 1.
        """
        h = self._stack.read(inputs, tokens, lengths).y
        return apply(self._output, self._pool(h, lengths)[None])[0]

    def _pool(self, h: Array, lengths: NDArray[np.int64]) -> Array:
        if self._score is not None:
            return pool_weighted(h, lengths, apply(self._score, h)[..., 0])
        match self.spec.pooling:
            case "last":
                return pool_last(h, lengths, self.spec.directions)
            case "mean":
                return pool_mean(h, lengths)
            case _:
                return pool_max(h, lengths)
