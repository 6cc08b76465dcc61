"""The largest singular value of a matrix."""

import torch
from torch import Tensor

SMALL = 64
"""Width up to which all singular values are computed: Lanczos iterations are not faster there."""
TOLERANCE = 1e-6
"""Residual at which the iterations end, relative to σ²: the relative error of σ is about its square."""


def spectral_norm(matrix: Tensor) -> float:
    """Return the largest singular value σ of a square matrix (N, N), computed in float64."""
    a = matrix.double()
    if len(a) <= SMALL:
        return float(torch.linalg.matrix_norm(a, 2))
    scale = float(a.abs().max())  # keeps the squares of tiny and huge values within the range of floats
    return scale * _lanczos(a / scale) if scale else 0.0


def _lanczos(a: Tensor) -> float:
    """Return √λ for the largest eigenvalue λ of AᵀA, by Lanczos iterations with full reorthogonalisation."""
    width = len(a)
    # A random start has a part along every singular vector; its seed is fixed, so that results repeat.
    start = torch.randn(width, dtype=a.dtype, generator=torch.Generator().manual_seed(0))
    basis = torch.zeros(width, width, dtype=a.dtype)
    basis[0] = start / start.norm()
    projected = torch.zeros(width, width, dtype=a.dtype)  # AᵀA in the basis: tridiagonal
    largest = 0.0
    for k in range(width):
        image = a.T.mv(a.mv(basis[k]))
        projected[k, k] = image.dot(basis[k])
        for _ in range(2):  # once leaves rounding errors of the size of what is left
            image -= basis[: k + 1].T.mv(basis[: k + 1].mv(image))
        rest = float(image.norm())
        values, vectors = torch.linalg.eigh(projected[: k + 1, : k + 1])
        largest = float(values[-1])
        if rest * abs(float(vectors[-1, -1])) <= TOLERANCE * largest or k == width - 1:
            break
        projected[k, k + 1] = projected[k + 1, k] = rest
        basis[k + 1] = image / rest
    return float(largest**0.5)
