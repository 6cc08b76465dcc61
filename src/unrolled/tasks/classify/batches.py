"""Batches of labelled sequences as tensors."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.arrays import Ids
from unrolled.data.buckets import length_buckets
from unrolled.data.ragged import pad
from unrolled.symbols import EOS_ID
from unrolled.tasks.base.sample import SampleSize
from unrolled.tasks.classify.data import Examples


@dataclass(frozen=True)
class LabelledBatch:
    """Sequences (T, B) or (T, B, I), their lengths (B,), and their label indices (B,)."""

    sequences: Tensor
    lengths: Tensor
    labels: Tensor

    def first_rows(self, rows: int) -> "LabelledBatch":
        """Return the first sequences, without the time steps that are padding in all of them."""
        lengths = self.lengths[:rows]
        return LabelledBatch(self.sequences[: int(lengths.max()), :rows], lengths, self.labels[:rows])


def make_batches(
    examples: Examples, size: int, seed: int | None = None
) -> Iterator[tuple[Ids, LabelledBatch]]:
    """Yield row numbers and batches, in the order of :func:`unrolled.data.buckets.length_buckets`."""
    for indices in length_buckets([len(row) for row in examples.rows], size, seed):
        sequences, lengths = pad([examples.rows[i] for i in indices], EOS_ID)
        yield indices, LabelledBatch(sequences, lengths, torch.from_numpy(examples.labels[indices]))


def make_small_batch(examples: Examples, size: SampleSize) -> LabelledBatch:
    """Return the first ``size.rows`` examples as one batch, each cut to ``size.steps``."""
    rows = [row[: size.steps] for row in examples.rows[: size.rows]]
    _, batch = next(make_batches(Examples(rows, examples.labels[: size.rows]), size.rows))
    return batch
