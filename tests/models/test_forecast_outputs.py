"""Outputs of a forecaster: losses against their definitions, samples against their distribution."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.autograd import gradcheck

from unrolled.models.forecast_outputs import (
    SMALLEST_SCALE,
    GaussianOutput,
    PointOutput,
    QuantileOutput,
    StudentTOutput,
)

OUTPUTS = [
    PointOutput(),
    PointOutput("absolute"),
    QuantileOutput((0.1, 0.5, 0.8)),
    GaussianOutput(),
    StudentTOutput(),
]


def random_outputs(output, seed=0, shape=(3, 4)):
    generator = torch.Generator().manual_seed(seed)
    draw = {"dtype": torch.float64, "generator": generator}
    return torch.randn(*shape, output.size, **draw), torch.randn(*shape, **draw)


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
def test_gradients(output):
    y, target = random_outputs(output)
    assert gradcheck(lambda v: output.loss(v, target), y.requires_grad_())


@pytest.mark.parametrize("output", OUTPUTS, ids=str)
def test_shapes_of_losses_centres_and_samples(output):
    y, target = random_outputs(output)
    assert output.loss(y, target).shape == output.centre(y).shape == (3, 4)
    if output.sampled:
        assert output.sample(y).shape == (3, 4)
    else:
        with pytest.raises(NotImplementedError, match="is not a distribution"):
            output.sample(y)


def test_point_losses_by_hand():
    y, target = torch.tensor([[3.0]]), torch.tensor([1.0])
    assert PointOutput("squared").loss(y, target).tolist() == [4.0]
    assert PointOutput("absolute").loss(y, target).tolist() == [2.0]
    assert PointOutput().centre(y).tolist() == [3.0]


def test_pinball_loss_is_minimal_at_the_quantile():
    target = torch.randn(20_001, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for q in (0.1, 0.5, 0.9):
        output = QuantileOutput((q,))
        grid = torch.linspace(-2, 2, 81, dtype=torch.float64)
        losses = [output.loss(v.expand(len(target), 1), target).mean() for v in grid]
        best = float(grid[int(torch.stack(losses).argmin())])
        assert best == pytest.approx(stats.norm.ppf(q), abs=0.06)


def test_the_centre_of_quantiles_is_the_one_nearest_to_the_median():
    y = torch.tensor([[1.0, 2.0, 3.0]])
    assert QuantileOutput((0.1, 0.45, 0.9)).centre(y).item() == 2.0
    assert QuantileOutput((0.1, 0.2, 0.45)).centre(y).item() == 3.0


def test_likelihoods_equal_scipy():
    y, target = random_outputs(GaussianOutput())
    scale = np.log1p(np.exp(y[..., 1].numpy())) + SMALLEST_SCALE
    expected = -stats.norm.logpdf(target.numpy(), y[..., 0].numpy(), scale)
    assert GaussianOutput().loss(y, target).numpy() == pytest.approx(expected)
    y, target = random_outputs(StudentTOutput())
    scale = np.log1p(np.exp(y[..., 1].numpy())) + SMALLEST_SCALE
    df = 2 + np.log1p(np.exp(y[..., 2].numpy()))
    expected = -stats.t.logpdf(target.numpy(), df, y[..., 0].numpy(), scale)
    assert StudentTOutput().loss(y, target).numpy() == pytest.approx(expected)


@pytest.mark.parametrize("output", [GaussianOutput(), StudentTOutput()], ids=str)
def test_samples_follow_the_distribution(output):
    y = torch.tensor([1.5, 0.3, 4.0])[: output.size].double()
    samples = output.sample(y.expand(20_000, -1)).numpy()
    scale = np.log1p(np.exp(0.3)) + SMALLEST_SCALE
    distribution = (
        stats.norm(1.5, scale) if output.size == 2 else stats.t(2 + np.log1p(np.exp(4.0)), 1.5, scale)
    )
    assert stats.kstest(samples, distribution.cdf).pvalue > 1e-3
