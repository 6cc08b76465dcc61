"""Counting by sorting integers compared with counting in dictionaries."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines.ngram import Texts, count_ngrams
from unrolled.errors import ConfigError, DataError

V = 5
texts = st.lists(st.lists(st.integers(0, V - 1), max_size=12), min_size=1, max_size=6)


def spell(counts, n, number):
    """Return the tokens of an n-gram from its id."""
    tokens = []
    for level in reversed(counts.levels[: n - 1]):
        number, last = divmod(int(level.keys[number]), counts.base)
        tokens.append(last)
    return (number, *reversed(tokens))


@given(texts, st.integers(1, 5), st.sampled_from([0, V]))
def test_every_order_agrees_with_dictionary_counts(token_lists, order, opening):
    with_start = [(opening, *t) for t in token_lists]
    longest = max(map(len, with_start))
    texts_with_starts = Texts.opened([np.array(t, np.int64) for t in token_lists], opening)
    if longest < max(order, 2):
        with pytest.raises(DataError, match=f"order={order}.*lower order"):
            count_ngrams(texts_with_starts, order, V)
        return
    counts = count_ngrams(texts_with_starts, order, V)
    assert counts.order == order
    assert counts.unigrams.tolist() == [sum(t.count(w) for t in token_lists) for w in range(V)] + [0]
    for n in range(2, order + 1):
        level = counts.levels[n - 2]
        expected = Counter(t[i : i + n] for t in with_start for i in range(len(t) - n + 1))
        grams = [spell(counts, n, i) for i in range(len(level.keys))]
        assert grams == sorted(expected)
        assert dict(zip(grams, level.counts.tolist(), strict=True)) == expected
        if n > 2:
            assert [spell(counts, n - 1, s) for s in level.suffix] == [g[1:] for g in grams]
        else:
            assert level.suffix.tolist() == [g[1] for g in grams]
        starts = {t[:n] for t in with_start if len(t) >= n}
        assert {g for g, o in zip(grams, level.opening, strict=True) if o} == starts
        assert counts.distinct[n - 1] == len(expected)
    assert counts.distinct[0] == len({w for t in token_lists for w in t})


def test_predicted_positions_and_remaining_room():
    texts_with_starts = Texts.opened([np.array([3, 4]), np.array([], np.int64), np.array([2])], 5)
    assert texts_with_starts.ids.tolist() == [5, 3, 4, 5, 5, 2]
    assert texts_with_starts.starts.tolist() == [0, 3, 4]
    assert texts_with_starts.predicted.tolist() == [False, True, True, False, False, True]
    assert texts_with_starts.room.tolist() == [3, 2, 1, 1, 2, 1]


def test_ngrams_do_not_cross_text_borders():
    counts = count_ngrams(Texts.opened([np.array([2, 3]), np.array([4])], V), 2, V)
    assert [spell(counts, 2, i) for i in range(len(counts.levels[0].keys))] == [(2, 3), (V, 2), (V, 4)]


def test_an_order_below_one_is_refused():
    with pytest.raises(ConfigError, match=r"order=0.*at least 1"):
        count_ngrams(Texts.opened([np.array([2])], 0), 0, V)
