"""Padding, buckets and noise on tokens."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.buckets import SLACK, even_buckets, length_buckets
from unrolled.data.noise import drop_tokens
from unrolled.data.ragged import pad


def test_rows_are_padded():
    padded, lengths = pad([np.array([1, 2, 3]), np.array([4])], 9)
    assert padded.tolist() == [[1, 4], [2, 9], [3, 9]]
    assert lengths.tolist() == [3, 1]


def test_rows_of_vectors_are_padded():
    padded, lengths = pad([np.ones((1, 2), np.float32), np.full((2, 2), 3, np.float32)])
    assert padded.tolist() == [[[1, 1], [3, 3]], [[0, 0], [3, 3]]]
    assert lengths.tolist() == [1, 2]


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=300), st.integers(1, 9), st.none() | st.integers(0, 5)
)
def test_every_row_is_in_one_batch(lengths, size, seed):
    batches = length_buckets(lengths, size, seed)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(0 < len(b) <= size for b in batches)
    assert len(batches) == -(-len(lengths) // size)
    assert [b.tolist() for b in length_buckets(lengths, size, seed)] == [b.tolist() for b in batches]


def test_rows_of_a_batch_have_similar_lengths():
    lengths = np.random.default_rng(0).integers(1, 100, 640)
    spread = [np.ptp(lengths[b]) for b in length_buckets(lengths.tolist(), 8, 1)]
    assert np.mean(spread) < 5
    assert [b.tolist() for b in length_buckets(lengths.tolist(), 8, 2)] != [
        b.tolist() for b in length_buckets(lengths.tolist(), 8, 1)
    ]


@given(st.lists(st.integers(1, 300), max_size=200), st.integers(1, 9), st.integers(1, 500))
def test_even_batches_have_every_row_and_little_padding(lengths, size, steps):
    batches = [[lengths[i] for i in rows] for rows in even_buckets(lengths, size, steps)]
    rows = [int(i) for rows in even_buckets(lengths, size, steps) for i in rows]
    assert sorted(rows) == list(range(len(lengths)))
    for batch in batches:
        assert 0 < len(batch) <= size
        assert len(batch) == 1 or max(batch) * len(batch) <= steps
        assert max(batch) <= 2 * min(batch) + SLACK


def test_dropped_tokens_become_unknown_except_the_kept_one():
    tokens = torch.randint(2, 9, (200, 100))
    tokens[::2] = 0
    noisy = drop_tokens(tokens, 0.25, 1, keep=0)
    assert torch.equal(noisy[::2], tokens[::2])
    dropped = noisy[1::2] != tokens[1::2]
    assert (noisy[1::2][dropped] == 1).all()
    assert 0.22 < dropped.float().mean() < 0.28
    assert torch.equal(drop_tokens(tokens, 0.0, 1, keep=0), tokens)
