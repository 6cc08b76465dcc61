"""Tokens of a text that are not in a vocabulary: counted, reported, and scored."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.errors import DataError
from unrolled.text import UNK_ID, Tokenizer

SHOWN = 5
"""Kinds of unknown tokens that a note names."""


@dataclass(frozen=True)
class Unknown:
    """The unknown tokens of a text."""

    count: int
    """Tokens that are ``<unk>``."""
    total: int
    """Tokens of the text."""
    kinds: tuple[str, ...]
    """Tokens that the vocabulary lacks, most frequent first; ``<unk>`` written in a text is not one."""

    @classmethod
    def of(cls, texts: Iterable[str], tokenizer: Tokenizer) -> "Unknown":
        """Count the unknown tokens of texts."""
        count = total = 0
        kinds: Counter[str] = Counter()
        for text in texts:
            ids = tokenizer.encode(text)
            total += len(ids)
            if here := int((ids == UNK_ID).sum()):
                count += here
                kinds.update(tokenizer.unknown(text))
        return cls(count, total, tuple(kind for kind, _ in kinds.most_common()))

    def notes(self, source: str, unit: str, share: float) -> tuple[str, ...]:
        """Return a line that says how many there are and how they are scored; nothing if there are none.

        Args:
            source: name of the text.
            unit: noun for a token.
            share: see :func:`unrolled.unknown.unknown_share`.
        """
        if not self.kinds:
            return ()
        scored = f", scored with the share {share:.2g} that training leaves to <unk>" if share else ""
        return (
            f"{source}: {self.count:,} of {self.total:,} {unit}s are unknown to the model "
            f"({self.shown}){scored}",
        )

    def refuse_foreign(self, source: str) -> None:
        """Refuse a text that is mostly unknown.

        Raises:
            DataError: if more than half of its tokens are.
        """
        if self.kinds and 2 * self.count > self.total:
            raise DataError(
                f"{self.count:,} of {self.total:,} tokens of {source} are not in the model's vocabulary "
                f"({self.shown}): it was trained on another kind of text"
            )

    @property
    def shown(self) -> str:
        """The most frequent kinds, and how many more there are."""
        more = len(self.kinds) - SHOWN
        names = ", ".join(repr(kind) for kind in self.kinds[:SHOWN])
        return f"{names} and {more:,} more" if more > 0 else names


def mix_unknown_losses(losses: Tensor, targets: Tensor, share: float, ignore: int) -> Tensor:
    """Return −ln p' from −ln p, both of the shape of the targets; see :mod:`unrolled.unknown`.

    Args:
        losses: −ln p of each target.
        targets: token numbers.
        share: u of a text with unknown tokens; 0 returns the losses.
        ignore: target that is no token, whose loss stays.
    """
    if not share:
        return losses
    known = losses - math.log1p(-share)
    rare = -torch.logaddexp(-known, known.new_tensor(math.log(share)))
    return torch.where(targets == UNK_ID, rare, torch.where(targets == ignore, losses, known))
