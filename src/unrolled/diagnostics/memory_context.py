"""The loss by how much context a model is given: how far back it looks in practice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.memory import Ids, Report, Score, Targets, mean_and_error, scored, silent
from unrolled.diagnostics.products import log_spaced
from unrolled.short_repr import short_repr

TOLERANCE = 0.01
"""Share of the loss."""
ERRORS = 2
"""Standard errors on either side of what may be."""


@short_repr
@dataclass(frozen=True, eq=False)
class ContextCurve:
    """The mean loss of the same N targets over the number n of tokens that are given before each.

    Losses are in nats a token. ``excess`` is the loss with n tokens minus that with the longest context, its
    error that of the paired differences; both are 0 at the longest. Errors are standard errors of means, with
    the targets taken as independent.
    """

    contexts: Ids
    """n, ascending (D,)"""
    loss: Floats
    error: Floats
    excess: Floats
    excess_error: Floats
    targets: int
    """N"""

    def tolerance_nats(self, tolerance: float = TOLERANCE) -> float:
        """Return a share of the loss with the longest context, in nats."""
        return tolerance * float(self.loss[-1])

    def effective(self, tolerance: float = TOLERANCE) -> int:
        """Return the effective context length in tokens.

        It is the smallest n from which on the loss exceeds that with the longest context by no more than
        a share of it, after Khandelwal et al. (2018, arXiv:1805.04623). It cannot be more than the
        longest n that was tried: where it is that, the model may look further back.
        """
        return self._within(self.excess, tolerance)

    def effective_range(self, tolerance: float = TOLERANCE) -> tuple[int, int]:
        """Return the least and the largest effective context that agree with the errors of the excess.

        They are those of the excess less, and plus, two standard errors.
        """
        error = ERRORS * self.excess_error
        return self._within(self.excess - error, tolerance), self._within(self.excess + error, tolerance)

    def _within(self, excess: Floats, tolerance: float) -> int:
        """Return the smallest n from which on an excess is within the tolerance; the longest always is."""
        beyond = np.flatnonzero(excess[:-1] > self.tolerance_nats(tolerance))
        return int(self.contexts[beyond[-1] + 1 if len(beyond) else 0])


def context_curve(
    score: Score,
    tokens: Tensor | Ids | Sequence[int],
    *,
    longest: int = 256,
    targets: int = 512,
    seed: int = 0,
    report: Report = silent,
) -> ContextCurve:
    """Measure the loss of tokens when the model begins n = 1, 2, 3, 4, 6, 8, 11, 16, … tokens before them.

    Args:
        score: the loss of the last token of each column; see :data:`unrolled.diagnostics.memory.Score`.
        tokens: (L,), a text that the model has not seen.
        longest: the longest context.
        targets: how many tokens to predict, drawn from the text; all that there are where they are fewer.
        seed: of the draw.
        report: is told how many tokens more are done, of :func:`context_work` in all.

    Raises:
        ConfigError: if longest or targets cannot be.
        NonFiniteError: if a loss is infinite or not a number.
        ShapeError: if the text is too short, or score does not return one loss a column.
    """
    chosen = Targets.of(tokens, longest, targets, seed)
    contexts = log_spaced(longest)
    losses = np.stack([scored(score, chosen.windows(n), report) for n in contexts.tolist()], axis=1)
    loss, error = mean_and_error(losses)
    excess, excess_error = mean_and_error(losses - losses[:, -1:])
    return ContextCurve(contexts, loss, error, excess, excess_error, len(losses))


def context_work(longest: int, targets: int) -> int:
    """Return how many tokens :func:`context_curve` runs through, if there are so many targets."""
    return int((log_spaced(longest) + 1).sum()) * targets
