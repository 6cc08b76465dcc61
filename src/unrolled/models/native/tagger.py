"""A tagger that reads whole sentences, in one or two directions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.data.buckets import even_buckets
from unrolled.data.padding import pad_arrays
from unrolled.engine import Engine, Precision
from unrolled.models.native.products import apply, linear_program
from unrolled.models.steps.sequence import SequenceStack, stack_shapes
from unrolled.models.steps.stack import TOKEN
from unrolled.models.steps.tagger import CHARACTERS, SPELLING, SpellingSpec
from unrolled.programs.layers import Entry, StackSpec
from unrolled.programs.program import Program, Shape

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
RECURRENT = "recurrent."
SPELLINGS, SPELLING_STEPS = 256, 8192
"""Largest number of words, and of characters with padding, that are spelled in one batch."""


@dataclass(frozen=True, kw_only=True)
class TaggerSpec:
    """The network of a tagger; see :class:`unrolled.models.tagger.RecurrentTagger`."""

    entry: Entry
    """Adds the vector of a word: :func:`unrolled.models.steps.tagger.word_entry`."""
    stack: StackSpec
    tags: int
    spelling: SpellingSpec | None
    """Encoder of the characters of a word; None for word vectors only."""

    def output_program(self) -> Program:
        """Return the program of the output layer."""
        return linear_program((1 + self.stack.bidirectional) * self.stack.output_size, "output", self.tags)

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every weight, without a CRF."""
        shapes = stack_shapes(self.stack, RECURRENT, self.entry) | dict(self.output_program().parameters)
        if self.spelling is not None:
            shapes |= stack_shapes(self.spelling.stack, f"{CHARACTERS}{RECURRENT}", self.spelling.entry)
        return shapes


class SpellingEncoder:
    """The vectors of words from their characters; see :class:`SequenceTagger` for the arguments."""

    def __init__(self, spec: SpellingSpec, weights: Weights, precision: Precision = "float32") -> None:
        prefix = f"{CHARACTERS}{RECURRENT}"
        self._stack = SequenceStack(spec.stack, weights, prefix, precision, spec.entry)

    def vectors(self, spellings: Sequence[Ids]) -> Array:
        """Return the vectors (U, features) of words with these characters."""
        result = np.empty((len(spellings), self._stack.output_size), np.float32)
        for rows in even_buckets([len(s) for s in spellings], SPELLINGS, SPELLING_STEPS):
            characters, lengths = pad_arrays([spellings[i] for i in rows])
            states = self._stack.read({}, {TOKEN: characters}, lengths).states
            result[rows] = np.concatenate([states["h_l0"], states["h_l0_reverse"]], -1)
        return result


class SequenceTagger:
    """A tagger in the native runtime.

    Args:
        spec: the network.
        weights: weights by the names of the module's state dict.
        precision: precision of the products.
    """

    def __init__(self, spec: TaggerSpec, weights: Weights, precision: Precision = "float32") -> None:
        output = spec.output_program()
        self._spelling = None
        if spec.spelling is not None:
            self._spelling = SpellingEncoder(spec.spelling, weights, precision)
        self._stack = SequenceStack(spec.stack, weights, RECURRENT, precision, spec.entry)
        self._output = Engine(output, {name: weights[name] for name in output.parameters}, precision)

    def spell(self, spellings: Sequence[Ids]) -> Array | None:
        """Return the vectors (U, features) of words from their characters; None without characters."""
        return None if self._spelling is None else self._spelling.vectors(spellings)

    def emissions(self, words: Ids, lengths: Ids, spelled: Array | None) -> Array:
        """Return the scores (T, B, K) of every tag for every word.

        Args:
            words: word ids, (T, B).
            lengths: number of words of each sentence, (B,), each at least 1.
            spelled: the vectors of :meth:`spell`, (T, B, features).
        """
        inputs = {} if spelled is None else {SPELLING: spelled}
        return apply(self._output, self._stack.read(inputs, {TOKEN: words}, lengths).y)
