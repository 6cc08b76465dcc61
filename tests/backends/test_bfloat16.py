"""precision="bfloat16": only the operands of products are rounded, not sums, states and outputs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import unrolled as ur
from numerics import (
    CASES,
    KERNEL_SETS,
    MORE_CASES,
    Case,
    Problem,
    all_masks,
    as_hidden,
    as_tuple,
    case_named,
    layer_state,
    make_layer,
    make_problem,
    needs_extension,
    uniform,
    weighted_sum,
    widened,
)
from parity import assert_near, outcome
from unrolled.backends import Requirements, choose
from unrolled.errors import BackendError
from unrolled.extension import core

needs_bfloat16 = pytest.mark.skipif(
    core is None or not core.has_bfloat16(), reason="this processor has no AVX512_BF16"
)
ALL_CASES = CASES + MORE_CASES
LENGTHS = [4, 6, 1, 5, 3]
KINKED = {"elman-relu", "jordan-linear"}
"""Cells in which a unit may be zero in only one of the precisions, and so have another gradient."""


def round_bfloat16(t: Tensor) -> Tensor:
    return t.detach().to(torch.bfloat16).to(t.dtype)


def relative_distance(a: Tensor, b: Tensor) -> float:
    """Return the distance of a from b, relative to the norm of b."""
    return float((a - b).norm() / b.norm().clamp_min(1e-30))


def make_small_problem(case: Case, hidden: int, batch: int, inputs: int, steps: int) -> Problem:
    sizes = {"hidden_size": hidden, "batch": batch, "input_size": inputs, "steps": steps}
    return all_masks(make_problem(widened(case, hidden), **sizes), hidden).to(torch.float32)


@pytest.mark.thin(13)
@needs_bfloat16
@pytest.mark.parametrize("checkpoint_every", [None, 4])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_every_cell_is_close_to_float32_but_not_equal(
    case: Case, reverse: bool, checkpoint_every: int | None
) -> None:
    problem = make_small_problem(case, 17, 5, 9, 6)
    options = {"lengths": LENGTHS, "reverse": reverse, "checkpoint_every": checkpoint_every}
    with_float32 = outcome(problem.compiled(**options), problem.leaves)
    with_bfloat16 = outcome(problem.compiled(**options, bfloat16=True), problem.leaves)
    assert all(t.dtype == torch.float32 for t in with_bfloat16)
    errors = [relative_distance(a, b) for a, b in zip(with_bfloat16, with_float32, strict=True)]
    # Layer norm divides W x and U h by their standard deviation, which amplifies rounding errors.
    allowed = 0.06 if problem.cell.layer_norm else 0.03
    assert max(errors[:1] if case.name in KINKED else errors) < allowed
    assert min(errors) > 1e-4


@pytest.mark.thin(4)
@needs_bfloat16
@pytest.mark.parametrize(
    "size", [(1, 1, 1, 3), (3, 13, 2, 4), (33, 1, 47, 3), (48, 14, 31, 5), (130, 50, 16, 3)]
)
@pytest.mark.parametrize("case", [c for c in CASES if c.name not in KINKED], ids=str)
def test_odd_sizes(case: Case, size: tuple[int, int, int, int]) -> None:
    problem = make_small_problem(case, *size)
    lengths = [1 + (7 * b) % size[3] for b in range(size[1])]
    with_float32 = outcome(problem.compiled(lengths), problem.leaves)
    with_bfloat16 = outcome(problem.compiled(lengths, bfloat16=True), problem.leaves)
    for a, b in zip(with_bfloat16, with_float32, strict=True):
        assert_near([a], [b], within=0.05 if size[0] < 4 else 0.03)


@needs_bfloat16
@pytest.mark.parametrize("case", [c for c in ALL_CASES if not c.cell.layer_norm and not c.proj_size], ids=str)
def test_one_step_equals_the_exact_step_on_rounded_operands(case: Case) -> None:
    """Sums are in float32, so the remaining difference is that of float32."""
    problem = make_small_problem(case, 33, 14, 19, 1)
    matrices = {"weight_ih", "weight_hh"}
    p = {k: round_bfloat16(v) if k in matrices else v for k, v in problem.p.items()}
    exact = problem.of(
        [round_bfloat16(problem.x), round_bfloat16(problem.state[0]), *problem.state[1:], *p.values()]
    )
    with_rounded_state = problem.of(
        [problem.x, round_bfloat16(problem.state[0]), *problem.state[1:], *problem.p.values()]
    )
    actual, expected = with_rounded_state.compiled(bfloat16=True), exact.to(torch.float64).run()
    # A second product reads the result of the first, which the reference does not round.
    has_two_products = "weight_ho" in problem.p or getattr(case.cell, "reset", "") == "before"
    assert_near(
        [actual.y, *actual.state], [expected.y, *expected.state], within=0.02 if has_two_products else 1e-5
    )


@needs_bfloat16
def test_the_gradient_of_one_step_uses_rounded_operands() -> None:
    problem = make_small_problem(Case("elman", case_named("elman-tanh").cell), 33, 15, 19, 1)
    problem = Problem(problem.cell, problem.x, problem.state, problem.p)
    y = problem.compiled(bfloat16=True).y
    dy = uniform(*y.shape, seed=1, dtype=torch.float32)
    dx, dh, dW, dU, db, du = torch.autograd.grad(y, problem.leaves, dy)
    da = (dy * (1 - y.detach().square()))[0]
    rounded_da, exact = round_bfloat16(da).double(), da.double()
    assert_near(
        [dx[0], dh, dW, dU, db, du],
        [
            rounded_da @ round_bfloat16(problem.p["weight_ih"]).double(),
            rounded_da @ round_bfloat16(problem.p["weight_hh"]).double(),
            rounded_da.T @ round_bfloat16(problem.x[0]).double(),
            rounded_da.T @ round_bfloat16(problem.state[0]).double(),
            exact.sum(0),
            exact.sum(0),
        ],
        within=1e-6,
    )


@needs_bfloat16
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_single_steps_give_the_bits_of_the_loop(case: Case) -> None:
    """The state between steps is float32; only its copy in the product is rounded."""
    problem = make_small_problem(case, 17, 5, 9, 4)
    with torch.no_grad():
        full = problem.compiled(masks=None, bfloat16=True)
        state = problem.state
        for t in range(4):
            step = problem.of([problem.x[t : t + 1], *state, *problem.p.values()])
            result = step.compiled(masks=None, bfloat16=True)
            state = result.state
            assert torch.equal(result.y[0], full.y[t])
    assert all(torch.equal(a, b) for a, b in zip(state, full.state, strict=True))


# Layers.


@needs_bfloat16
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bfloat16_layer_is_close_to_float32(case: Case) -> None:
    results = []
    for precision in ("full", "bfloat16"):
        layer = make_layer(
            widened(case, 9),
            hidden_size=9,
            num_layers=2,
            bidirectional=True,
            dtype=torch.float32,
            precision=precision,
        )
        with torch.no_grad():
            for p in layer.parameters():
                p.mul_(0.5)
        x = uniform(6, 5, 2, seed=1, dtype=torch.float32).requires_grad_()
        y, final = layer(x, as_hidden(layer_state(layer, 5)), lengths=LENGTHS)
        outputs = [y, *as_tuple(final)]
        results.append([*outputs, *torch.autograd.grad(weighted_sum(outputs), [x, *layer.parameters()])])
        explanation = str(layer.explain())
        assert ("products in bfloat16, sums in float32" in explanation) == (precision == "bfloat16")
    errors = [
        relative_distance(with_bfloat16.detach(), with_float32.detach())
        for with_float32, with_bfloat16 in zip(*results, strict=True)
    ]
    assert max(errors[:1] if case.name in KINKED else errors) < 0.05
    assert min(errors) > 1e-5
    assert all(t.dtype == torch.float32 for t in results[1])


@needs_bfloat16
def test_training_in_bfloat16_reduces_the_loss() -> None:
    torch.manual_seed(0)
    layer, head = ur.GRU(3, 16, precision="bfloat16"), torch.nn.Linear(16, 3)
    x = uniform(12, 20, 3, seed=1, dtype=torch.float32)
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.02)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = (head(layer(x)[0])[1:] - x[:-1]).square().mean()  # predict the input of the step before
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10


# Requirements.


@needs_bfloat16
def test_auto_uses_bfloat16_if_supported() -> None:
    requirements = Requirements(precision="auto")
    choice = choose("auto", case_named("lstm").cell, requirements)
    assert choice.path == "compiled"
    assert choice.bfloat16
    assert choice.reason.endswith("; products in bfloat16, sums in float32")
    assert not choose("auto", case_named("lstm").cell, Requirements()).bfloat16
    layer = ur.LSTM(2, 3, precision="auto")
    assert "bfloat16" in str(layer.explain())


@needs_extension
@pytest.mark.parametrize(
    "options", [{"dtype": torch.float64}, {"dtype": torch.float64, "backend": "compiled"}]
)
def test_float64_weights_refuse_bfloat16(options: dict[str, Any]) -> None:
    x = torch.zeros(4, 1, 2, dtype=torch.float64)
    layer = ur.LSTM(2, 3, precision="bfloat16", **options)
    with pytest.raises(BackendError, match=r"needs float32 weights .*the weights are torch\.float64"):
        layer(x)
    with pytest.raises(BackendError, match="use precision='full', or 'auto'"):
        layer.explain()
    layer = ur.LSTM(2, 3, precision="auto", **options)
    assert layer(x)[0].dtype == torch.float64
    assert layer.explain().paths == ["compiled"]
    assert "bfloat16" not in str(layer.explain())


@needs_extension
@pytest.mark.parametrize("kernels", [k for k in KERNEL_SETS if k != "avx512bf16"])
def test_kernels_without_bfloat16_refuse(use_kernels: Callable[[str], None], kernels: str) -> None:
    x = torch.zeros(4, 1, 2)
    use_kernels(kernels)
    with pytest.raises(
        BackendError, match=f"a processor with AVX512_BF16; .*the kernels in use are {kernels};"
    ):
        ur.GRU(2, 3, precision="bfloat16")(x)
    layer = ur.GRU(2, 3, precision="auto")
    assert torch.equal(layer(x)[0], layer(x)[0])
    assert str(layer.explain()) == "l0: compiled (a compiled loop exists for this cell and these options)"


@pytest.mark.parametrize("backend", ["aten", "reference"])
def test_other_backends_refuse_bfloat16_and_auto_is_full(backend: str) -> None:
    x = torch.zeros(4, 1, 2)
    for grad in (True, False):
        with torch.set_grad_enabled(grad), pytest.raises(BackendError) as error:
            ur.LSTM(2, 3, backend=backend, precision="bfloat16")(x)
        expected = (
            f"precision='bfloat16' needs the compiled loop, but the layer would run on {backend} (requested)"
        )
        assert str(error.value).startswith(expected)
    layer = ur.LSTM(2, 3, backend=backend, precision="auto")
    layer(x)
    assert str(layer.explain()) == f"l0: {backend} (requested)"


def test_bfloat16_without_the_extension_is_refused(no_extension: None) -> None:
    with pytest.raises(BackendError, match=r"would run on aten \(the compiled extension is absent"):
        ur.LSTM(2, 3, precision="bfloat16")(torch.zeros(4, 1, 2))
    with pytest.raises(BackendError, match="would run on reference"):
        ur.LSTM(2, 3, precision="bfloat16", skip=2)(torch.zeros(4, 1, 2))
    layer = ur.LSTM(2, 3, precision="auto")
    layer(torch.zeros(4, 1, 2))
    assert layer.explain().paths == ["aten"]


@needs_extension
def test_bfloat16_under_autocast_is_refused() -> None:
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(BackendError, match="autocast chooses"):
        ur.LSTM(2, 3, precision="bfloat16")(torch.zeros(4, 1, 2))


def test_the_error_on_another_device_suggests_autocast() -> None:
    with pytest.raises(BackendError, match=r"or torch\.autocast"):
        choose("auto", case_named("lstm").cell, Requirements(device="cuda", precision="bfloat16"))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_an_unknown_precision_is_refused(kind: str) -> None:
    with pytest.raises(BackendError, match="precision='half' is not one of full, bfloat16, auto"):
        getattr(ur, kind)(2, 3, precision="half")
