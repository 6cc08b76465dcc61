"""Pairs of token sequences in ragged batches."""

import numpy as np

from unrolled.data import IGNORE, EncodedPairs, pad_sources


def make_pairs(count=20, seed=0):
    rng = np.random.default_rng(seed)
    sides = [[rng.integers(2, 9, rng.integers(0, 7)) for _ in range(count)] for _ in range(2)]
    return EncodedPairs(*sides, eos=0)


def test_batches_contain_every_pair_exactly_once():
    pairs = make_pairs()
    rows = []
    for batch in pairs.batches(6, seed=3):
        for b in range(len(batch.lengths)):
            s, t = int(batch.source.lengths[b]), int(batch.lengths[b])
            assert batch.source.tokens[s - 1 :, b].eq(0).all()
            assert batch.inputs[0, b] == 0
            assert batch.targets[t - 1, b] == 0
            assert batch.targets[t:, b].eq(IGNORE).all()
            assert batch.inputs[1:t, b].equal(batch.targets[: t - 1, b])
            rows.append((batch.source.tokens[: s - 1, b].tolist(), batch.targets[: t - 1, b].tolist()))
    expected = [(s.tolist(), t.tolist()) for s, t in zip(pairs.sources, pairs.targets, strict=True)]
    assert sorted(rows) == sorted(expected)
    assert sum(b.predictions for b in pairs.batches(6)) == pairs.predictions
    assert len(list(pairs.batches(6, seed=3))) == pairs.batch_count(6) == 4


def test_the_seed_determines_the_batches():
    def targets(seed):
        return [b.targets.tolist() for b in make_pairs(40).batches(4, seed)]

    assert targets(1) == targets(1)
    assert targets(1) != targets(2)


def test_pairs_up_to_a_length():
    pairs = make_pairs().within(3)
    assert 0 < len(pairs) < 20
    assert max(len(s) for s in [*pairs.sources, *pairs.targets]) == 3


def test_padded_sources():
    pairs = make_pairs(5)
    batch = pad_sources(pairs.sources, 0)
    assert batch.lengths.tolist() == [len(s) + 1 for s in pairs.sources]
    assert batch.tokens.shape == (max(len(s) for s in pairs.sources) + 1, 5)
