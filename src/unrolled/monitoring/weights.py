"""Norms of weights, gradients and updates."""

from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unrolled.monitoring.analysis import subsample


@dataclass(frozen=True, eq=False)
class WeightSize:
    """Norms of one weight in one step."""

    norm: float
    """‖w‖ after the step."""
    ratio: float | None
    """‖Δw‖/‖w‖ with w before the step; None if w was zero."""
    gradient: float | None
    """Norm of the gradient before clipping to ``clip_norm``; None without a gradient."""


class UpdateSnapshot:
    """Weights and gradients of a model just before the optimizer step.

    Args:
        model: the model, before the step.
        sample_gradients: keep samples of the gradients for histograms.
    """

    @torch.no_grad()
    def __init__(self, model: nn.Module, *, sample_gradients: bool) -> None:
        trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._before = {n: p.detach().clone() for n, p in trained.items()}
        gradients = {n: _gradient_values(p.grad) for n, p in trained.items() if p.grad is not None}
        self._gradients = {n: float(torch.linalg.vector_norm(g)) for n, g in gradients.items()}
        self.gradients = {n: _sample(g) for n, g in gradients.items()} if sample_gradients else {}
        """Sample of each gradient, for histograms."""

    @torch.no_grad()
    def sizes(self, model: nn.Module) -> dict[str, WeightSize]:
        """Return the norms of each weight and of its change, after the step."""
        sizes = {}
        for name, before in self._before.items():
            after = model.get_parameter(name)
            change, norm_before = (float(torch.linalg.vector_norm(t)) for t in (after - before, before))
            sizes[name] = WeightSize(
                norm=float(torch.linalg.vector_norm(after)),
                ratio=change / norm_before if norm_before else None,
                gradient=self._gradients.get(name),
            )
        return sizes


def weight_values(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Return a sample of each weight, for histograms."""
    return {n: _sample(p.detach()) for n, p in model.named_parameters() if p.requires_grad}


def _gradient_values(gradient: Tensor) -> Tensor:
    return gradient.coalesce().values() if gradient.is_sparse else gradient


def _sample(values: Tensor) -> NDArray[Any]:
    return subsample(values.numpy()).copy()
