"""The fused output layer and loss, checked against torch's linear layer and cross-entropy."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.profiler import ProfilerActivity, profile

from numerics import assert_all_close, uniform
from unrolled.errors import BackendError, ConfigError, ShapeError, UnrolledError
from unrolled.layers import softmax_chunks
from unrolled.layers.softmax_chunks import kernel_torch
from unrolled.layers.softmax_loss import linear_cross_entropy

N, FEATURES, V = 13, 4, 7
IGNORE = -100
TOLERANCE = {torch.float32: {"rtol": 1e-5, "atol": 1e-6}, torch.float64: {"rtol": 1e-11, "atol": 1e-12}}


def make_problem(
    n: int = N, features: int = FEATURES, v: int = V, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return h, weight and bias that need gradients, targets, and positive and negative row weights."""
    h = uniform(n, features, seed=seed, high=2.0, dtype=dtype).requires_grad_()
    weight = uniform(v, features, seed=seed + 1, high=2.0, dtype=dtype).requires_grad_()
    bias = uniform(v, seed=seed + 2, dtype=dtype).requires_grad_()
    targets = (uniform(n, seed=seed + 3, low=0.0) * v).long().clamp(max=v - 1)
    return h, weight, bias, targets, uniform(n, seed=seed + 4, low=-0.5, dtype=dtype)


def unfused_loss(
    h: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    targets: Tensor,
    row_weights: Tensor | None = None,
    *,
    ignore: int = IGNORE,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor]:
    logits = F.linear(h, weight, bias)
    nats = F.cross_entropy(logits, targets, reduction="none", ignore_index=ignore)
    losses = F.cross_entropy(
        logits, targets, reduction="none", ignore_index=ignore, label_smoothing=label_smoothing
    )
    return (losses if row_weights is None else losses * row_weights).sum(), nats.detach()


