"""Losses of single tokens, given a limited number of tokens before them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.errors import ConfigError, NonFiniteError, ShapeError
from unrolled.short_repr import short_repr

Score = Callable[[Tensor], Tensor]
"""Of tokens (T, B): the loss in nats of the last token of each column, given the others, (B,).

The model begins each column from its initial state. Its output is wanted at the last step alone.
"""
Report = Callable[[int], None]
"""Is told how many tokens more are done."""
Ids = NDArray[np.int64]
TOKENS_TOGETHER = 1 << 14


def silent(count: int) -> None:
    """Report nothing."""


@short_repr
@dataclass(frozen=True, eq=False)
class Targets:
    """Tokens of one long text whose losses are taken, each with at least ``longest`` tokens before it."""

    tokens: Ids
    places: Ids
    """(N,), ascending."""
    longest: int

    @staticmethod
    def of(tokens: Tensor | Ids | Sequence[int], longest: int, count: int, seed: int) -> "Targets":
        """Draw ``count`` different tokens of a text; all that there are where they are fewer.

        Args:
            tokens: (L,), numbers of tokens.
            longest: the most tokens that are given before a target.
            count: targets, at least 2.
            seed: of the draw.

        Raises:
            ConfigError: if longest or count cannot be.
            ShapeError: if the text is no sequence, or too short for two targets.
        """
        text = tokens.cpu().numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
        if longest < 1 or count < 2:
            raise ConfigError(
                f"longest={longest} and targets={count}: give at least 1 token of context and 2 targets"
            )
        if text.ndim != 1 or text.dtype.kind not in "iu":
            raise ShapeError(f"tokens must be whole numbers (L,), got {text.dtype} {text.shape}")
        if len(text) < longest + 2:
            raise ShapeError(
                f"{len(text)} tokens are too few: with {longest} before each of two targets there must be at "
                f"least {longest + 2}; give more text or a shorter longest"
            )
        possible = len(text) - longest
        drawn = np.random.default_rng(seed).choice(possible, min(count, possible), replace=False)
        return Targets(text.astype(np.int64), longest + np.sort(drawn), longest)

    def windows(self, context: int) -> Tensor:
        """Return each target after so many tokens of its context, (context + 1, N)."""
        steps = np.arange(-context, 1)[:, None]
        return torch.from_numpy(self.tokens[self.places + steps])


def scored(score: Score, windows: Tensor, report: Report) -> Floats:
    """Return the losses of windows (T, N), so many at once as hold 16,384 tokens, as (N,).

    Raises:
        NonFiniteError: if a loss is infinite or not a number.
        ShapeError: if ``score`` returns anything but one loss a column.
    """
    found = []
    with torch.no_grad():
        for part in windows.split(max(1, TOKENS_TOGETHER // len(windows)), dim=1):
            losses = score(part)
            if losses.shape != part.shape[1:]:
                raise ShapeError(
                    f"score returned {tuple(losses.shape)} for tokens {tuple(part.shape)}: it must return "
                    f"one loss a column, ({part.shape[1]},)"
                )
            found.append(losses.double().cpu().numpy())
            report(part.numel())
    joined = np.concatenate(found)
    if not np.isfinite(joined).all():
        raise NonFiniteError(
            f"{(~np.isfinite(joined)).sum()} of {len(joined)} losses with {len(windows) - 1} tokens of "
            "context are infinite or not a number: a mean over them says nothing"
        )
    return joined


def mean_and_error(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean over the first axis and its standard error, targets taken as independent."""
    mean: Floats = values.mean(0)
    error: Floats = values.std(0, ddof=1) / np.sqrt(len(values))
    return mean, error
