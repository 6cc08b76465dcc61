"""A few rows of data to look at, as a trained model reads them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.config import require
from unrolled.short_repr import short_repr
from unrolled.text import EOS_ID, UNK_ID, Tokenizer


@short_repr
@dataclass(frozen=True, eq=False)
class Sample:
    """One batch of B rows, of at most so many steps each."""

    batch: Any
    """What the job takes."""
    tokens: list[list[str]] | None
    """Of each row, what is read at each step of the layers whose steps the losses belong to: characters,
    pieces, words or time stamps; None where a step has no name."""
    source: str
    """What it was read from."""


@dataclass(frozen=True)
class SampleSize:
    """How much is looked at, at most."""

    rows: int
    steps: int

    def __post_init__(self) -> None:
        require(self.rows >= 1, f"rows={self.rows}: must be at least 1")
        require(self.steps >= 1, f"steps={self.steps}: must be at least 1")

    def windows(self, length: int) -> tuple[NDArray[np.int64], int]:
        """Spread windows evenly over ``length`` steps: where each begins, and how long all are.

        They do not overlap; where there are too few steps for that, there are fewer of them.
        """
        width = min(self.steps, length)
        count = min(self.rows, length // width)
        return np.linspace(0, length - width, count).astype(np.int64), width


def token_names(tokenizer: Tokenizer, tokens: Tensor, lengths: Tensor | None = None) -> list[list[str]]:
    """Return each row of tokens (T, B) for people, as far as its length (B,)."""
    rows = tokens.t().tolist()
    ends = [len(tokens)] * len(rows) if lengths is None else lengths.tolist()
    known = tokenizer.tokens
    names = {EOS_ID: known[EOS_ID], UNK_ID: known[UNK_ID]}
    for i in torch.unique(tokens).tolist():
        names.setdefault(i, tokenizer.decode([i]))
    return [[names[i] for i in row[:end]] for row, end in zip(rows, ends, strict=True)]
