"""The loss when one earlier token is replaced: which distances a model remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.memory import Ids, Report, Score, Targets, mean_and_error, scored, silent
from unrolled.diagnostics.products import log_spaced
from unrolled.diagnostics.student import upper_quantile
from unrolled.errors import ConfigError
from unrolled.short_repr import short_repr

DRAWS = 3
LEVEL = 0.05


@short_repr
@dataclass(frozen=True, eq=False)
class ReplacementCurve:
    """How much the loss of N targets rises when the token d steps before each is another one.

    ``increase`` is the mean over targets and draws of the loss with the replaced token minus the loss of the
    same target with the text as it is, in nats; ``error`` is its standard error over the targets, which are
    taken as independent.
    """

    distances: Ids
    """d, ascending (D,); 1 is the token right before the target."""
    increase: Floats
    error: Floats
    loss: float
    """The mean loss with the text as it is, in nats."""
    targets: int
    """N"""

    def reach(self, level: float = LEVEL) -> int:
        """Return the largest distance at which the increase is distinguishable from zero, 0 if none is.

        A one-sided t test over the targets at each distance, at a level that is divided by the number of
        distances (Bonferroni): without any effect, some distance is found with a probability of ``level`` at
        most. With more targets smaller effects show.
        """
        critical = upper_quantile(level / len(self.distances), self.targets - 1)
        seen = np.flatnonzero((self.increase > critical * self.error) & (self.increase > 0))
        return int(self.distances[seen[-1]]) if len(seen) else 0


def replacement_curve(
    score: Score,
    tokens: Tensor | Ids | Sequence[int],
    *,
    longest: int = 256,
    targets: int = 512,
    draws: int = DRAWS,
    seed: int = 0,
    report: Report = silent,
) -> ReplacementCurve:
    """Replace the token at distances 1, 2, 3, 4, 6, 8, 11, 16, … before each target, one at a time.

    The model is given ``longest`` tokens before each target. The other token is drawn from the text itself,
    each place as likely as any other: from the unigram distribution, so that it may be the same token again.
    Compare the replaced words of Khandelwal et al. (2018, arXiv:1805.04623).

    Args:
        score: the loss of the last token of each column; see :data:`unrolled.diagnostics.memory.Score`.
        tokens: (L,), a text that the model has not seen.
        longest: the longest distance, and how many tokens the model is given.
        targets: how many tokens to predict, drawn from the text; all that there are where they are fewer.
        draws: how many other tokens to try for each target and distance.
        seed: of the targets and of the other tokens.
        report: is told how many tokens more are done, of :func:`replacement_work` in all.

    Raises:
        ConfigError: if longest, targets or draws cannot be.
        NonFiniteError: if a loss is infinite or not a number.
        ShapeError: if the text is too short, or score does not return one loss a column.
    """
    chosen = Targets.of(tokens, longest, targets, seed)
    if draws < 1:
        raise ConfigError(f"draws={draws}: must be at least 1")
    windows = chosen.windows(longest)
    whole = scored(score, windows, report)
    generator = np.random.default_rng([seed, 1])
    distances = log_spaced(longest)
    increases = np.zeros((len(whole), len(distances)))
    for number, distance in enumerate(distances.tolist()):
        for _ in range(draws):
            changed = windows.clone()
            changed[longest - distance] = torch.from_numpy(generator.choice(chosen.tokens, len(whole)))
            increases[:, number] += (scored(score, changed, report) - whole) / draws
    increase, error = mean_and_error(increases)
    return ReplacementCurve(distances, increase, error, float(whole.mean()), len(whole))


def replacement_work(longest: int, targets: int, draws: int = DRAWS) -> int:
    """Return how many tokens :func:`replacement_curve` runs through, if there are so many targets."""
    return (len(log_spaced(longest)) * draws + 1) * (longest + 1) * targets
