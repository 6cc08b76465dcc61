"""Loss as a function of the context length: how far back a model looks in practice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.memory import (
    Ids,
    Report,
    Score,
    Targets,
    compute_losses,
    ignore_progress,
    mean_and_error,
)
from unrolled.diagnostics.products import log_spaced
from unrolled.short_repr import short_repr

TOLERANCE = 0.01
"""Tolerated excess as a fraction of the loss."""
STANDARD_ERRORS = 2
"""Half-width of confidence ranges, in standard errors."""


@short_repr
@dataclass(frozen=True, eq=False)
class ContextCurve:
    """Mean loss of the same N targets as a function of the number n of context tokens before each.

    Losses are in nats per token. ``excess`` is the loss with n tokens minus the loss with the longest
    context; its error is that of the paired differences. Both are 0 at the longest context. Errors are
    standard errors of means; the targets are treated as independent.
    """

    contexts: Ids
    """n, ascending, (D,)"""
    loss: Floats
    error: Floats
    excess: Floats
    excess_error: Floats
    targets: int
    """Number of targets N."""

    def tolerance_nats(self, tolerance: float = TOLERANCE) -> float:
        """Return the tolerance in nats: a fraction of the loss with the longest context."""
        return tolerance * float(self.loss[-1])

    def effective(self, tolerance: float = TOLERANCE) -> int:
        """Return the effective context length in tokens.

        It is the smallest n from which on the loss exceeds that with the longest context by at most
        ``tolerance`` times it (Khandelwal et al. 2018, arXiv:1805.04623). If it equals the longest n
        measured, the model may look further back.
        """
        return self._within(self.excess, tolerance)

    def effective_range(self, tolerance: float = TOLERANCE) -> tuple[int, int]:
        """Return the smallest and the largest effective context consistent with the errors of the excess.

        They are computed from the excess minus and plus two standard errors.
        """
        error = STANDARD_ERRORS * self.excess_error
        return self._within(self.excess - error, tolerance), self._within(self.excess + error, tolerance)

    def _within(self, excess: Floats, tolerance: float) -> int:
        """Return the smallest n from which on the excess is within the tolerance; the longest n always is."""
        beyond = np.flatnonzero(excess[:-1] > self.tolerance_nats(tolerance))
        return int(self.contexts[beyond[-1] + 1 if len(beyond) else 0])


def context_curve(
    score: Score,
    tokens: Tensor | Ids | Sequence[int],
    *,
    longest: int = 256,
    targets: int = 512,
    seed: int = 0,
    report: Report = ignore_progress,
) -> ContextCurve:
    """Measure the loss of tokens after n = 1, 2, 3, 4, 6, 8, 11, 16, … tokens of context.

    Args:
        score: computes the loss of the last token of each column; see
            :data:`unrolled.diagnostics.memory.Score`.
        tokens: (L,), held-out text.
        longest: the longest context.
        targets: number of tokens to predict, drawn from the text; all of them if there are fewer.
        seed: seed of the draw.
        report: called with the number of tokens just processed, out of :func:`count_context_tokens`.

    Raises:
        ConfigError: if longest or targets is too small.
        NonFiniteError: if a loss is infinite or NaN.
        ShapeError: if the text is too short, or ``score`` does not return one loss per column.
    """
    chosen = Targets.draw(tokens, longest, targets, seed)
    contexts = log_spaced(longest)
    losses = np.stack([compute_losses(score, chosen.windows(n), report) for n in contexts.tolist()], axis=1)
    loss, error = mean_and_error(losses)
    excess, excess_error = mean_and_error(losses - losses[:, -1:])
    return ContextCurve(contexts, loss, error, excess, excess_error, len(losses))


def count_context_tokens(longest: int, targets: int) -> int:
    """Return the number of tokens that :func:`context_curve` processes for a number of targets."""
    return int((log_spaced(longest) + 1).sum()) * targets
