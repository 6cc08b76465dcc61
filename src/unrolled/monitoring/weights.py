"""Sizes of weights, of their gradients, and of one update."""

from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unrolled.monitoring.look import some


@dataclass(frozen=True, eq=False)
class WeightSize:
    """Sizes of one weight in one update."""

    norm: float
    """‖w‖ after it."""
    ratio: float | None
    """‖Δw‖/‖w‖, w before it; None where that was zero."""
    gradient: float | None
    """Norm of its gradient, before all are scaled down to ``clip_norm``; None where it has none."""


class WatchedUpdate:
    """The weights and gradients of a model just before an update.

    Args:
        model: the model, before the update.
        shown: whether to keep numbers for histograms.
    """

    @torch.no_grad()
    def __init__(self, model: nn.Module, *, shown: bool) -> None:
        trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._before = {n: p.detach().clone() for n, p in trained.items()}
        given = {n: _numbers(p.grad) for n, p in trained.items() if p.grad is not None}
        self._gradients = {n: float(torch.linalg.vector_norm(g)) for n, g in given.items()}
        self.gradients = {n: _some(g) for n, g in given.items()} if shown else {}
        """A sample of each gradient, for histograms."""

    @torch.no_grad()
    def sizes(self, model: nn.Module) -> dict[str, WeightSize]:
        """Return the size of each weight and of its change, after the update."""
        found = {}
        for name, before in self._before.items():
            after = model.get_parameter(name)
            moved, size = (float(torch.linalg.vector_norm(t)) for t in (after - before, before))
            found[name] = WeightSize(
                norm=float(torch.linalg.vector_norm(after)),
                ratio=moved / size if size else None,
                gradient=self._gradients.get(name),
            )
        return found


def weight_values(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Return a sample of each weight, for histograms."""
    return {n: _some(p.detach()) for n, p in model.named_parameters() if p.requires_grad}


def _numbers(gradient: Tensor) -> Tensor:
    return gradient.coalesce().values() if gradient.is_sparse else gradient


def _some(values: Tensor) -> NDArray[Any]:
    return some(values.numpy()).copy()
