"""Padded batches of pairs of token sequences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrolled.arrays import Ids
from unrolled.data.buckets import length_buckets
from unrolled.data.stream import IGNORE

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SourceBatch:
    """Padded batch of source sequences, each ending with ``<eos>``."""

    tokens: "Tensor"
    """Token ids, (S, B)."""
    lengths: "Tensor"
    """Length of each source, ``<eos>`` included, (B,)."""

    def first_rows(self, rows: int) -> "SourceBatch":
        """Return the first ``rows`` sources, without the time steps that are padding in all of them."""
        lengths = self.lengths[:rows]
        return SourceBatch(self.tokens[: int(lengths.max()), :rows], lengths)


@dataclass(frozen=True)
class PairBatch:
    """Padded batch: sources, decoder inputs (``<eos>`` + target) and targets (target + ``<eos>``)."""

    source: SourceBatch
    inputs: "Tensor"
    """Decoder inputs, (T, B)."""
    targets: "Tensor"
    """Tokens to predict, (T, B); IGNORE in padding."""
    lengths: "Tensor"
    """Length of each target, ``<eos>`` included, (B,)."""
    sampling: float = 0.0
    """Scheduled sampling: probability that an input is sampled from the model."""

    @property
    def predictions(self) -> int:
        """Number of tokens to predict."""
        return int(self.lengths.sum())

    def first_rows(self, rows: int) -> "PairBatch":
        """Return the first ``rows`` pairs, without scheduled sampling.

        Time steps that are padding in all of them are left out.
        """
        lengths = self.lengths[:rows]
        steps = int(lengths.max())
        source = self.source.first_rows(rows)
        return PairBatch(source, self.inputs[:steps, :rows], self.targets[:steps, :rows], lengths)


@dataclass(frozen=True)
class EncodedPairs:
    """Pairs as token ids, each side without ``<eos>``."""

    sources: list[Ids]
    targets: list[Ids]
    eos: int

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def predictions(self) -> int:
        """Number of tokens to predict: all tokens of the targets and one ``<eos>`` per target."""
        return sum(len(t) + 1 for t in self.targets)

    def within(self, most: int) -> "EncodedPairs":
        """Return the pairs whose source and target have at most ``most`` tokens each."""
        short = [i for i, (s, t) in enumerate(zip(*self._sides, strict=True)) if max(len(s), len(t)) <= most]
        return EncodedPairs([self.sources[i] for i in short], [self.targets[i] for i in short], self.eos)

    def batches(self, size: int, seed: int | None = None, sampling: float = 0.0) -> Iterator[PairBatch]:
        """Yield batches of pairs of similar lengths, in the order of :func:`length_buckets`."""
        longest = max((len(s) for s in self.sources), default=0) + 1
        keys = [len(t) * longest + len(s) for s, t in zip(*self._sides, strict=True)]
        for rows in length_buckets(keys, size, seed):
            yield self._batch([int(i) for i in rows], sampling)

    def batch_count(self, size: int) -> int:
        """Return the number of batches that :meth:`batches` yields."""
        return -(-len(self) // size)

    @property
    def _sides(self) -> tuple[list[Ids], list[Ids]]:
        return self.sources, self.targets

    def _batch(self, rows: list[int], sampling: float) -> PairBatch:
        import torch

        targets = [self.targets[i] for i in rows]
        steps = max(len(t) for t in targets) + 1
        inputs = torch.full((steps, len(rows)), self.eos)
        labels = torch.full((steps, len(rows)), IGNORE)
        for column, t in enumerate(targets):
            tokens = torch.from_numpy(t)
            inputs[1 : len(t) + 1, column] = tokens
            labels[: len(t), column] = tokens
            labels[len(t), column] = self.eos
        lengths = torch.tensor([len(t) + 1 for t in targets])
        return PairBatch(
            pad_sources([self.sources[i] for i in rows], self.eos), inputs, labels, lengths, sampling
        )


def pad_sources(sources: Sequence[Ids], eos: int) -> SourceBatch:
    """Return a batch of sources, each followed by ``<eos>`` and padded with ``<eos>``."""
    import torch

    lengths = torch.tensor([len(s) + 1 for s in sources])
    tokens = torch.full((int(lengths.max()), len(sources)), eos)
    for column, s in enumerate(sources):
        tokens[: len(s), column] = torch.from_numpy(s)
    return SourceBatch(tokens, lengths)
