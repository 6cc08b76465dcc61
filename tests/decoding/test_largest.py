"""The largest values of each row in numpy: order, ties, and agreement with the search in torch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from property_settings import examples
from unrolled.decoding.largest import GROUP, largest
from unrolled.decoding.next_tokens import best_next_tokens
from unrolled.decoding.row_search import Excluded
from unrolled.errors import NonFiniteError

NOTHING = Excluded((), [])


@examples(40)
@given(
    seed=st.integers(0, 999),
    size=st.integers(1, 20 * GROUP),
    count=st.integers(1, 6),
    levels=st.integers(1, 9),
)
def test_the_largest_come_first_and_ties_in_the_order_of_their_index(seed, size, count, levels):
    x = np.random.default_rng(seed).integers(0, levels, (3, size)).astype(np.float64)
    x[x == 0] = -np.inf
    count = min(count, size)
    values, indices = largest(x, count)
    for row, row_values, row_indices in zip(x, values, indices, strict=True):
        expected = sorted(range(size), key=lambda i: (-row[i], i))[:count]
        assert row_indices.tolist() == expected
        assert row_values.tolist() == row[expected].tolist()


@pytest.mark.parametrize("size", [7, 500])
def test_log_probabilities_of_the_next_tokens_are_those_of_torch(size):
    logits = np.random.default_rng(0).normal(size=(4, size)).astype(np.float32)
    excluded = Excluded((1, 3), [(0, 2), (2, 4)])
    values, tokens = best_next_tokens(logits.copy(), 3, excluded)
    log_p = torch.from_numpy(logits).double().log_softmax(-1)
    log_p[:, [1, 3]] = -torch.inf
    log_p[0, 2] = log_p[2, 4] = -torch.inf
    expected = log_p.topk(3)
    assert tokens.tolist() == expected.indices.tolist()
    np.testing.assert_allclose(values, expected.values, atol=1e-6)


def test_few_tokens_are_fewer_candidates():
    values, tokens = best_next_tokens(np.zeros((1, 3), np.float32), 10, Excluded((0,), []))
    assert tokens.tolist() == [[1, 2, 0]]
    assert values[0, 2] == -np.inf


def test_rows_in_blocks_are_those_of_the_whole(monkeypatch):
    logits = np.random.default_rng(0).normal(size=(7, 50)).astype(np.float32)
    whole = best_next_tokens(logits.copy(), 3, NOTHING)
    monkeypatch.setattr("unrolled.decoding.next_tokens.BLOCK", 120)
    for part, expected in zip(best_next_tokens(logits.copy(), 3, NOTHING), whole, strict=True):
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_probabilities_that_are_not_finite_are_an_error(bad):
    logits = np.zeros((2, 5), np.float32)
    logits[1, 3] = bad
    with pytest.raises(NonFiniteError, match="no finite probabilities"):
        best_next_tokens(logits, 2, NOTHING)
