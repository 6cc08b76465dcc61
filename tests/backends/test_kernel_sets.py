"""Every kernel set that this processor supports gives equal results."""

from collections.abc import Callable

import pytest
import torch
from torch.autograd import gradcheck

from numerics import (
    CASES,
    KERNEL_SETS,
    Case,
    Problem,
    all_masks,
    case_named,
    make_problem,
    needs_extension,
    widened,
)
from parity import assert_near, assert_parity, outcome
from unrolled import extension
from unrolled.extension import core

pytestmark = needs_extension

SIZE_CASES = ("elman-tanh", "jordan-narrow", "lstm", "lstm-everything", "gru-after", "gru-before-layer-norm")
SIZES = (  # H, B, I, T: around vectors of 2, 4, 8 and 16 numbers, and tiles of 6 and 12 rows
    (1, 1, 3, 3),
    (3, 7, 1, 2),
    (4, 6, 8, 2),
    (9, 25, 5, 4),
    (17, 24, 16, 3),
    (33, 13, 9, 2),
    (130, 1, 31, 2),
)
LENGTHS = [4, 6, 1, 5, 3]


@pytest.fixture(params=KERNEL_SETS)
def kernels(request: pytest.FixtureRequest, use_kernels: Callable[[str], None]) -> str:
    use_kernels(request.param)
    return str(request.param)


def make_sized_problem(case: Case, hidden: int, batch: int, inputs: int, steps: int) -> Problem:
    sizes = {"hidden_size": hidden, "batch": batch, "input_size": inputs, "steps": steps}
    return all_masks(make_problem(widened(case, hidden), **sizes), hidden)


@pytest.mark.thin(13)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", SIZE_CASES)
def test_sizes(name: str, size: tuple[int, int, int, int], kernels: str) -> None:
    problem = make_sized_problem(case_named(name), *size)
    assert_parity(problem, within=1e-10)
    assert_parity(problem.to(torch.float32), within=3e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ragged_rows_backwards_with_checkpoints(case: Case, kernels: str) -> None:
    problem = make_sized_problem(case, 17, 5, 3, 6)
    assert_parity(problem, within=1e-11, lengths=LENGTHS, reverse=True, checkpoint_every=4)


@pytest.mark.parametrize("name", SIZE_CASES)
def test_finite_differences(name: str, kernels: str) -> None:
    problem = make_sized_problem(case_named(name), 5, 3, 2, 3)

    def run(*leaves: torch.Tensor) -> tuple[torch.Tensor, ...]:
        result = problem.of(leaves).compiled([3, 1, 2])
        return (result.y, *result.state)

    assert gradcheck(run, problem.leaves, fast_mode=True)


@pytest.mark.parametrize("name", SIZE_CASES)
def test_a_nan_affects_only_its_row(name: str, kernels: str) -> None:
    problem = make_sized_problem(case_named(name), 17, 13, 3, 4)
    x = problem.x.detach().clone()
    x[2, 4] = float("nan")
    y, clean = problem.of([x, *problem.leaves[1:]]).compiled().y, problem.compiled().y
    others = [b for b in range(13) if b != 4]
    assert torch.equal(y[:, others], clean[:, others])
    assert torch.equal(y[:2, 4], clean[:2, 4])
    assert y[2, 4].isnan().any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_same_input_gives_the_same_bits_again(dtype: torch.dtype, kernels: str) -> None:
    problem = make_sized_problem(case_named("lstm"), 33, 13, 9, 5).to(dtype)
    leaves = problem.leaves
    first, second = outcome(problem.compiled(), leaves), outcome(problem.compiled(), leaves)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", SIZE_CASES)
def test_backward_may_run_on_another_set_than_forward(
    name: str, kernels: str, use_kernels: Callable[[str], None]
) -> None:
    problem = make_sized_problem(case_named(name), 17, 5, 3, 6)
    leaves = problem.leaves
    expected = outcome(problem.compiled(LENGTHS), leaves)
    result = problem.compiled(LENGTHS)
    for other in KERNEL_SETS:
        use_kernels(other)
        gradients = torch.autograd.grad(result.y.sum(), leaves, retain_graph=True)
        use_kernels(kernels)
        own_gradients = torch.autograd.grad(result.y.sum(), leaves, retain_graph=True)
        assert_near(gradients, own_gradients, within=1e-12)
    assert_near(outcome(result, leaves), expected, within=1e-15)


def test_names_of_kernel_sets() -> None:
    assert core is not None
    assert KERNEL_SETS[-1] == "baseline"
    assert len(set(KERNEL_SETS)) == len(KERNEL_SETS)
    assert core.current_kernels() in KERNEL_SETS


def test_the_kernel_set_in_use_is_reported(kernels: str) -> None:
    assert core is not None
    assert core.current_kernels() == extension.kernels() == kernels
    assert f"{kernels} kernels" in extension.describe()
    assert core.has_bfloat16() == extension.bfloat16_kernels == (kernels == "avx512bf16")


def test_an_unsupported_kernel_set_is_refused(use_kernels: Callable[[str], None]) -> None:
    assert core is not None
    kernels_before = core.current_kernels()
    with pytest.raises(ValueError, match="no kernels named 'avx9000' run on this processor"):
        use_kernels("avx9000")
    assert core.current_kernels() == kernels_before
