"""The largest singular value, checked against the full decomposition."""

import pytest
import torch

from unrolled.diagnostics.spectral_norm import spectral_norm


def matrices() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    dense = torch.randn(96, 96, dtype=torch.float64)
    zero_sums = dense - dense.mean(1, keepdim=True)
    return {
        "dense": dense,
        "small": dense[:8, :8],
        "rank one": torch.outer(dense[0], dense[1]),
        "identity": torch.eye(96, dtype=torch.float64),
        "near the identity": torch.eye(96, dtype=torch.float64) + 1e-3 * dense,
        "orthogonal to ones": zero_sums,
        "a product": dense @ dense @ dense @ dense,
        "tiny": 1e-200 * dense,
        "huge": 1e200 * dense,
        "float32": dense.float(),
    }


@pytest.mark.parametrize("name", matrices())
def test_the_norm_is_the_largest_singular_value(name):
    matrix = matrices()[name]
    largest = float(torch.linalg.svdvals(matrix.double())[0])
    assert spectral_norm(matrix) == pytest.approx(largest, rel=1e-10, abs=0)


def test_the_norm_of_zeros_is_zero():
    assert spectral_norm(torch.zeros(96, 96)) == 0


def test_the_result_and_the_rng_state_do_not_depend_on_the_seed():
    matrix = matrices()["dense"]
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = spectral_norm(matrix)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert spectral_norm(matrix) == first
