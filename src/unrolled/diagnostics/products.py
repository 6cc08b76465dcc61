"""Products of Jacobians over a distance, and what bounds them."""

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
"""The largest σ′."""


@short_repr
@dataclass(frozen=True, eq=False)
class Products:
    """‖∂state_t/∂state_{t−n}‖ = ‖J_t J_{t−1} … J_{t−n+1}‖ at sampled steps t over distances n.

    Everything is kept as natural logarithms: products over long distances leave the range of floats.
    """

    layer: str
    places: tuple[Place, ...]
    distances: NDArray[np.int64]
    """(D,)"""
    log_norm: Floats
    """ln of the largest singular value of the product, (S, D); NaN where the row begins later."""
    log_bound: Floats
    """Σ ln ‖J‖ of the same steps, (S, D): a product is at most the product of the norms."""
    log_a_priori: float | None
    """ln(‖U‖ · max σ′) of one step of a plain Elman network, known before it runs (Pascanu et al. 2013)."""

    def median(self) -> Floats:
        """Return the median over the samples of ln ‖product‖, (D,)."""
        found: Floats = np.nanmedian(self.log_norm, 0)
        return found


def products(p: Pass, places: Sequence[Place], longest: int | None = None) -> Products:
    """Multiply the Jacobians backwards from sampled steps.

    Args:
        p: the pass.
        places: steps and rows from which to go back.
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
            found = _chain(steps[max(0, end - int(distances[-1])) : end], distances)
            log_norm[number, : len(found)] = found
            sums = norms[:end][::-1].cumsum()
            log_bound[number, : len(found)] = sums[distances[: len(found)] - 1]
    return Products(p.name, tuple(places), distances, log_norm, log_bound, a_priori(p))


def log_spaced(longest: int) -> NDArray[np.int64]:
    """Return distances 1, 2, 3, 4, 6, 8, 11, … up to the longest, which is one of them."""
    halves = np.arange(0, 2 * np.log2(longest) + 1) / 2
    found = np.unique(np.round(2.0**halves).astype(np.int64))
    kept: NDArray[np.int64] = np.append(found[found < longest], longest)
    return kept


def a_priori(p: Pass) -> float | None:
    """Return ln(‖U‖ max σ′) where one step's Jacobian is diag(σ′) U, else None."""
    if not p.cell.is_simple or p.skip or p.masks:
        return None
    (hidden,) = p.cell.gate_activations
    norm = float(torch.linalg.matrix_norm(p.parameters["weight_hh"].double(), 2))
    return _log(norm * STEEPEST[hidden.kind])


def _chain(steps: Tensor, distances: NDArray[np.int64]) -> list[float]:
    """Return ln ‖J_t … J_{t−n+1}‖ for each distance n that the steps (n, N, N), oldest first, reach."""
    reached = [d for d in distances.tolist() if d <= len(steps)]
    kept: dict[int, tuple[Tensor, float]] = {}
    product, scale = torch.eye(steps.shape[-1], dtype=steps.dtype), 0.0
    for n, jacobian in enumerate(reversed(steps.unbind()), start=1):
        product = product @ jacobian
        size = float(torch.linalg.matrix_norm(product))
        if size == 0.0:
            break
        product, scale = product / size, scale + math.log(size)
        if n in reached:
            kept[n] = product, scale
    norms = {n: scale + _log(spectral_norm(product)) for n, (product, scale) in kept.items()}
    return [norms.get(n, -math.inf) for n in reached]


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
