"""Batches of tagged sentences as tensors."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.arrays import Ids
from unrolled.data import IGNORE
from unrolled.data.buckets import length_buckets
from unrolled.data.ragged import pad
from unrolled.models.tagger import SentenceBatch
from unrolled.tasks.tag.data import EncodedSentences


@dataclass(frozen=True)
class TaggedBatch:
    """Sentences, and their tag indices (T, B)."""

    sentences: SentenceBatch
    tags: Tensor

    def first_rows(self, rows: int) -> "TaggedBatch":
        """Return the first sentences, without the time steps that are padding in all of them."""
        sentences = self.sentences.first_rows(rows)
        return TaggedBatch(sentences, self.tags[: len(sentences.words), :rows])


def make_batches(
    sentences: EncodedSentences, size: int, seed: int | None = None
) -> Iterator[tuple[Ids, TaggedBatch]]:
    """Yield sentence indices and batches, in the order of :func:`length_buckets`."""
    for indices in length_buckets([len(s) for s in sentences.words], size, seed):
        tags, _ = pad([sentences.tags[i] for i in indices], IGNORE)
        arrays = sentences.arrays(indices)
        yield indices, TaggedBatch(SentenceBatch(*map(torch.from_numpy, arrays)), tags)
