"""The probability of each tag of a sequence, by the forward–backward algorithm, in numpy."""

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.decoding.viterbi import Moves


def log_marginals(emissions: Numbers, lengths: Ids, moves: Moves) -> Numbers:
    """Return ln p of each tag at each step, (T, B, K), over all sequences of tags.

    The probability of a sequence is proportional to exp of its sum of scores (Lafferty et al. 2001). The
    values of steps past the end of a row mean nothing.

    Args:
        emissions: scores of each step's tags, (T, B, K), T at least 1.
        lengths: number of steps of each row, (B,), each at least 1.
        moves: scores of the K tags.
    """
    steps = len(emissions)
    forward, backward = np.empty_like(emissions), np.empty_like(emissions)
    forward[0] = moves.start + emissions[0]
    for t in range(1, steps):
        forward[t] = _log_sum(forward[t - 1][:, :, None] + moves.transition, 1) + emissions[t]
    backward[-1] = moves.end
    for t in range(steps - 2, -1, -1):
        after = (backward[t + 1] + emissions[t + 1])[:, None, :] + moves.transition
        backward[t] = np.where((t + 1 < lengths)[:, None], _log_sum(after, 2), moves.end)
    paths = forward + backward
    return np.asarray(paths - _log_sum(paths, 2)[..., None])


def _log_sum(x: Numbers, axis: int) -> Numbers:
    """Return ln Σ exp x over an axis."""
    highest = x.max(axis, keepdims=True)
    return np.asarray((highest + np.log(np.exp(x - highest).sum(axis, keepdims=True))).squeeze(axis))