def set_chunk_rows(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Use the torch kernel with ``rows`` rows per chunk."""
    monkeypatch.setattr("unrolled.layers.softmax_loss.softmax_kernel", lambda device: kernel_torch)
    monkeypatch.setattr(softmax_chunks, "CHUNK_BYTES", 0)
    monkeypatch.setattr(softmax_chunks, "CHUNK_ROWS", rows)


# Values and gradients.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("ignored", [(), (0, 5, 6, 12), tuple(range(N))])
def test_the_fused_loss_equals_cross_entropy_of_the_linear_layer(
    dtype: torch.dtype, with_bias: bool, weighted: bool, smoothing: float, ignored: tuple[int, ...]
) -> None:
    h, weight, bias, targets, w = make_problem(dtype=dtype)
    targets[list(ignored)] = IGNORE
    leaves = [h, weight, bias] if with_bias else [h, weight]
    arguments = (h, weight, bias if with_bias else None, targets, w if weighted else None)
    loss, fused_nats = linear_cross_entropy(*arguments, label_smoothing=smoothing)
    expected_loss, expected_nats = unfused_loss(*arguments, label_smoothing=smoothing)
    assert loss.shape == ()
    assert not fused_nats.requires_grad
    assert (fused_nats[list(ignored)] == 0).all()
    assert_all_close([loss, fused_nats], [expected_loss, expected_nats], **TOLERANCE[dtype])
    # the output gradient is not 1
    computed, expected_gradients = (
        torch.autograd.grad(loss * -2.5, leaves),
        torch.autograd.grad(expected_loss * -2.5, leaves),
    )
    assert_all_close(computed, expected_gradients, **TOLERANCE[dtype])


@given(
    st.integers(0, 9),
    st.integers(1, 5),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.2]),
    st.data(),
)
def test_every_size_and_every_chunk(
    n: int, features: int, v: int, rows: int, smoothing: float, data: st.DataObject
) -> None:
    h, weight, bias, targets, w = make_problem(n, features, v)
    ignored = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    targets[torch.tensor(ignored, dtype=torch.bool)] = 3  # the ignored value may be a token of the vocabulary
    with pytest.MonkeyPatch.context() as patch:
        set_chunk_rows(patch, rows)
        loss, nats = linear_cross_entropy(h, weight, bias, targets, w, ignore=3, label_smoothing=smoothing)
    expected_loss, expected = unfused_loss(h, weight, bias, targets, w, ignore=3, label_smoothing=smoothing)
    assert_all_close([loss, nats], [expected_loss, expected])
    leaves = [h, weight, bias]
    assert_all_close(torch.autograd.grad(loss, leaves), torch.autograd.grad(expected_loss, leaves))


@pytest.mark.parametrize("rows", [1, 2, 12, 13, 14])
def test_chunks_do_not_change_the_results(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    h, weight, bias, targets, w = make_problem()
    leaves = [h, weight, bias]
    without_chunks = linear_cross_entropy(h, weight, bias, targets, w)
    expected = torch.autograd.grad(without_chunks[0], leaves)
    set_chunk_rows(monkeypatch, rows)
    with_chunks = linear_cross_entropy(h, weight, bias, targets, w)
    assert_all_close(
        [*with_chunks, *torch.autograd.grad(with_chunks[0], leaves)], [*without_chunks, *expected]
    )


def test_chunks_have_similar_sizes_within_the_limit() -> None:
    weight = torch.empty(10_000, 1)
    assert softmax_chunks.chunk_rows(400, weight) == 200
    assert softmax_chunks.chunk_rows(450, weight) == 150
    assert softmax_chunks.chunk_rows(3, weight) == 3
    assert softmax_chunks.chunk_rows(0, weight) == 1
    assert softmax_chunks.chunk_rows(1000, torch.empty(10_000_000, 1)) <= softmax_chunks.CHUNK_ROWS


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_gradients(with_bias: bool, smoothing: float) -> None:
    h, weight, bias, targets, w = make_problem(5, 3, 4)
    targets[2] = IGNORE

    def loss(*leaves: Tensor) -> Tensor:
        h, weight, *rest = leaves
        return linear_cross_entropy(
            h, weight, rest[0] if rest else None, targets, w, label_smoothing=smoothing
        )[0]

    assert gradcheck(loss, (h, weight, bias) if with_bias else (h, weight))


def test_a_shared_matrix_gets_the_sum_of_its_gradients() -> None:
    h, weight, bias, targets, w = make_problem(features=V, v=V)
    tokens = torch.arange(N) % V
    computed = torch.autograd.grad(
        linear_cross_entropy(weight[tokens] + h, weight, bias, targets, w)[0] + weight.square().sum(), weight
    )
    expected = torch.autograd.grad(
        unfused_loss(weight[tokens] + h, weight, bias, targets, w)[0] + weight.square().sum(), weight
    )
    assert_all_close(computed, expected)


def test_gradients_are_computed_only_if_required() -> None:
    h, weight, bias, targets, _ = make_problem()
    expected = torch.autograd.grad(unfused_loss(h, weight, bias, targets)[0], [h, weight, bias])
    for gradient_indices in ({0}, {1}, {2}, {0, 2}):
        parts = [t if i in gradient_indices else t.detach() for i, t in enumerate((h, weight, bias))]
        loss, _ = linear_cross_entropy(*parts, targets)
        leaves = [parts[i] for i in sorted(gradient_indices)]
        assert_all_close(torch.autograd.grad(loss, leaves), [expected[i] for i in sorted(gradient_indices)])


def test_backward_may_run_several_times() -> None:
    """With retain_graph, the second backward pass does not write to the gradients of the first."""
    h, weight, bias, targets, w = make_problem()
    loss, _ = linear_cross_entropy(h, weight, bias, targets, w)
    first = torch.autograd.grad(loss, [h, weight, bias], retain_graph=True)
    copies = [g.clone() for g in first]
    loss.backward(retain_graph=True)
    loss.backward()
    assert_all_close([t.grad for t in (h, weight, bias)], [2 * g for g in copies])
    assert_all_close(first, copies)


def test_operands_need_not_be_contiguous() -> None:
    h, weight, bias, targets, w = make_problem()
    noncontiguous = [h.t().contiguous().t(), weight.t().contiguous().t(), bias.repeat_interleave(2)[::2]]
    loss, nats = linear_cross_entropy(
        *noncontiguous, targets.repeat_interleave(2)[::2], w[None].expand(2, -1)[1]
    )
    assert_all_close([loss, nats], unfused_loss(h, weight, bias, targets, w))
    computed = torch.autograd.grad(loss, [h, weight, bias])
    assert_all_close(
        computed, torch.autograd.grad(unfused_loss(h, weight, bias, targets, w)[0], [h, weight, bias])
    )


def test_large_logits_do_not_overflow() -> None:
    h = torch.tensor([[1000.0], [-1000.0]], requires_grad=True)
    weight = torch.tensor([[1.0], [-1.0]], requires_grad=True)
    loss, nats = linear_cross_entropy(h, weight, None, torch.tensor([0, 0]))
    assert nats.tolist() == [0.0, 2000.0]
    assert float(loss.detach()) == 2000.0
    assert torch.autograd.grad(loss, h)[0].tolist() == [[0.0], [-2.0]]


def test_nan_is_propagated() -> None:
    h, weight, bias, targets, _ = make_problem()
    with torch.no_grad():
        h[3, 1] = math.nan
    loss, nats = linear_cross_entropy(h, weight, bias, targets)
    assert loss.isnan()
    assert nats.isnan().nonzero().flatten().tolist() == [3]
    dh, dweight, _ = torch.autograd.grad(loss, [h, weight, bias])
    assert dh.isnan().any(1).nonzero().flatten().tolist() == [3]
    assert dweight.isnan().any()


def test_ignored_rows_are_not_read() -> None:
    h, weight, bias, targets, _ = make_problem()
    targets[3] = IGNORE
    expected = torch.autograd.grad(unfused_loss(h, weight, bias, targets)[0], [h, weight, bias])
    with torch.no_grad():
        h[3] = math.nan
    loss, _ = linear_cross_entropy(h, weight, bias, targets)
    assert_all_close(torch.autograd.grad(loss, [h, weight, bias]), expected)


def test_autocast_has_no_effect() -> None:
    h, weight, bias, targets, w = make_problem(dtype=torch.float32)
    expected = linear_cross_entropy(h, weight, bias, targets, w)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        computed = linear_cross_entropy(h, weight, bias, targets, w)
    assert all(torch.equal(a, b) for a, b in zip(computed, expected, strict=True))


# bfloat16.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bfloat16_products_are_refused_on_the_cpu(dtype: torch.dtype) -> None:
    h, weight, bias, targets, w = make_problem(dtype=dtype)
    with pytest.raises(BackendError, match=f"precision='bfloat16' on cpu in {dtype}.*precision='full'"):
        kernel_torch(h, weight, bias, targets, w, IGNORE, 0.0, "bfloat16", False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["full", "bfloat16"])
def test_the_gpu_gives_equal_results(precision: str) -> None:
    h, weight, bias, targets, w = (
        t.detach().cuda().requires_grad_(t.requires_grad)
        for t in make_problem(64, 32, 48, dtype=torch.float32)
    )
    loss, _ = linear_cross_entropy(h, weight, bias, targets, w, precision=precision)
    expected_loss, _ = unfused_loss(h, weight, bias, targets, w)
    tolerance = 1e-4 if precision == "full" else 5e-2
    computed, expected = (torch.autograd.grad(v, [h, weight, bias]) for v in (loss, expected_loss))
    assert_all_close([loss, *computed], [expected_loss, *expected], rtol=tolerance, atol=tolerance)


# As an operator.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("need_grads", [True, False])
def test_the_operator_passes_opcheck(dtype: torch.dtype, with_bias: bool, need_grads: bool) -> None:
    h, weight, bias, targets, w = make_problem(dtype=dtype)
    targets[4] = IGNORE
    if not need_grads:
        h, weight, bias = h.detach(), weight.detach(), bias.detach()
    arguments = (h, weight, bias, targets, w) if with_bias else (h, weight, None, targets, None)
    torch.library.opcheck(
        torch.ops.unrolled.linear_cross_entropy.default,
        (*arguments, IGNORE, 0.1, "full", need_grads),
    )


def test_no_gradients_are_computed_without_need() -> None:
    h, weight, bias, targets, w = make_problem()
    expected, _ = linear_cross_entropy(h, weight, bias, targets, w)
    sizes = []

    def kernel(*arguments: object) -> tuple[Tensor, ...]:
        computed = kernel_torch(*arguments)  # type: ignore[arg-type]
        sizes.append([t.numel() for t in computed[2:]])
        return computed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unrolled.layers.softmax_loss.softmax_kernel", lambda device: kernel)
        with torch.no_grad():
            loss, _ = linear_cross_entropy(h, weight, bias, targets, w)
        frozen, _ = linear_cross_entropy(h.detach(), weight.detach(), bias.detach(), targets, w)
        linear_cross_entropy(h, weight, bias, targets, w)
    assert sizes == [[0, 0, 0], [0, 0, 0], [N * FEATURES, V * FEATURES, V]]
    assert not loss.requires_grad
    assert not frozen.requires_grad
    assert_all_close([loss, frozen], [expected.detach()] * 2)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_compiles_without_graph_breaks(smoothing: float) -> None:
    h, weight, bias, targets, w = make_problem(dtype=torch.float32)

    def training_loss(h: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, w: Tensor) -> Tensor:
        loss, nats = linear_cross_entropy(h.tanh(), weight, bias, targets, w, label_smoothing=smoothing)
        return 3 * loss + nats.max()

    compiled = torch.compile(training_loss, fullgraph=True, backend="aot_eager")
    computed, expected = (f(h, weight, bias, targets, w) for f in (compiled, training_loss))
    torch.testing.assert_close(computed, expected)
    gradients = [torch.autograd.grad(v, [h, weight, bias]) for v in (computed, expected)]
    assert_all_close(*gradients, **TOLERANCE[torch.float32])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("with_bias", [True, False])
def test_second_derivatives(with_bias: bool, smoothing: float) -> None:
    h, weight, bias, targets, w = make_problem(5, 2, 3)
    targets[1] = IGNORE

    def loss(*parameters: Tensor) -> Tensor:
        h, weight, *rest = parameters
        optional_bias = rest[0] if rest else None
        return linear_cross_entropy(h, weight, optional_bias, targets, w, label_smoothing=smoothing)[0]

    assert gradgradcheck(loss, (h, weight, bias) if with_bias else (h, weight))


# torch scripts its forward-mode rules, and warns about that.
@pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning")
def test_transforms_of_torch_func() -> None:
    h, weight, bias, targets, w = make_problem()
    targets[3] = IGNORE

    def losses(loss: Callable[..., tuple[Tensor, Tensor]]) -> list[Tensor]:
        def summed_loss(*parameters: Tensor) -> Tensor:
            return loss(*parameters, targets, w)[0]

        parts = torch.func.grad(summed_loss, (0, 1, 2))(h, weight, bias)
        tangent = torch.func.jvp(summed_loss, (h, weight, bias), (h, weight, bias))[1]
        hessian = torch.func.hessian(summed_loss, 2)(h, weight, bias)
        per_sample = torch.func.vmap(lambda h, y: loss(h[None], weight, bias, y[None])[0])(h, targets)
        return [*parts, tangent, hessian, per_sample]

    for actual, expected in zip(losses(linear_cross_entropy), losses(unfused_loss), strict=True):
        torch.testing.assert_close(actual, expected)


def test_batched_output_gradients() -> None:
    h, weight, bias, targets, _ = make_problem()
    loss, _ = linear_cross_entropy(h, weight, bias, targets)
    scales = torch.tensor([1.0, 2.0, -3.0], dtype=h.dtype)
    computed = torch.autograd.grad(loss, [h, weight, bias], scales, is_grads_batched=True, retain_graph=True)
    single = torch.autograd.grad(loss, [h, weight, bias])
    for batched_gradient, single_gradient in zip(computed, single, strict=True):
        torch.testing.assert_close(batched_gradient, torch.stack([single_gradient * s for s in scales]))


def test_a_target_outside_the_vocabulary_is_refused_in_transforms() -> None:
    h, weight, bias, targets, _ = make_problem()
    targets[0] = V
    with pytest.raises(ShapeError, match=f"target {V} is not in a vocabulary of {V}"):
        torch.func.grad(lambda h: linear_cross_entropy(h, weight, bias, targets)[0])(h)


# Memory.


def peak_bytes(run: object) -> int:
    """Return the peak number of bytes allocated while ``run`` runs."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()  # type: ignore[operator]
    allocated = peak = 0
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    for event in sorted(events, key=lambda e: e.start_ns()):
        allocated += event.nbytes()
        peak = max(peak, allocated)
    return peak


def test_the_full_logits_are_never_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    n, features, v = 64, 4, 2000
    h, weight, bias, targets, w = make_problem(n, features, v, dtype=torch.float32)
    logits, matrix = 4 * n * v, 4 * v * features
    set_chunk_rows(monkeypatch, 8)

    def run(function: object) -> None:
        loss, _ = function(h, weight, bias, targets, w)  # type: ignore[operator]
        torch.autograd.grad(loss, [h, weight, bias])

    assert peak_bytes(lambda: run(unfused_loss)) > 2 * logits
    assert peak_bytes(lambda: run(linear_cross_entropy)) < logits / 4 + 2 * matrix
    with torch.no_grad():
        inference_peak = peak_bytes(lambda: linear_cross_entropy(h, weight, bias, targets, w))
    assert inference_peak < logits / 4


# Errors.


@pytest.mark.parametrize(
    ("changed_arguments", "error", "message"),
    [
        ({"h": torch.zeros(2, N, FEATURES)}, ShapeError, r"h \(N, F\) and weight \(V, F\), got \(2, 13, 4\)"),
        ({"weight": torch.zeros(V, FEATURES + 1)}, ShapeError, r"got \(13, 4\) and \(7, 5\)"),
        ({"h": torch.zeros(N, FEATURES).half()}, ShapeError, "float32 or float64, got h in torch.float16"),
        ({"weight": torch.zeros(V, FEATURES).double()}, ShapeError, "weight must be torch.float32.*float64"),
        ({"bias": torch.zeros(V, 1)}, ShapeError, r"bias must be torch.float32 \(7,\).*\(7, 1\)"),
        ({"bias": torch.zeros(V + 1)}, ShapeError, r"bias must be torch.float32 \(7,\).*\(8,\)"),
        ({"targets": torch.zeros(N, dtype=torch.int32)}, ShapeError, "targets must be int64"),
        ({"targets": torch.zeros(N + 1, dtype=torch.int64)}, ShapeError, r"\(13,\).*\(14,\)"),
        ({"targets": torch.full((N,), V)}, ShapeError, "target 7 is not in a vocabulary of 7"),
        ({"targets": torch.full((N,), -1)}, ShapeError, "target -1 is not .* nor is it ignore=-100"),
        ({"row_weights": torch.ones(N, 1)}, ShapeError, r"row_weights must be torch.float32 \(13,\)"),
        ({"row_weights": torch.ones(N, requires_grad=True)}, BackendError, "row_weights get no gradient"),
        ({"label_smoothing": 1.5}, ConfigError, r"label_smoothing=1\.5"),
        ({"precision": "float16"}, ConfigError, "precision='float16' is not one of full, bfloat16"),
    ],
)
def test_invalid_arguments_are_refused(
    changed_arguments: dict[str, object], error: type[UnrolledError], message: str
) -> None:
    h, weight, bias, targets, w = make_problem(dtype=torch.float32)
    arguments = {
        "h": h,
        "weight": weight,
        "bias": bias,
        "targets": targets,
        "row_weights": w,
    } | changed_arguments
    with pytest.raises(error, match=message):
        linear_cross_entropy(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    "masked", [slice(0, 192), slice(0, 399), slice(192, 399), slice(1, 385, 2), slice(0, 0)]
)
def test_classes_masked_by_a_bias_of_minus_infinity(
    masked: slice, dtype: torch.dtype, smoothing: float
) -> None:
    """Complete blocks of classes may be masked; loss and gradients equal torch's."""
    h, weight, bias, _, _ = make_problem(9, 4, 400, dtype)
    with torch.no_grad():
        bias[masked] = -torch.inf
    targets = torch.full((9,), 399)
    for actual, expected in zip(
        losses_and_gradients(linear_cross_entropy, h, weight, bias, targets, smoothing),
        losses_and_gradients(unfused_loss, h, weight, bias, targets, smoothing),
        strict=True,
    ):
        torch.testing.assert_close(actual, expected, **TOLERANCE[dtype])


def losses_and_gradients(
    loss: Callable[..., tuple[Tensor, Tensor]],
    h: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    smoothing: float,
) -> tuple[Tensor, ...]:
    total, nats = loss(h, weight, bias, targets, label_smoothing=smoothing)
    return total.detach(), nats, *torch.autograd.grad(total, [h, weight, bias])


def test_a_masked_target_has_an_infinite_loss_as_in_torch() -> None:
    h, weight, bias, _, _ = make_problem(3, 4, 400)
    with torch.no_grad():
        bias[:200] = -torch.inf
    actual, expected = (
        f(h, weight, bias, torch.tensor([3, 399, 250])) for f in (linear_cross_entropy, unfused_loss)
    )
    assert torch.isinf(actual[0])
    torch.testing.assert_close(actual[1], expected[1])
