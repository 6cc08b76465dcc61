"""The largest length of outputs."""

import math
from dataclasses import dataclass
from typing import Self

from unrolled.data import EncodedPairs
from unrolled.tasks.base.artifacts import Positive

MARGIN = 1.5
"""Factor on the length of the longest training target."""
EXTRA_TOKENS = 10
"""Number of tokens added to every limit."""
MAX_GROWTH = 4.0
"""Largest factor by which the limit grows for sources longer than the longest training source."""
EARLIER_RATIO = 2.0
"""Output tokens per source token, for models of earlier versions without a learned limit."""


@dataclass(frozen=True)
class OutputLimit:
    """The lengths of the longest training source and target, in tokens, ``<eos>`` included."""

    source: Positive
    target: Positive

    @classmethod
    def measure(cls, pairs: EncodedPairs) -> Self:
        """Return the limit of training pairs."""
        longest = (max((len(ids) for ids in side), default=0) + 1 for side in (pairs.sources, pairs.targets))
        return cls(*longest)

    def max_tokens(self, source: int) -> int:
        """Return the largest number of output tokens for a source of ``source`` tokens.

        The limit is 1.5 times the length of the longest training target, plus 10. For sources longer than the
        longest training source, the first term grows in proportion to the source, up to a factor of four.
        """
        growth = min(max(1.0, source / self.source), MAX_GROWTH)
        return math.ceil(MARGIN * self.target * growth) + EXTRA_TOKENS


def max_output_tokens(source: int, ratio: float, learned: OutputLimit | None) -> int:
    """Return the largest number of output tokens for a source, ``<eos>`` included.

    Args:
        source: number of source tokens, ``<eos>`` included.
        ratio: output tokens per source token; 0 uses the learned limit.
        learned: limit of the training pairs; None for models of earlier versions.
    """
    if not ratio and learned is not None:
        return learned.max_tokens(source)
    return int((ratio or EARLIER_RATIO) * (source - 1)) + EXTRA_TOKENS
