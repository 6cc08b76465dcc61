"""Random masks equal bernoulli_ in frequency and independence, and use torch's generator."""

import pytest
import torch

from unrolled.layers.masks import drop, random_mask

LIKE = torch.zeros(())


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.9, 0.004, 0.997, 1e-5, 1 - 1e-5, 0.0, 1.0])
def test_the_frequency_is_the_probability(probability: float) -> None:
    torch.manual_seed(1)
    count = 4_000_000
    mask = random_mask((count,), probability, LIKE)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    deviation = (count * probability * (1 - probability)) ** 0.5
    # Four standard deviations, plus the rounding of the probability.
    allowed = 4 * deviation + 1e-3 * count * min(probability, 1 - probability)
    assert abs(float(mask.sum(dtype=torch.float64)) - count * probability) <= allowed


def test_the_four_values_from_one_word_are_independent() -> None:
    torch.manual_seed(2)
    mask = random_mask((1_000_000, 4), 0.3, LIKE)
    correlation = torch.corrcoef(mask.T) - torch.eye(4)
    assert float(correlation.abs().max()) < 5e-3  # five standard deviations of 10⁻³
    for distance in (1, 3, 4, 8, 64):
        flat = mask.flatten()
        pairs = torch.stack((flat[:-distance], flat[distance:]))
        assert abs(float(torch.corrcoef(pairs)[0, 1])) < 2.5e-3


@pytest.mark.parametrize("shape", [(0,), (1,), (3,), (5, 0, 2), (3, 5, 7)])
def test_shape_dtype_and_scale(shape: tuple[int, ...]) -> None:
    mask = random_mask(shape, 0.5, torch.zeros((), dtype=torch.float64), 2.0)
    assert mask.shape == shape
    assert mask.dtype == torch.float64
    assert set(mask.unique().tolist()) <= {0.0, 2.0}


def test_masks_depend_on_the_rng_state() -> None:
    def draw() -> torch.Tensor:
        return random_mask((100,), 0.4, LIKE)

    torch.manual_seed(3)
    first, second = draw(), draw()
    torch.manual_seed(3)
    assert torch.equal(draw(), first)
    state = torch.get_rng_state()
    assert torch.equal(draw(), second)
    torch.set_rng_state(state)
    assert torch.equal(draw(), second)


def test_dropout_keeps_the_mean_and_has_the_gradient_of_its_mask() -> None:
    torch.manual_seed(4)
    x = torch.full((1000, 1000), 3.0, requires_grad=True)
    y = drop(x, 0.2)
    assert float(y.detach().mean()) == pytest.approx(3.0, abs=0.01)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, y.detach() / 3.0)


def test_a_shared_mask_for_all_steps() -> None:
    y = drop(torch.ones(50, 4, 6), 0.5, (1, 4, 6))
    assert torch.equal(y, y[:1].expand_as(y))
