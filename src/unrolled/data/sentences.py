"""A corpus as separate sentences, batched by length."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.data.stream import IGNORE, Chunk


@dataclass(frozen=True)
class Sentences:
    """Sentences as token numbers, each without ``<eos>``.

    A sentence of n tokens is n + 1 predictions: its tokens and then ``<eos>``.
    """

    items: list[NDArray[np.int64]]
    eos: int

    @property
    def predictions(self) -> int:
        """Number of tokens to predict."""
        return sum(len(s) + 1 for s in self.items)

    def split(self, fraction: float) -> tuple["Sentences", "Sentences"]:
        """Cut by position: the last ``fraction`` of the sentences becomes the second part."""
        cut = len(self.items) - int(len(self.items) * fraction)
        return Sentences(self.items[:cut], self.eos), Sentences(self.items[cut:], self.eos)

    def chunks(self, batch: int, seed: int | None = None) -> Iterator[Chunk]:
        """Yield ragged batches of sentences of like length.

        With a seed, sentences are shuffled, sorted by length within pools of 50 batches, and the batches
        shuffled; without one they are sorted by length.
        """
        for rows in self._batches(batch, seed):
            yield self._pad([self.items[i] for i in rows])

    def chunk_count(self, batch: int) -> int:
        """Return how many batches :meth:`chunks` yields."""
        return -(-len(self.items) // batch)

    def _batches(self, batch: int, seed: int | None) -> list[NDArray[np.int64]]:
        lengths = np.array([len(s) for s in self.items])
        if seed is None:
            order = np.argsort(lengths, kind="stable")
            return [order[i : i + batch] for i in range(0, len(order), batch)]
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self.items))
        pool = 50 * batch
        batches: list[NDArray[np.int64]] = []
        for begin in range(0, len(order), pool):
            part = order[begin : begin + pool]
            part = part[np.argsort(lengths[part], kind="stable")]
            batches += [part[i : i + batch] for i in range(0, len(part), batch)]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _pad(self, rows: list[NDArray[np.int64]]) -> Chunk:
        steps = max(len(s) for s in rows) + 1
        inputs = torch.full((steps, len(rows)), self.eos)
        targets = torch.full((steps, len(rows)), IGNORE)
        for column, s in enumerate(rows):
            tokens = torch.from_numpy(s)
            inputs[1 : len(s) + 1, column] = tokens
            targets[: len(s), column] = tokens
            targets[len(s), column] = self.eos
        lengths = torch.tensor([len(s) + 1 for s in rows])
        return Chunk(inputs, targets, lengths=lengths)
