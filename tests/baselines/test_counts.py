"""Counting baselines compared with the same rules in plain Python."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines import count_baselines
from unrolled.baselines.ngram import Texts, count_ngrams, estimate

V = 5
tokens = st.lists(st.integers(0, V - 1), min_size=2, max_size=40)


def unigram(train, w):
    return (train[1:].count(w) + 1) / (len(train) - 1 + V)


def bigram(train, v, w):
    """Return p(w | v) by Witten & Bell: each distinct follower of v gives one count to unseen tokens."""
    after = [b for a, b in pairwise(train) if a == v]
    types, all_types = len(set(after)), len(set(train[1:]))
    lower_order = (train[1:].count(w) + all_types / V) / (len(train) - 1 + all_types)
    return (after.count(w) + types * lower_order) / (len(after) + types) if after else lower_order


def scores(train, held_out):
    return count_baselines(np.array(train), np.array(held_out), V)


@given(tokens, tokens)
def test_scores_agree_with_plain_counting(train, held_out):
    baselines = scores(train, held_out)
    n = len(held_out) - 1
    assert baselines.uniform == pytest.approx(math.log(V))
    assert baselines.unigram == pytest.approx(-sum(math.log(unigram(train, w)) for w in held_out[1:]) / n)
    pairs = pairwise(held_out)
    assert baselines.bigram == pytest.approx(-sum(math.log(bigram(train, v, w)) for v, w in pairs) / n)


@given(tokens, st.integers(0, V - 1))
def test_probabilities_sum_to_one(train, v):
    each = [scores(train, [v, w]) for w in range(V)]
    for name in ("uniform", "unigram", "bigram", "five_gram"):
        assert sum(math.exp(-getattr(s, name)) for s in each) == pytest.approx(1.0)


def test_a_hand_computed_case():
    # After 0: 1, 1, 2 (two types). Unigram of 1: (2 + 1) / (5 + 5) = 0.3; Witten & Bell's of 1, 0, 1, 0, 2
    # (three types): (2 + 3 / 5) / (5 + 3) = 0.325.
    train = [0, 1, 0, 1, 0, 2]
    assert math.exp(-scores(train, [0, 1]).unigram) == pytest.approx(0.3)
    assert math.exp(-scores(train, [0, 1]).bigram) == pytest.approx((2 + 2 * 0.325) / (3 + 2))
    assert math.exp(-scores(train, [4, 1]).bigram) == pytest.approx(0.325)  # 4 does not occur


@pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")
def test_the_five_gram_has_modified_kneser_ney_smoothing():
    rng = np.random.default_rng(3)
    train, held_out = (np.tile(rng.integers(0, V, 50), 8) for _ in range(2))
    table = estimate(count_ngrams(Texts(train, np.zeros(1, np.int64)), 5, V), "modified-kneser-ney")
    expected = -table.score(Texts(held_out, np.zeros(1, np.int64))).mean()
    assert count_baselines(train, held_out, V).five_gram == pytest.approx(expected)


def test_five_grams_of_a_huge_text_are_not_counted(monkeypatch):
    monkeypatch.setattr("unrolled.baselines.counts.MAX_TOKENS", 10)
    assert math.isnan(scores([0, 1] * 6, [0, 1]).five_gram)
    assert math.isfinite(scores([0, 1] * 5, [0, 1]).five_gram)
