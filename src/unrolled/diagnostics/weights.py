"""Norms of parameters."""

from dataclasses import dataclass

import torch
from torch import nn

from unrolled.short_repr import short_repr


@short_repr
@dataclass(frozen=True)
class WeightNorms:
    """Euclidean norm, root mean square and largest singular value of a parameter."""

    name: str
    shape: tuple[int, ...]
    norm: float
    rms: float
    spectral: float | None
    """Largest singular value; None for vectors and for matrices of more than 2048 rows and columns."""


def weight_norms(model: nn.Module) -> tuple[WeightNorms, ...]:
    """Return the norms of every parameter, in the order of ``named_parameters``."""
    return tuple(_norms(name, p.detach()) for name, p in model.named_parameters())


def _norms(name: str, w: torch.Tensor) -> WeightNorms:
    norm = float(torch.linalg.vector_norm(w.double()))
    small = w.dim() == 2 and min(w.shape) <= 2048
    spectral = float(torch.linalg.matrix_norm(w.float(), 2)) if small else None
    return WeightNorms(name, tuple(w.shape), norm, norm / max(w.numel(), 1) ** 0.5, spectral)
