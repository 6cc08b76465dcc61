"""The Viterbi algorithm in numpy finds the paths of the one in torch, whole and step by step."""

import numpy as np
import torch

from unrolled.decoding.viterbi import FORBIDDEN, Moves, advance, make_forbidding_scores, viterbi
from unrolled.layers import crf


def random_moves(rng, tags):
    return Moves(rng.normal(size=tags), rng.normal(size=(tags, tags)), rng.normal(size=tags))


def test_the_best_tags_are_those_of_the_torch_search():
    rng = np.random.default_rng(0)
    for steps, rows, tags in ((1, 1, 1), (1, 3, 4), (7, 5, 3), (12, 2, 6)):
        emissions, moves = rng.normal(size=(steps, rows, tags)), random_moves(rng, tags)
        lengths = rng.integers(1, steps + 1, rows)
        tensors = crf.Moves(*map(torch.from_numpy, moves))
        expected = crf.viterbi(torch.from_numpy(emissions), torch.from_numpy(lengths), tensors)
        assert viterbi(emissions, lengths, moves).tolist() == expected.tolist()


def test_steps_give_the_last_tag_of_every_beginning():
    rng = np.random.default_rng(1)
    emissions, moves = rng.normal(size=(9, 4, 3)), random_moves(rng, 3)
    score = moves.start + emissions[0]
    for step in range(1, 9):
        score, _ = advance(score, emissions[step], moves)
        best = viterbi(emissions[: step + 1], np.full(4, step + 1), moves)
        assert (score + moves.end).argmax(1).tolist() == best[-1].tolist()


def test_forbidden_moves_are_not_taken():
    allowed = np.array([[True, False], [True, True]])
    moves = make_forbidding_scores(np.array([True, False]), allowed, np.array([True, True]))
    assert moves.transition.tolist() == [[0.0, FORBIDDEN], [0.0, 0.0]]
    tags = viterbi(np.tile([[0.0, 5.0]], (6, 1, 1)), np.array([6]), moves)
    assert tags[:, 0].tolist() == [0] * 6
