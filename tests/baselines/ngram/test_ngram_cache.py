"""The unigram cache compared with a slow loop."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines.ngram import NGram, UnigramCache
from unrolled.errors import ConfigError, DataError

NAMES = ["<eos>", "<unk>", "a", "b", "c"]


def slow_scores(tokens, size):
    """Return the log frequency of each token among the ``size`` tokens before it."""
    scores = []
    for i, token in enumerate(tokens):
        last = tokens[max(0, i - size) : i]
        p = last.count(token) / len(last) if last else 1 / len(NAMES)
        scores.append(math.log(p) if p else -math.inf)
    return scores


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=40), st.integers(1, 45))
def test_probability_is_the_frequency_among_the_last_tokens(tokens, size):
    cache = UnigramCache(NAMES, size)
    np.testing.assert_allclose(cache.score(tokens), slow_scores(tokens, size))
    for i in range(len(tokens)):
        p = cache.distribution(tokens[:i])
        assert p.sum() == pytest.approx(1.0)
        with np.errstate(divide="ignore"):
            assert np.log(p[NAMES.index(tokens[i])]) == pytest.approx(slow_scores(tokens, size)[i])


def test_unknown_tokens_count_as_unk():
    cache = UnigramCache(NAMES, 3)
    np.testing.assert_allclose(cache.score(["a", "x", "y"]), slow_scores(["a", "<unk>", "<unk>"], 3))


def test_the_cache_spans_sentences():
    cache = UnigramCache(NAMES, 4)
    concatenated = ["a", "b", "<eos>", "<eos>", "a", "<eos>"]
    np.testing.assert_array_equal(cache.score([["a", "b"], [], ["a"]]), cache.score(concatenated))


def test_perplexity_of_the_cache_alone_is_infinite():
    model = NGram(1, "witten-bell").fit(["a", "b", "a", "<eos>"])
    assert UnigramCache(model.vocabulary).perplexity(["a", "b"]) == math.inf


def test_a_size_below_one_and_a_string_are_refused():
    with pytest.raises(ConfigError, match="size=0"):
        UnigramCache(NAMES, 0)
    with pytest.raises(DataError, match=r"text\.split"):
        UnigramCache(NAMES).score("a b")
