"""The probability of tokens that do not occur in the training data."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.errors import DataError
from unrolled.symbols import UNK_ID
from unrolled.tasks.base.unknown import UnknownTokens, mix_unknown_losses
from unrolled.text import TextConfig, train_tokenizer
from unrolled.unknown import get_unknown_share, mix_unknown, unknown_share

shares = st.floats(1e-9, 0.9)
tokens = st.lists(st.integers(0, 6), min_size=1, max_size=20).map(np.array)


def test_the_share_of_unk_comes_from_types_that_occur_once():
    assert unknown_share(np.array([2, 2, 3, 3, 4, 0])) == (2 + 1) / (6 + 2)
    assert unknown_share(np.array([2, 2])) == 1 / 4
    assert unknown_share(np.array([2, 3, 4])) == 4 / 5
    assert unknown_share(np.array([2, UNK_ID, 4])) == 0.0  # its probability is learned


@given(st.lists(st.floats(0.01, 1), min_size=7, max_size=7), shares)
def test_mixed_probabilities_sum_to_one(weights, share):
    p = np.array(weights) / sum(weights)
    mixed = np.exp(mix_unknown(np.log(p), np.arange(7), share))
    assert mixed.sum() == pytest.approx(1)
    assert mixed[UNK_ID] == pytest.approx((1 - share) * p[UNK_ID] + share)


@given(tokens, shares)
def test_torch_and_numpy_mix_losses_alike(ids, share):
    scores = -np.linspace(0.1, 40, len(ids))
    expected = mix_unknown(scores, ids, share)
    used = get_unknown_share(ids, share)
    losses = mix_unknown_losses(torch.from_numpy(-scores), torch.from_numpy(ids), used, -100)
    np.testing.assert_allclose(losses.numpy(), -expected, rtol=1e-12)
    if not (ids == UNK_ID).any():
        np.testing.assert_array_equal(expected, scores)


def test_a_token_with_probability_zero_gets_the_share():
    with np.errstate(divide="ignore"):
        scores = mix_unknown(np.log(np.array([0.0, 1.0])), np.array([UNK_ID, 3]), 0.25)
    np.testing.assert_allclose(scores, np.log([0.25, 0.75]))


def test_padding_has_no_loss():
    losses = mix_unknown_losses(torch.tensor([0.0, 2.0]), torch.tensor([-100, UNK_ID]), 0.1, -100)
    assert losses[0] == 0
    assert losses[1] == pytest.approx(-math.log(0.1 + 0.9 * math.exp(-2)))


def test_unknown_tokens_are_counted_and_listed():
    tokenizer = train_tokenizer(TextConfig("char"), ["abcabc"])
    unknown = UnknownTokens.of(["abx", "xyc"], tokenizer)
    assert (unknown.count, unknown.total, unknown.kinds) == (3, 6, ("x", "y"))
    (note,) = unknown.notes("t.txt", "character", 0.012)
    assert note == (
        "t.txt: 3 of 6 characters are unknown to the model ('x', 'y'), scored with the "
        "probability 0.012 that training reserves for <unk>"
    )
    assert "share" not in unknown.notes("t.txt", "character", 0.0)[0]
    assert UnknownTokens.of(["abc"], tokenizer).notes("t.txt", "character", 0.1) == ()
    unknown.check_mostly_known("t.txt")
    many = UnknownTokens.of(["uvwxyza"], tokenizer)
    assert many.shown == "'u', 'v', 'w', 'x', 'y' and 1 more"
    with pytest.raises(DataError, match=r"6 of 7 tokens of t\.txt .*another kind of text"):
        many.check_mostly_known("t.txt")


def test_a_literal_unk_in_the_text_is_known():
    words = train_tokenizer(TextConfig("word", min_frequency=1), ["the cat sat"])
    unknown = UnknownTokens.of(["<unk> <unk> sat"], words)
    assert (unknown.count, unknown.kinds) == (2, ())
    unknown.check_mostly_known("x")
    assert unknown.notes("x", "word", 0.1) == ()
