"""Pairs of token sequences in ragged batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data.buckets import buckets
from unrolled.data.stream import IGNORE

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class SourceBatch:
    """Sources side by side, each ended by ``<eos>``."""

    tokens: Tensor
    """(S, B)"""
    lengths: Tensor
    """(B,), ``<eos>`` included."""

    def first_rows(self, rows: int) -> "SourceBatch":
        """Return the first sources, without steps past the end of the longest of them."""
        lengths = self.lengths[:rows]
        return SourceBatch(self.tokens[: int(lengths.max()), :rows], lengths)


@dataclass(frozen=True)
class PairBatch:
    """Sources, and what a decoder reads and must say: the target after ``<eos>``, and before it."""

    source: SourceBatch
    inputs: Tensor
    """(T, B)"""
    targets: Tensor
    """(T, B), IGNORE in padding."""
    lengths: Tensor
    """(B,), steps of each target, ``<eos>`` included."""
    sampling: float = 0.0
    """Share of inputs that the model chooses itself (scheduled sampling)."""

    @property
    def predictions(self) -> int:
        """Number of tokens to predict."""
        return int(self.lengths.sum())

    def first_rows(self, rows: int) -> "PairBatch":
        """Return the first pairs, without steps past the end of the longest, and without sampling."""
        lengths = self.lengths[:rows]
        steps = int(lengths.max())
        source = self.source.first_rows(rows)
        return PairBatch(source, self.inputs[:steps, :rows], self.targets[:steps, :rows], lengths)


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs as token numbers, each side without ``<eos>``."""

    sources: list[Ids]
    targets: list[Ids]
    eos: int

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def predictions(self) -> int:
        """Number of tokens to predict: those of the targets, and an ``<eos>`` for each."""
        return sum(len(t) + 1 for t in self.targets)

    def within(self, most: int) -> "EncodedPairs":
        """Return the pairs of which no side has more than so many tokens."""
        kept = [i for i, (s, t) in enumerate(zip(*self._sides, strict=True)) if max(len(s), len(t)) <= most]
        return EncodedPairs([self.sources[i] for i in kept], [self.targets[i] for i in kept], self.eos)

    def batches(self, size: int, seed: int | None = None, sampling: float = 0.0) -> Iterator[PairBatch]:
        """Yield batches of like length, by target and then by source; see :func:`buckets` for their order."""
        longest = max((len(s) for s in self.sources), default=0) + 1
        keys = [len(t) * longest + len(s) for s, t in zip(*self._sides, strict=True)]
        for rows in buckets(keys, size, seed):
            yield self._batch([int(i) for i in rows], sampling)

    def batch_count(self, size: int) -> int:
        """Return how many batches :meth:`batches` yields."""
        return -(-len(self) // size)

    @property
    def _sides(self) -> tuple[list[Ids], list[Ids]]:
        return self.sources, self.targets

    def _batch(self, rows: list[int], sampling: float) -> PairBatch:
        targets = [self.targets[i] for i in rows]
        steps = max(len(t) for t in targets) + 1
        inputs = torch.full((steps, len(rows)), self.eos)
        marks = torch.full((steps, len(rows)), IGNORE)
        for column, t in enumerate(targets):
            tokens = torch.from_numpy(t)
            inputs[1 : len(t) + 1, column] = tokens
            marks[: len(t), column] = tokens
            marks[len(t), column] = self.eos
        lengths = torch.tensor([len(t) + 1 for t in targets])
        return PairBatch(
            pad_sources([self.sources[i] for i in rows], self.eos), inputs, marks, lengths, sampling
        )


def pad_sources(sources: Sequence[Ids], eos: int) -> SourceBatch:
    """Return sources side by side, each ended and then filled up by ``<eos>``."""
    lengths = torch.tensor([len(s) + 1 for s in sources])
    tokens = torch.full((int(lengths.max()), len(sources)), eos)
    for column, s in enumerate(sources):
        tokens[: len(s), column] = torch.from_numpy(s)
    return SourceBatch(tokens, lengths)
