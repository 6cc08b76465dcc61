"""Corpus of separate sentences, batched by length."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.data.buckets import length_buckets
from unrolled.data.stream import IGNORE, Chunk


@dataclass(frozen=True)
class Sentences:
    """Sentences as token ids, each without ``<eos>``.

    A sentence of n tokens has n + 1 predictions: its tokens and ``<eos>``.
    """

    items: list[NDArray[np.int64]]
    eos: int

    @property
    def predictions(self) -> int:
        """Number of tokens to predict."""
        return sum(len(s) + 1 for s in self.items)

    def split(self, fraction: float) -> tuple["Sentences", "Sentences"]:
        """Split by position: the last ``fraction`` of the sentences becomes the second part."""
        cut = len(self.items) - int(len(self.items) * fraction)
        return Sentences(self.items[:cut], self.eos), Sentences(self.items[cut:], self.eos)

    def chunks(self, batch: int, seed: int | None = None) -> Iterator[Chunk]:
        """Yield padded batches of sentences of similar length, in the order of :func:`length_buckets`."""
        offsets = list(itertools.accumulate((len(s) + 1 for s in self.items), initial=0))
        for rows in length_buckets([len(s) for s in self.items], batch, seed):
            yield self._pad([self.items[i] for i in rows], [offsets[i] for i in rows])

    def chunk_count(self, batch: int) -> int:
        """Return the number of batches that :meth:`chunks` yields."""
        return -(-len(self.items) // batch)

    def _pad(self, rows: list[NDArray[np.int64]], offsets: list[int]) -> Chunk:
        import torch

        steps = max(len(s) for s in rows) + 1
        inputs = torch.full((steps, len(rows)), self.eos)
        targets = torch.full((steps, len(rows)), IGNORE)
        for column, s in enumerate(rows):
            tokens = torch.from_numpy(s)
            inputs[1 : len(s) + 1, column] = tokens
            targets[: len(s), column] = tokens
            targets[len(s), column] = self.eos
        lengths = torch.tensor([len(s) + 1 for s in rows])
        places = torch.tensor(offsets) + torch.arange(steps)[:, None]
        return Chunk(inputs, targets, lengths=lengths, places=places)
