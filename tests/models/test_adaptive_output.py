"""The adaptive softmax as an output layer: distribution, loss and refused options."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from numerics import assert_all_close, scatter_parameters, uniform
from unrolled.errors import ConfigError, ShapeError
from unrolled.models import CellConfig, DropoutConfig, NetworkConfig, RecurrentLanguageModel
from unrolled.models.adaptive import AdaptiveOutput

FEATURES, V, CUTOFFS = 16, 11, (3, 7)


def make_output() -> AdaptiveOutput:
    output = AdaptiveOutput(FEATURES, V, CUTOFFS).double()
    scatter_parameters(list(output.parameters()), 5)
    return output


def distribution_by_hand(output: AdaptiveOutput, h: Tensor) -> Tensor:
    """p of every token for one h: probability of its group times its probability within the group."""
    softmax = output.softmax
    head = (softmax.head.weight @ h + softmax.head.bias).softmax(0)
    parts = [head[: CUTOFFS[0]]]
    for group, (narrow, wide) in enumerate(softmax.tail):
        parts.append(head[CUTOFFS[0] + group] * (wide.weight @ (narrow.weight @ h)).softmax(0))
    return torch.cat(parts)


def test_the_output_is_a_distribution_in_groups() -> None:
    output, h = make_output(), uniform(3, 2, FEATURES, seed=0)
    log_p = output(h)
    assert log_p.shape == (3, 2, V)
    torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(3, 2, dtype=torch.float64))
    for t in range(3):
        for b in range(2):
            torch.testing.assert_close(log_p[t, b].exp(), distribution_by_hand(output, h[t, b]))


@pytest.mark.parametrize("targets", [[[0, 6], [10, 3], [1, 2]], [[0, 0], [1, 1], [2, 2]], [[9, 9]] * 3])
def test_the_loss_equals_that_of_the_distribution(targets: list[list[int]]) -> None:
    output, h, target_tokens = (
        make_output(),
        uniform(3, 2, FEATURES, seed=0).requires_grad_(),
        torch.tensor(targets),
    )
    w = uniform(3, 2, seed=2)
    loss, nats = output.loss(h, target_tokens, row_weights=w)
    expected = -output(h).gather(-1, target_tokens[..., None]).squeeze(-1)
    assert not nats.requires_grad
    assert_all_close([nats, loss], [expected.detach(), (expected * w).sum()])
    torch.testing.assert_close(output.loss(h, target_tokens)[0], expected.sum())
    gradients = torch.autograd.grad(loss, [h, *output.parameters()], allow_unused=True)
    expected_gradients = torch.autograd.grad((expected * w).sum(), [h, *output.parameters()])
    for g, e in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(torch.zeros_like(e) if g is None else g, e)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_ignored_targets_have_no_effect(count: int) -> None:
    output, h = make_output(), uniform(6, FEATURES, seed=0).requires_grad_()
    targets = torch.tensor([0, 4, 8, 2, 10, 5])
    targets[count:] = -100
    loss, nats = output.loss(h, targets)
    expected, expected_nats = output.loss(h[:count], targets[:count])
    assert_all_close([loss, nats[:count]], [expected, expected_nats])
    assert (nats[count:] == 0).all()
    (g,) = torch.autograd.grad(loss, h)
    assert (g[count:] == 0).all()


def test_gradients() -> None:
    output, targets = make_output(), torch.tensor([0, 4, 8, 10])
    assert gradcheck(lambda h: output.loss(h, targets)[0], uniform(4, FEATURES, seed=0).requires_grad_())


@pytest.mark.parametrize("cutoffs", [(0, 3), (3, 3), (5, 3), (3, 11), (-1,)])
def test_groups_that_do_not_fit_the_vocabulary_are_refused(cutoffs: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"adaptive_softmax=.*must rise and lie in 1\.\.10.*11 tokens"):
        AdaptiveOutput(FEATURES, V, cutoffs)


def test_a_group_without_features_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the last group would have 15 / 4\^2 features, less than 1"):
        AdaptiveOutput(15, V, CUTOFFS)
    AdaptiveOutput(16, V, CUTOFFS)


def test_label_smoothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="label_smoothing does not go with adaptive_softmax"):
        make_output().loss(uniform(2, FEATURES, seed=0), torch.tensor([0, 1]), label_smoothing=0.1)


def test_mismatched_targets_are_refused() -> None:
    with pytest.raises(ShapeError, match="targets must have shape"):
        make_output().loss(uniform(2, FEATURES, seed=0), torch.tensor([0, 1, 2]))


def test_a_language_model_with_adaptive_softmax_is_consistent() -> None:
    network = NetworkConfig(hidden=FEATURES, embedding=5, adaptive_softmax=CUTOFFS)
    model = RecurrentLanguageModel(V, CellConfig(), network, DropoutConfig())
    inputs, targets = torch.arange(12).view(4, 3) % V, torch.arange(5, 17).view(4, 3) % V
    logits, final = model(inputs)
    loss, nats, final_from_loss = model.loss(inputs, targets, row_sparse=True)
    expected = -logits.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)
    assert_all_close(
        [nats, loss, *final_from_loss], [expected.detach(), expected.sum(), *final], rtol=1e-5, atol=1e-6
    )
