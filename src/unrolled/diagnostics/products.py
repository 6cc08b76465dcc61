"""Products of step Jacobians over a distance, and their upper bounds."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.jacobian import Place, jacobians
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.spectral_norm import spectral_norm
from unrolled.short_repr import short_repr

STEEPEST = {"tanh": 1.0, "relu": 1.0, "sigmoid": 0.25}
"""The largest value of σ′."""


@short_repr
@dataclass(frozen=True, eq=False)
class Products:
    """‖∂state_t/∂state_{t−n}‖ = ‖J_t J_{t−1} … J_{t−n+1}‖ at sampled steps t over distances n.

    All values are natural logarithms, because products over long distances leave the range of floats.
    """

    layer: str
    places: tuple[Place, ...]
    distances: NDArray[np.int64]
    """(D,)"""
    log_norm: Floats
    """ln of the largest singular value of the product, (S, D); NaN if the row has fewer steps before t."""
    log_bound: Floats
    """Upper bound Σ ln ‖J‖ over the same steps, (S, D)."""
    log_a_priori: float | None
    """ln(‖U‖ · max σ′), the bound of one step of a plain Elman network from its weights (Pascanu et al.
    2013)."""

    def median(self) -> Floats:
        """Return the median of ln ‖product‖ over the samples, (D,)."""
        median: Floats = np.nanmedian(self.log_norm, 0)
        return median


def products(p: Pass, places: Sequence[Place], longest: int | None = None) -> Products:
    """Multiply the Jacobians backwards in time from sampled steps.

    Args:
        p: the pass.
        places: steps and rows to start from.
        longest: the longest distance; None goes back to the beginning of the window.
    """
    reach = max(p.steps_of(row).index(step) + 1 for step, row in places)
    distances = log_spaced(min(reach, longest or reach))
    log_norm = np.full((len(places), len(distances)), np.nan)
    log_bound = log_norm.copy()
    by_row: dict[int, list[int]] = defaultdict(list)
    for number, (_, row) in enumerate(places):
        by_row[row].append(number)
    for row, numbers in by_row.items():
        path = p.steps_of(row)
        steps = jacobians(p, [(step, row) for step in path])
        norms = np.array([_log(spectral_norm(j)) for j in steps])
        for number in numbers:
            end = path.index(places[number][0]) + 1
            log_norms = _chain(steps[max(0, end - int(distances[-1])) : end], distances)
            log_norm[number, : len(log_norms)] = log_norms
            sums = norms[:end][::-1].cumsum()
            log_bound[number, : len(log_norms)] = sums[distances[: len(log_norms)] - 1]
    return Products(p.name, tuple(places), distances, log_norm, log_bound, a_priori(p))


def log_spaced(longest: int) -> NDArray[np.int64]:
    """Return the distances 1, 2, 3, 4, 6, 8, 11, … up to and including the longest."""
    halves = np.arange(0, 2 * np.log2(longest) + 1) / 2
    rounded = np.unique(np.round(2.0**halves).astype(np.int64))
    distances: NDArray[np.int64] = np.append(rounded[rounded < longest], longest)
    return distances


def a_priori(p: Pass) -> float | None:
    """Return ln(‖U‖ max σ′) if the Jacobian of a step is diag(σ′) U, else None."""
    if not p.cell.is_simple or p.skip or p.masks:
        return None
    (hidden,) = p.cell.gate_activations
    norm = float(torch.linalg.matrix_norm(p.parameters["weight_hh"].double(), 2))
    return _log(norm * STEEPEST[hidden.kind])


def _chain(steps: Tensor, distances: NDArray[np.int64]) -> list[float]:
    """Return ln ‖J_t … J_{t−n+1}‖ for each distance n up to the number of steps.

    ``steps`` are the Jacobians (n, N, N), oldest first.
    """
    reached = [d for d in distances.tolist() if d <= len(steps)]
    products: dict[int, tuple[Tensor, float]] = {}
    product, scale = torch.eye(steps.shape[-1], dtype=steps.dtype), 0.0
    for n, jacobian in enumerate(reversed(steps.unbind()), start=1):
        product = product @ jacobian
        size = float(torch.linalg.matrix_norm(product))
        if size == 0.0:
            break
        product, scale = product / size, scale + math.log(size)
        if n in reached:
            products[n] = product, scale
    norms = {n: scale + _log(spectral_norm(product)) for n, (product, scale) in products.items()}
    return [norms.get(n, -math.inf) for n in reached]


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
