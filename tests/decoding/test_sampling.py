"""The sampling distribution of a token, compared with hand-computed results."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.decoding import SamplingConfig, distribution, draw
from unrolled.errors import ConfigError

P = torch.tensor([[0.1, 0.4, 0.2, 0.3]], dtype=torch.float64)
LOGITS = P.log() + 3.0  # a constant added to all logits changes nothing


def probabilities(**options) -> list[float]:
    return distribution(LOGITS, SamplingConfig(**options))[0].tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.1, 0.4, 0.2, 0.3]),
        ({"temperature": 0.5}, [0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3]),
        ({"temperature": 0}, [0, 1, 0, 0]),
        ({"temperature": 1e-12}, [0, 1, 0, 0]),
        ({"temperature": 1e12}, [0.25, 0.25, 0.25, 0.25]),
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_k": 4}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_k": 99}, [0.1, 0.4, 0.2, 0.3]),
        # 0.4 alone does not reach one half, 0.4 + 0.3 does.
        ({"top_p": 0.5}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_p": 0.39}, [0, 1, 0, 0]),
        ({"top_p": 1e-9}, [0, 1, 0, 0]),
        ({"top_p": 0.75}, [0, 4 / 9, 2 / 9, 3 / 9]),
        # Of the two tokens kept by top_k, 4/7 = 0.57 reaches one half alone, and 0.6 needs both.
        ({"top_k": 2, "top_p": 0.5}, [0, 1, 0, 0]),
        ({"top_k": 2, "top_p": 0.6}, [0, 4 / 7, 0, 3 / 7]),
        ({"temperature": 0.5, "top_k": 2}, [0, 16 / 25, 0, 9 / 25]),
    ],
)
def test_hand_computed_distributions(options, expected):
    assert probabilities(**options) == pytest.approx(expected, abs=1e-12)


logits = st.lists(st.floats(-30, 30), min_size=1, max_size=12)


@given(
    logits,
    st.floats(0.05, 20),
    st.integers(0, 14),
    st.floats(0.01, 1),
)
def test_the_result_is_a_distribution_over_the_most_probable_tokens(values, temperature, top_k, top_p):
    raw = torch.tensor([values], dtype=torch.float64)
    p = distribution(raw, SamplingConfig(temperature, top_k, top_p))[0]
    assert p.sum() == pytest.approx(1.0)
    assert (p >= 0).all()
    full = (raw[0] / temperature).softmax(-1)
    assert (p[full == full.max()] > 0).any()
    dropped, kept = full[p == 0], full[p > 0]
    if len(dropped):
        assert dropped.max() <= kept.min() * (1 + 1e-12)
    if top_k:
        assert (p > 0).sum() <= top_k


def test_top_k_keeps_k_tokens_despite_ties():
    p = distribution(torch.zeros(1, 6), SamplingConfig(top_k=2))
    assert (p > 0).sum() == 2
    assert p.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("temperature", [1e-30, 1e-40, 5e-324])
def test_a_vanishing_temperature_is_greedy(temperature):
    raw = torch.tensor([[1.0, 3.0, -torch.inf, 2.0]])
    assert distribution(raw, SamplingConfig(temperature)).tolist() == [[0, 1, 0, 0]]


def test_a_token_of_probability_zero_is_never_drawn():
    raw = torch.tensor([[0.0, -torch.inf, 1.0]])
    for options in (SamplingConfig(), SamplingConfig(3.0), SamplingConfig(1.0, 2, 0.99)):
        assert distribution(raw, options)[0, 1] == 0


def test_rows_are_independent():
    raw = torch.randn(3, 2, 7)
    for options in (SamplingConfig(0), SamplingConfig(0.7, 3, 0.8)):
        together = distribution(raw, options)
        assert together.shape == raw.shape
        for i in range(3):
            for j in range(2):
                torch.testing.assert_close(together[i, j], distribution(raw[i, j], options))


def test_draws_follow_the_distribution():
    generator = torch.Generator().manual_seed(1)
    n = 4000
    counts = draw(LOGITS.expand(n, 4), SamplingConfig(), generator).bincount(minlength=4)
    for count, p in zip(counts.tolist(), P[0].tolist(), strict=True):
        assert abs(count / n - p) < 5 * math.sqrt(p * (1 - p) / n)


def test_greedy_is_the_argmax():
    raw = torch.randn(50, 9)
    drawn = draw(raw, SamplingConfig(temperature=0), torch.Generator())
    assert torch.equal(drawn, raw.argmax(-1))


def test_the_seed_determines_the_draws():
    def draws(seed):
        generator = torch.Generator().manual_seed(seed)
        return [draw(LOGITS.expand(20, 4), SamplingConfig(), generator).tolist() for _ in range(3)]

    assert draws(4) == draws(4)
    assert draws(4) != draws(5)


def test_logits_are_not_modified():
    raw = torch.randn(2, 5)
    before = raw.clone()
    distribution(raw, SamplingConfig(0.5, 2, 0.5))
    distribution(raw, SamplingConfig(0))
    assert torch.equal(raw, before)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -0.1},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"top_k": -1},
        {"top_p": 0},
        {"top_p": 1.01},
        {"top_p": math.nan},
    ],
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        SamplingConfig(**options)
