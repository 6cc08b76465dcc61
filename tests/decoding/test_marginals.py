"""The probability of each tag, beside the sum over all sequences of tags."""

from itertools import pairwise, product

import numpy as np
import pytest

from unrolled.decoding.marginals import log_marginals
from unrolled.decoding.viterbi import FORBIDDEN, Moves, viterbi

TAGS = 3


def make_moves(rng):
    return Moves(rng.normal(size=TAGS), rng.normal(size=(TAGS, TAGS)), rng.normal(size=TAGS))


def brute_force(emissions, moves):
    """Return the probability of each tag at each step, (T, K), of one sequence of scores (T, K)."""
    p = np.zeros(emissions.shape)
    for path in product(range(TAGS), repeat=len(emissions)):
        score = (
            moves.start[path[0]]
            + moves.end[path[-1]]
            + sum(e[t] for e, t in zip(emissions, path, strict=True))
        )
        score += sum(moves.transition[a, b] for a, b in pairwise(path))
        p[range(len(path)), path] += np.exp(score)
    return p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("lengths", [[1], [4], [4, 1, 3, 2]])
def test_probabilities_are_sums_over_sequences(lengths):
    rng = np.random.default_rng(len(lengths))
    moves, emissions = make_moves(rng), rng.normal(size=(max(lengths), len(lengths), TAGS))
    p = np.exp(log_marginals(emissions, np.array(lengths), moves))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(p[:length, row], brute_force(emissions[:length, row], moves), rtol=1e-9)


def test_forbidden_tags_have_no_probability():
    rng = np.random.default_rng(0)
    moves = make_moves(rng)
    moves.transition[0, 1] = moves.start[2] = FORBIDDEN
    p = np.exp(log_marginals(rng.normal(size=(5, 1, TAGS)), np.array([5]), moves))
    assert p[0, 0, 2] < 1e-12
    np.testing.assert_allclose(p.sum(-1), 1)


def test_a_long_sequence_of_large_scores_is_finite():
    rng = np.random.default_rng(1)
    moves, emissions = make_moves(rng), 1e4 * rng.normal(size=(500, 1, TAGS))
    p = np.exp(log_marginals(emissions, np.array([500]), moves))
    np.testing.assert_allclose(p.sum(-1), 1)
    assert p.argmax(-1)[:, 0].tolist() == viterbi(emissions, np.array([500]), moves)[:, 0].tolist()
