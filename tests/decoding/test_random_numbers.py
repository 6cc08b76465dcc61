"""The random numbers of the sampler, and the token that they choose."""

import numpy as np
import pytest
import torch

from numerics import needs_extension
from unrolled.decoding import SamplingConfig, distribution
from unrolled.decoding.random_numbers import RandomNumbers
from unrolled.decoding.sampling import choose


def test_numbers_are_uniform_and_differ_by_seed_and_row():
    numbers = RandomNumbers(1)
    values = np.array([numbers.uniform() for _ in range(20_000)])
    assert 0 <= values.min() < values.max() < 1
    counts = np.histogram(values, 10, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # χ² with 9 degrees of freedom, p = 0.001
    firsts = {RandomNumbers(seed, row).uniform() for seed in (0, 1, -1) for row in (0, 1)}
    assert len(firsts) == 6


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"top_p": 0.6}, {"temperature": 0.5}])
def test_tokens_follow_the_distribution(options: dict[str, float]):
    logits = torch.tensor([0.5, -1.0, 2.0, 1.9, -torch.inf, 0.0])
    config, numbers = SamplingConfig(**options), RandomNumbers(7)
    chosen = [choose(logits, config, numbers) for _ in range(1500)]
    frequency = np.bincount(chosen, minlength=6) / 1500
    np.testing.assert_allclose(frequency, distribution(logits, config), atol=4 * np.sqrt(0.25 / 1500))


@needs_extension
@pytest.mark.parametrize("options", [{}, {"top_k": 4}, {"top_p": 0.7}, {"temperature": 0.0}])
def test_the_runtime_chooses_the_same_text(tiny_lm, options: dict[str, float]):
    config = SamplingConfig(**options)
    for seed in range(3):
        native = "".join(tiny_lm.runtime().stream_text("the ", 60, config, seed=seed))
        assert native == "".join(tiny_lm.stream_text("the ", 60, config, seed=seed))
