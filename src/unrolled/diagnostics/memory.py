"""Losses of single tokens with a limited context."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unrolled.arrays import Ids
from unrolled.diagnostics.gradients import Floats
from unrolled.errors import ConfigError, NonFiniteError, ShapeError
from unrolled.short_repr import short_repr
from unrolled.wording import counted

Score = Callable[[Tensor], Tensor]
"""Function from tokens (T, B) to the loss in nats of the last token of each column, given the others, (B,).

The model starts each column from its initial state. Only its output at the last step is used.
"""
Report = Callable[[int], None]
"""Progress callback: called with the number of tokens just processed."""
CHUNK_TOKENS = 1 << 14


def ignore_progress(count: int) -> None:
    """Progress callback that does nothing."""


@short_repr
@dataclass(frozen=True, eq=False)
class Targets:
    """Target tokens in one long text, each with at least ``longest`` tokens before it."""

    tokens: Ids
    places: Ids
    """Positions of the targets, ascending, (N,)."""
    longest: int

    @staticmethod
    def draw(tokens: Tensor | Ids | Sequence[int], longest: int, count: int, seed: int) -> "Targets":
        """Draw ``count`` different tokens of a text, or take all of them if there are fewer.

        Args:
            tokens: token numbers, (L,).
            longest: maximum number of context tokens before a target.
            count: number of targets, at least 2.
            seed: seed of the draw.

        Raises:
            ConfigError: if longest or count is too small.
            ShapeError: if ``tokens`` is not a sequence of integers, or too short for two targets.
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
                f"{len(text)} tokens are too few: two targets with {longest} tokens before each need at "
                f"least {longest + 2}; give more text or a smaller longest"
            )
        possible = len(text) - longest
        drawn = np.random.default_rng(seed).choice(possible, min(count, possible), replace=False)
        return Targets(text.astype(np.int64), longest + np.sort(drawn), longest)

    def windows(self, context: int) -> Tensor:
        """Return each target with the ``context`` tokens before it, (context + 1, N)."""
        steps = np.arange(-context, 1)[:, None]
        return torch.from_numpy(self.tokens[self.places + steps])


def compute_losses(score: Score, windows: Tensor, report: Report) -> Floats:
    """Return the losses (N,) of windows (T, N), computed in chunks of up to 16,384 tokens.

    Raises:
        NonFiniteError: if a loss is infinite or NaN.
        ShapeError: if ``score`` does not return one loss per column.
    """
    parts = []
    with torch.no_grad():
        for chunk in windows.split(max(1, CHUNK_TOKENS // len(windows)), dim=1):
            losses = score(chunk)
            if losses.shape != chunk.shape[1:]:
                raise ShapeError(
                    f"score returned {tuple(losses.shape)} for tokens {tuple(chunk.shape)}: it must return "
                    f"one loss per column, ({chunk.shape[1]},)"
                )
            parts.append(losses.double().cpu().numpy())
            report(chunk.numel())
    joined = np.concatenate(parts)
    if not np.isfinite(joined).all():
        raise NonFiniteError(
            f"{(~np.isfinite(joined)).sum()} of {counted(len(joined), 'loss', 'losses')} with "
            f"{counted(len(windows) - 1, 'token')} of context are infinite or NaN"
        )
    return joined


def mean_and_error(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean over the first axis and its standard error; targets are treated as independent."""
    mean: Floats = values.mean(0)
    error: Floats = values.std(0, ddof=1) / np.sqrt(len(values))
    return mean, error
