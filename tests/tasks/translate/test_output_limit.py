"""Maximum length of outputs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import EncodedPairs
from unrolled.tasks.translate.limit import EXTRA_TOKENS, OutputLimit, max_output_tokens

LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 90)), min_size=1, max_size=20)


def make_pairs(lengths):
    sides = ([np.zeros(n, np.int64) for n in side] for side in zip(*lengths, strict=True))
    return EncodedPairs(*sides, eos=0)


@given(LENGTHS, st.integers(1, 200))
def test_every_training_target_fits_for_any_source(lengths, source):
    limit = OutputLimit.measure(make_pairs(lengths))
    longest = max(target for _, target in lengths) + 1
    assert max_output_tokens(source, 0.0, limit) >= longest + EXTRA_TOKENS


@given(LENGTHS)
def test_longer_sources_get_a_proportionally_higher_limit(lengths):
    limit = OutputLimit.measure(make_pairs(lengths))
    short, long = (limit.max_tokens(n * limit.source) - EXTRA_TOKENS for n in (1, 4))
    assert 4 * (short - 1) <= long <= 4 * short


@given(LENGTHS)
def test_the_limit_is_bounded_for_sources_of_any_length(lengths):
    limit = OutputLimit.measure(make_pairs(lengths))
    assert limit.max_tokens(100_000) == limit.max_tokens(4 * limit.source)


def test_the_ratio_does_not_count_the_end_of_the_source():
    limit = OutputLimit(5, 50)
    assert max_output_tokens(9, 1.5, limit) == 12 + EXTRA_TOKENS
    assert max_output_tokens(9, 0.0, None) == 16 + EXTRA_TOKENS  # models of older versions
