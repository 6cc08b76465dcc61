"""The largest singular value of a matrix."""

import torch
from torch import Tensor

SMALL = 64
"""Maximum width for computing all singular values: Lanczos iterations are not faster there."""
TOLERANCE = 1e-6
"""Residual relative to σ² at which the iterations end; the relative error of σ is about its square."""


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
    # A random start has a component along every singular vector; the seed is fixed for reproducible results.
    start = torch.randn(width, dtype=a.dtype, generator=torch.Generator().manual_seed(0))
    basis = torch.zeros(width, width, dtype=a.dtype)
    basis[0] = start / start.norm()
    projected = torch.zeros(width, width, dtype=a.dtype)  # AᵀA in the basis: tridiagonal
    largest = 0.0
    for k in range(width):
        image = a.T.mv(a.mv(basis[k]))
        projected[k, k] = image.dot(basis[k])
        for _ in range(2):  # a single pass leaves rounding errors as large as the residual
            image -= basis[: k + 1].T.mv(basis[: k + 1].mv(image))
        residual = float(image.norm())
        values, vectors = torch.linalg.eigh(projected[: k + 1, : k + 1])
        largest = float(values[-1])
        if residual * abs(float(vectors[-1, -1])) <= TOLERANCE * largest or k == width - 1:
            break
        projected[k, k + 1] = projected[k + 1, k] = residual
        basis[k + 1] = image / residual
    return float(largest**0.5)
