"""Pairs of token sequences in ragged batches."""

import numpy as np

from unrolled.data import IGNORE, EncodedPairs, pad_sources


def encoded(count=20, seed=0):
    rng = np.random.default_rng(seed)
    sides = [[rng.integers(2, 9, rng.integers(0, 7)) for _ in range(count)] for _ in range(2)]
    return EncodedPairs(*sides, eos=0)


def test_batches_hold_every_pair_once_and_nothing_else():
    pairs = encoded()
    found = []
    for batch in pairs.batches(6, seed=3):
        for b in range(len(batch.lengths)):
            s, t = int(batch.source.lengths[b]), int(batch.lengths[b])
            assert batch.source.tokens[s - 1 :, b].eq(0).all()
            assert batch.inputs[0, b] == 0
            assert batch.targets[t - 1, b] == 0
            assert batch.targets[t:, b].eq(IGNORE).all()
            assert batch.inputs[1:t, b].equal(batch.targets[: t - 1, b])
            found.append((batch.source.tokens[: s - 1, b].tolist(), batch.targets[: t - 1, b].tolist()))
    expected = [(s.tolist(), t.tolist()) for s, t in zip(pairs.sources, pairs.targets, strict=True)]
    assert sorted(found) == sorted(expected)
    assert sum(b.predictions for b in pairs.batches(6)) == pairs.predictions
    assert len(list(pairs.batches(6, seed=3))) == pairs.batch_count(6) == 4


def test_batches_are_the_same_for_a_seed_and_others_for_another():
    def targets(seed):
        return [b.targets.tolist() for b in encoded(40).batches(4, seed)]

    assert targets(1) == targets(1)
    assert targets(1) != targets(2)


def test_pairs_within_a_length():
    pairs = encoded().within(3)
    assert 0 < len(pairs) < 20
    assert max(len(s) for s in [*pairs.sources, *pairs.targets]) == 3


def test_padded_sources():
    pairs = encoded(5)
    batch = pad_sources(pairs.sources, 0)
    assert batch.lengths.tolist() == [len(s) + 1 for s in pairs.sources]
    assert batch.tokens.shape == (max(len(s) for s in pairs.sources) + 1, 5)
