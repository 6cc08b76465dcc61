"""The nonlinearities of the compiled loop, number by number, on every compilation of it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from numerics import KERNEL_SETS, needs_extension
from unrolled.backends import compiled_layer
from unrolled.cells import Elman

pytestmark = needs_extension

WIDTH = 37  # whole vectors and a rest, whatever their size
EXACT = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}
DTYPES = (torch.float32, torch.float64)


@pytest.fixture(params=KERNEL_SETS, autouse=True)
def kernels(request: pytest.FixtureRequest, use_kernels: Callable[[str], None]) -> None:
    use_kernels(request.param)


def values(dtype: torch.dtype) -> Tensor:
    """Return numbers of every size, all positive."""
    near = torch.linspace(1e-3, 30, 1500, dtype=torch.float64)
    wide = torch.logspace(-30, 30, 500, dtype=torch.float64)
    return torch.cat([near, wide]).to(dtype)


def computed(name: str, x: Tensor) -> Tensor:
    """Return the function of each number, a row each; it must be the same in every lane."""
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
def test_every_number_is_right_to_the_last_places(name: str, dtype: torch.dtype) -> None:
    x = values(dtype)
    for signed in (x, -x):
        ours, exact = computed(name, signed), EXACT[name](signed.double())
        smallest = {torch.float32: 1e-37, torch.float64: 1e-307}[dtype]  # below, one number stands for all
        error = (ours.double() - exact).abs() / exact.abs().clamp_min(smallest)
        error[exact.abs() <= smallest] = 0.0
        assert float(error.max()) < 6 * torch.finfo(dtype).eps, signed[error.argmax()]
        assert (ours[exact.abs() <= smallest].abs() <= 2 * smallest).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tanh_is_odd(dtype: torch.dtype) -> None:
    x = values(dtype)
    assert torch.equal(computed("tanh", -x), -computed("tanh", x))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_saturated_unit_is_exactly_that_and_has_no_gradient(
    name: str, dtype: torch.dtype, sign: int
) -> None:
    x = (sign * torch.logspace(2.1, 30, 300, dtype=torch.float64).to(dtype)).requires_grad_()
    y = computed(name, x)
    limit = float(sign) if name == "tanh" else (sign + 1) / 2
    torch.testing.assert_close(y, torch.full_like(y, limit), rtol=0, atol=1e-37)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0, atol=1e-36)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_nothing_ever_falls(name: str, dtype: torch.dtype) -> None:
    """Up to the last place, a larger number has no smaller value."""
    x = values(dtype).sort().values
    y = computed(name, torch.cat([-x.flip(0), x]))
    assert (y.diff() >= -2 * torch.finfo(dtype).eps).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_infinities_and_nan(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([torch.inf, -torch.inf, torch.nan], dtype=dtype)
    torch.testing.assert_close(computed(name, x), EXACT[name](x), rtol=0, atol=1e-37, equal_nan=True)
