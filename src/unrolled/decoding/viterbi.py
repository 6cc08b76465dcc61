"""The best sequence of tags by the Viterbi algorithm, whole or step by step, in numpy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids, Numbers

FORBIDDEN = -1e4
"""Score of a forbidden tag or transition: very low, but finite, so that a best sequence always exists."""
Flags = NDArray[np.bool_]


class Moves(NamedTuple):
    """Scores of the first tag (K,), of transitions from tag to tag (K, K), and of the last tag (K,)."""

    start: Numbers
    transition: Numbers
    end: Numbers


def make_forbidding_scores(start: Flags, transition: Flags, end: Flags) -> Moves:
    """Return scores of 0 where the flag is True (allowed) and :data:`FORBIDDEN` where it is False."""
    return Moves(*(np.where(flags, 0.0, FORBIDDEN) for flags in (start, transition, end)))


def advance(score: Numbers, emissions: Numbers, moves: Moves) -> tuple[Numbers, Ids]:
    """Extend the best paths by one step.

    Args:
        score: sum of scores of the best path that ends in each tag, (B, K).
        emissions: scores of the tags of the next step, (B, K).
        moves: scores of the K tags.

    Returns:
        The scores (B, K) after the step, and the tag before each tag on its best path.
    """
    candidates = score[:, :, None] + moves.transition
    before = candidates.argmax(1)
    return np.take_along_axis(candidates, before[:, None], 1)[:, 0] + emissions, before


def viterbi(emissions: Numbers, lengths: Ids, moves: Moves) -> Ids:
    """Return the tags (T, B) with the highest sum of scores (Viterbi 1967); zero past the end of a row.

    Args:
        emissions: scores of each step's tags, (T, B, K), T at least 1.
        lengths: number of steps of each row, (B,), each at least 1.
        moves: scores of the K tags.
    """
    steps, rows, size = emissions.shape
    score = moves.start + emissions[0]
    before = np.zeros((steps, rows, size), np.int64)
    for t in range(1, steps):
        extended, before[t] = advance(score, emissions[t], moves)
        score = np.where((t < lengths)[:, None], extended, score)
    tags = np.zeros((steps, rows), np.int64)
    tag = (score + moves.end).argmax(1)
    for t in range(steps - 1, -1, -1):
        inside = t < lengths
        tags[t] = np.where(inside, tag, 0)
        tag = np.where(inside, before[t, np.arange(rows), tag], tag)
    return tags
