"""How long an output may become."""

import math
from dataclasses import dataclass
from typing import Self

from unrolled.data import EncodedPairs
from unrolled.tasks.base.artifacts import Positive

MARGIN = 1.5
"""Factor over the longest output of training."""
SPARE = 10
"""Tokens that every output may have besides."""
GROWTH = 4.0
"""Factor over the longest source of training up to which outputs grow with their sources."""
EARLIER_RATIO = 2.0
"""Target tokens for each of the source, of models that were trained before limits were learned."""


@dataclass(frozen=True)
class OutputLimit:
    """The longest sides of the training pairs, in tokens, each with its ``<eos>``."""

    source: Positive
    target: Positive

    @classmethod
    def of(cls, pairs: EncodedPairs) -> Self:
        """Measure training pairs."""
        longest = (max((len(ids) for ids in side), default=0) + 1 for side in (pairs.sources, pairs.targets))
        return cls(*longest)

    def tokens(self, source: int) -> int:
        """Return the most tokens of an output for a source of ``source`` tokens.

        It is the longest target of training with a margin. For sources longer than any of training it grows
        in proportion to them, up to four times their length.
        """
        growth = min(max(1.0, source / self.source), GROWTH)
        return math.ceil(MARGIN * self.target * growth) + SPARE


def most_tokens(source: int, ratio: float, learned: OutputLimit | None) -> int:
    """Return the most tokens of an output for a source of ``source`` tokens, ``<eos>`` included.

    Args:
        source: its tokens, with ``<eos>``.
        ratio: target tokens for each of the source; 0 takes the learned limit.
        learned: of the training pairs; None for models of earlier versions.
    """
    if not ratio and learned is not None:
        return learned.tokens(source)
    return int((ratio or EARLIER_RATIO) * (source - 1)) + SPARE
