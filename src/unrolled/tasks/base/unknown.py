"""Count, report and score tokens of a text that are not in the vocabulary."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrolled.errors import DataError
from unrolled.text import UNK_ID, Tokenizer

if TYPE_CHECKING:
    from torch import Tensor

MAX_NAMES = 5
"""Maximum number of distinct unknown tokens in a message."""


@dataclass(frozen=True)
class UnknownTokens:
    """The unknown tokens of a text."""

    count: int
    """Number of tokens that are ``<unk>``."""
    total: int
    """Number of all tokens."""
    kinds: tuple[str, ...]
    """Distinct tokens not in the vocabulary, most frequent first; a literal ``<unk>`` is not included."""

    @classmethod
    def of(cls, texts: Iterable[str], tokenizer: Tokenizer) -> "UnknownTokens":
        """Count the unknown tokens of texts."""
        count = total = 0
        kinds: Counter[str] = Counter()
        for text in texts:
            ids = tokenizer.encode(text)
            total += len(ids)
            if unknown_count := int((ids == UNK_ID).sum()):
                count += unknown_count
                kinds.update(tokenizer.unknown(text))
        return cls(count, total, tuple(kind for kind, _ in kinds.most_common()))

    def notes(self, source: str, unit: str, share: float) -> tuple[str, ...]:
        """Return a line with their number and how they are scored; empty if there are none.

        Args:
            source: name of the text.
            unit: noun for a token.
            share: see :func:`unrolled.unknown.unknown_share`.
        """
        if not self.kinds:
            return ()
        scored = (
            f", scored with the probability {share:.2g} that training reserves for <unk>" if share else ""
        )
        return (
            f"{source}: {self.count:,} of {self.total:,} {unit}s are unknown to the model "
            f"({self.shown}){scored}",
        )

    def check_mostly_known(self, source: str) -> None:
        """Check that at most half of the tokens are unknown.

        Raises:
            DataError: if more than half are.
        """
        if self.kinds and 2 * self.count > self.total:
            raise DataError(
                f"{self.count:,} of {self.total:,} tokens of {source} are not in the model's vocabulary "
                f"({self.shown}): it was trained on another kind of text"
            )

    @property
    def shown(self) -> str:
        """The most frequent unknown tokens, and how many more there are."""
        more = len(self.kinds) - MAX_NAMES
        names = ", ".join(repr(kind) for kind in self.kinds[:MAX_NAMES])
        return f"{names} and {more:,} more" if more > 0 else names


def mix_unknown_losses(losses: "Tensor", targets: "Tensor", share: float, ignore: int) -> "Tensor":
    """Return −ln p' for −ln p, both in the shape of the targets; see :mod:`unrolled.unknown`.

    Args:
        losses: −ln p of each target.
        targets: token ids.
        share: u of a text with unknown tokens; 0 returns the losses unchanged.
        ignore: padding target, whose loss does not change.
    """
    import torch

    if not share:
        return losses
    scaled = losses - math.log1p(-share)
    unknown_losses = -torch.logaddexp(-scaled, scaled.new_tensor(math.log(share)))
    return torch.where(targets == UNK_ID, unknown_losses, torch.where(targets == ignore, losses, scaled))
