"""Loss increase when one earlier token is replaced: the distances that a model remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
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
from unrolled.diagnostics.student_t import upper_quantile
from unrolled.errors import ConfigError
from unrolled.short_repr import short_repr

DRAWS = 3
"""Default number of replacements per target and distance."""
LEVEL = 0.05
"""Default significance level."""


@short_repr
@dataclass(frozen=True, eq=False)
class ReplacementCurve:
    """Increase of the loss of N targets when the token d steps before each target is replaced.

    ``increase`` is the mean over targets and draws of the loss with the replaced token minus the loss of the
    same target in the original text, in nats. ``error`` is its standard error over the targets, which are
    treated as independent.
    """

    distances: Ids
    """d, ascending, (D,); 1 is the token right before the target."""
    increase: Floats
    error: Floats
    loss: float
    """Mean loss in the original text, in nats."""
    targets: int
    """Number of targets N."""

    def reach(self, level: float = LEVEL) -> int:
        """Return the largest distance with a significant increase, or 0 if there is none.

        Applies a one-sided t-test over the targets at each distance, at ``level`` divided by the number of
        distances (Bonferroni): without any effect, the probability of a false detection is at most ``level``.
        More targets detect smaller effects.
        """
        critical = upper_quantile(level / len(self.distances), self.targets - 1)
        significant = np.flatnonzero((self.increase > critical * self.error) & (self.increase > 0))
        return int(self.distances[significant[-1]]) if len(significant) else 0


def replacement_curve(
    score: Score,
    tokens: Tensor | Ids | Sequence[int],
    *,
    longest: int = 256,
    targets: int = 512,
    draws: int = DRAWS,
    seed: int = 0,
    report: Report = ignore_progress,
) -> ReplacementCurve:
    """Measure the loss with one token replaced, at distances 1, 2, 3, 4, 6, 8, 11, 16, … before each target.

    The model reads ``longest`` tokens before each target. The replacement is drawn uniformly from the
    positions of the text (the unigram distribution), so that it may be the same token. Compare the replaced
    words of Khandelwal et al. (2018, arXiv:1805.04623).

    Args:
        score: computes the loss of the last token of each column; see
            :data:`unrolled.diagnostics.memory.Score`.
        tokens: (L,), held-out text.
        longest: the longest distance, and the number of tokens that the model reads before a target.
        targets: number of tokens to predict, drawn from the text; all of them if there are fewer.
        draws: number of replacements per target and distance.
        seed: seed of the targets and the replacements.
        report: called with the number of tokens just processed, out of :func:`count_replacement_tokens`.

    Raises:
        ConfigError: if longest, targets or draws is too small.
        NonFiniteError: if a loss is infinite or NaN.
        ShapeError: if the text is too short, or ``score`` does not return one loss per column.
    """
    chosen = Targets.draw(tokens, longest, targets, seed)
    if draws < 1:
        raise ConfigError(f"draws={draws}: must be at least 1")
    windows = chosen.windows(longest)
    original_losses = compute_losses(score, windows, report)
    generator = np.random.default_rng([seed, 1])
    distances = log_spaced(longest)
    increases = np.zeros((len(original_losses), len(distances)))
    for number, distance in enumerate(distances.tolist()):
        for _ in range(draws):
            changed = windows.clone()
            changed[longest - distance] = torch.from_numpy(
                generator.choice(chosen.tokens, len(original_losses))
            )
            increases[:, number] += (compute_losses(score, changed, report) - original_losses) / draws
    increase, error = mean_and_error(increases)
    return ReplacementCurve(distances, increase, error, float(original_losses.mean()), len(original_losses))


def count_replacement_tokens(longest: int, targets: int, draws: int = DRAWS) -> int:
    """Return the number of tokens that :func:`replacement_curve` processes for a number of targets."""
    return (len(log_spaced(longest)) * draws + 1) * (longest + 1) * targets
