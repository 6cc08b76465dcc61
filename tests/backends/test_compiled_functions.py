"""Accuracy of the nonlinearities of the compiled loop, in every kernel set."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from numerics import KERNEL_SETS, needs_extension
from unrolled.backends import compiled_layer
from unrolled.cells import Elman

pytestmark = needs_extension

WIDTH = 37  # complete SIMD vectors and a remainder, for every vector size
EXACT = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}
DTYPES = (torch.float32, torch.float64)


@pytest.fixture(params=KERNEL_SETS, autouse=True)
def kernels(request: pytest.FixtureRequest, use_kernels: Callable[[str], None]) -> None:
    use_kernels(request.param)


def make_values(dtype: torch.dtype) -> Tensor:
    """Return positive numbers of all magnitudes."""
    moderate = torch.linspace(1e-3, 30, 1500, dtype=torch.float64)
    all_magnitudes = torch.logspace(-30, 30, 500, dtype=torch.float64)
    return torch.cat([moderate, all_magnitudes]).to(dtype)


def compute(name: str, x: Tensor) -> Tensor:
    """Return the function of each number, one row per number; every SIMD lane must give the same."""
    p = {
        "weight_ih": torch.ones(WIDTH, 1, dtype=x.dtype),
        "weight_hh": torch.zeros(WIDTH, WIDTH, dtype=x.dtype),
    }
    h = torch.zeros(len(x), WIDTH, dtype=x.dtype)
    y, _ = compiled_layer(Elman(nonlinearity=name), x.view(1, -1, 1), (h,), p)  # type: ignore[arg-type]
    torch.testing.assert_close(y, y[..., :1].expand_as(y), rtol=0, atol=0, equal_nan=True)
    return y[0, :, 0]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_every_value_is_accurate_to_the_last_places(name: str, dtype: torch.dtype) -> None:
    x = make_values(dtype)
    for signed in (x, -x):
        actual, exact = compute(name, signed), EXACT[name](signed.double())
        underflow_limit = {torch.float32: 1e-37, torch.float64: 1e-307}[
            dtype
        ]  # below this limit only the absolute error is checked
        error = (actual.double() - exact).abs() / exact.abs().clamp_min(underflow_limit)
        error[exact.abs() <= underflow_limit] = 0.0
        assert float(error.max()) < 6 * torch.finfo(dtype).eps, signed[error.argmax()]
        assert (actual[exact.abs() <= underflow_limit].abs() <= 2 * underflow_limit).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tanh_is_odd(dtype: torch.dtype) -> None:
    x = make_values(dtype)
    assert torch.equal(compute("tanh", -x), -compute("tanh", x))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_saturated_unit_is_exact_and_has_no_gradient(name: str, dtype: torch.dtype, sign: int) -> None:
    x = (sign * torch.logspace(2.1, 30, 300, dtype=torch.float64).to(dtype)).requires_grad_()
    y = compute(name, x)
    limit = float(sign) if name == "tanh" else (sign + 1) / 2
    torch.testing.assert_close(y, torch.full_like(y, limit), rtol=0, atol=1e-37)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0, atol=1e-36)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_nonlinearities_are_monotonic(name: str, dtype: torch.dtype) -> None:
    """Up to the last place, a larger argument never gives a smaller value."""
    x = make_values(dtype).sort().values
    y = compute(name, torch.cat([-x.flip(0), x]))
    assert (y.diff() >= -2 * torch.finfo(dtype).eps).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_infinities_and_nan(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([torch.inf, -torch.inf, torch.nan], dtype=dtype)
    torch.testing.assert_close(compute(name, x), EXACT[name](x), rtol=0, atol=1e-37, equal_nan=True)
