"""Small samples of data, in the form in which a trained model reads them, for inspection."""

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
    """One batch of B rows, each cut to a maximum number of steps."""

    batch: Any
    """Batch for the job."""
    tokens: list[list[str]] | None
    """Names of the steps of each row: characters, pieces, words or time stamps; None if steps have no names.
    The steps are those of the layers that the losses belong to."""
    source: str
    """Name of the data that it was read from."""


@dataclass(frozen=True)
class SampleSize:
    """Maximum size of a sample."""

    rows: int
    steps: int

    def __post_init__(self) -> None:
        require(self.rows >= 1, f"rows={self.rows}: must be at least 1")
        require(self.steps >= 1, f"steps={self.steps}: must be at least 1")

    def windows(self, length: int) -> tuple[NDArray[np.int64], int]:
        """Spread windows evenly over ``length`` steps; return their first steps and their common width.

        Windows do not overlap; if there are too few steps, there are fewer windows.
        """
        width = min(self.steps, length)
        count = min(self.rows, length // width)
        return np.linspace(0, length - width, count).astype(np.int64), width


def token_names(tokenizer: Tokenizer, tokens: Tensor, lengths: Tensor | None = None) -> list[list[str]]:
    """Return the tokens (T, B) of each row as readable strings, cut to its length (B,)."""
    rows = tokens.t().tolist()
    ends = [len(tokens)] * len(rows) if lengths is None else lengths.tolist()
    vocabulary = tokenizer.tokens
    names = {EOS_ID: vocabulary[EOS_ID], UNK_ID: vocabulary[UNK_ID]}
    for i in torch.unique(tokens).tolist():
        names.setdefault(i, tokenizer.decode([i]))
    return [[names[i] for i in row[:end]] for row, end in zip(rows, ends, strict=True)]
