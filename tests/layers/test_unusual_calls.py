"""Edge cases of autograd, tracing and memory, checked against torch's layers."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

import unrolled as ur
from numerics import needs_extension, uniform
from unrolled.errors import BackendError, ShapeError
from unrolled.layers.softmax_loss import linear_cross_entropy

pytestmark = [
    needs_extension,
    pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
KINDS = ("RNN", "LSTM", "GRU")
each_kind = pytest.mark.parametrize("kind", KINDS)


def make_pair(kind: str, size: int = 4) -> tuple[Any, Any]:
    """Return our layer and torch's, with the same weights."""
    ours, torch_layer = (getattr(module, kind)(3, size) for module in (ur, nn))
    torch_layer.load_state_dict(ours.state_dict())
    return ours, torch_layer


def make_sequence(seed: int = 1, size: int = 3) -> Tensor:
    return uniform(5, 3, size, seed=seed, dtype=torch.float32)


# Derivatives of derivatives, in several modes.


@pytest.mark.parametrize("kind", ["RNN", "GRU"])  # torch's LSTM cannot
def test_forward_mode_through_backward(kind: str) -> None:
    results = []
    for layer in make_pair(kind):
        x = make_sequence().requires_grad_()
        y, _ = layer(x)
        with forward_ad.dual_level():
            output_gradient = forward_ad.make_dual(torch.ones_like(y), make_sequence(2, 4))
            (gradient,) = torch.autograd.grad(y, x, output_gradient)
            results.append(forward_ad.unpack_dual(gradient).tangent)
    torch.testing.assert_close(*results)


@each_kind
def test_forward_mode_through_vjp(kind: str) -> None:
    results = []
    for layer in make_pair(kind):
        _, vjp_function = torch.func.vjp(lambda x, m=layer: m(x)[0], make_sequence())
        v = make_sequence(2, 4)
        results.append(torch.func.jvp(lambda v, p=vjp_function: p(v)[0], (v,), (2 * v,))[1])
    torch.testing.assert_close(*results)


def test_forward_mode_through_backward_of_the_loss() -> None:
    h, w, targets = make_sequence()[0].requires_grad_(), torch.rand(5, 3), torch.tensor([0, 4, 2])
    results = []
    for loss in (
        linear_cross_entropy(h, w, None, targets)[0],
        F.cross_entropy(F.linear(h, w), targets, reduction="sum"),
    ):
        with forward_ad.dual_level():
            output_gradient = forward_ad.make_dual(torch.ones(()), torch.ones(()))
            (gradient,) = torch.autograd.grad(loss, h, output_gradient)
            results.append(forward_ad.unpack_dual(gradient).tangent)
    torch.testing.assert_close(*results)


def test_vmap_over_gradients_of_one_loss() -> None:
    h, w, targets = make_sequence()[0].requires_grad_(), torch.rand(5, 3), torch.tensor([0, 4, 2])
    loss, _ = linear_cross_entropy(h, w, None, targets)
    scales = torch.tensor([1.0, 2.0])
    gradients = torch.vmap(lambda v: torch.autograd.grad(loss, h, v, retain_graph=True)[0])(scales)
    torch.testing.assert_close(gradients[1], 2 * gradients[0])


def test_ignored_rows_may_be_nan_in_every_derivative() -> None:
    h, w, b = torch.rand(4, 3), torch.rand(5, 3, requires_grad=True), torch.rand(5, requires_grad=True)
    targets, weights = torch.tensor([0, -100, 2, 1]), torch.ones(4)
    h[1], weights[1] = torch.nan, torch.nan
    h.requires_grad_()

    def gradients(**options: bool) -> tuple[Tensor, ...]:
        return torch.autograd.grad(linear_cross_entropy(h, w, b, targets, weights)[0], (h, w, b), **options)

    for gradient, differentiable in zip(gradients(), gradients(create_graph=True), strict=True):
        assert gradient.isfinite().all()
        torch.testing.assert_close(gradient, differentiable)
    loss = torch.func.grad(lambda h: linear_cross_entropy(h, w, b, targets, weights)[0])
    torch.testing.assert_close(loss(h.detach()), gradients()[0])


def test_a_returned_gradient_may_be_overwritten() -> None:
    h, w = torch.rand(4, 3, requires_grad=True), torch.rand(5, 3)
    loss, _ = linear_cross_entropy(h, w, None, torch.tensor([0, 1, 2, 3]))
    (first,) = torch.autograd.grad(loss, h, retain_graph=True)
    expected = first.clone()
    first.zero_()
    assert torch.equal(torch.autograd.grad(loss, h)[0], expected)


@each_kind
def test_output_gradients_may_be_negated_views(kind: str) -> None:
    class Negated(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, y: Tensor) -> Tensor:
            return y.clone()

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return torch._neg_view(-g.contiguous())

    results = []
    for layer in make_pair(kind):
        total = Negated.apply(layer(make_sequence())[0]).sum()
        results.append(torch.autograd.grad(total, list(layer.parameters())))
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected)


# An output that is changed in place.


class Residual(nn.Module):
    """``y += x``, as it is often written."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.layer(x)
        y += x
        return y


def compute_gradients(run: Callable[[Tensor], Tensor], model: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(run(make_sequence()).square().sum(), list(model.parameters())))


# At a graph break inside a transform, torch traces into the functions of the kernel and warns about that.
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a:UserWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("mode", ["eager", "compile", "func", "compiled func", "trace", "dispatch mode"])
@each_kind
def test_an_output_may_be_changed_in_place_in_every_mode(kind: str, mode: str) -> None:
    torch._dynamo.reset()
    ours, torch_layer = make_pair(kind, 3)
    model = Residual(ours)
    expected = compute_gradients(lambda x: torch_layer(x)[0] + x, torch_layer)
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def loss(weights: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(model, weights, (make_sequence(),)).square().sum()

    if mode == "func":
        results = list(torch.func.grad(loss)(weights).values())
    elif mode == "compiled func":
        results = list(torch.compile(torch.func.grad(loss), backend="aot_eager")(weights).values())
    elif mode == "dispatch mode":
        with FlopCounterMode(display=False):
            results = compute_gradients(model, model)
    else:
        runs: dict[str, Callable[[], Any]] = {
            "eager": lambda: model,
            "compile": lambda: torch.compile(model, backend="aot_eager", fullgraph=True),
            "trace": lambda: torch.jit.trace(model, (make_sequence(),)),
        }
        results = compute_gradients(runs[mode](), model)
    for a, b in zip(results, expected, strict=True):
        torch.testing.assert_close(a, b)


# Tracing and devices.


@each_kind
def test_make_fx_of_a_transform(kind: str) -> None:
    layer, torch_layer = make_pair(kind)

    def make_gradient_function(m: nn.Module) -> Callable[[Tensor], Tensor]:
        return lambda x: torch.func.grad(lambda x: m(x)[0].square().sum())(x)

    graph = make_fx(make_gradient_function(layer))(make_sequence())
    torch.testing.assert_close(graph(make_sequence(2)), make_gradient_function(torch_layer)(make_sequence(2)))


@each_kind
def test_lengths_as_a_list_under_tracers_and_fake_tensors(kind: str) -> None:
    layer, _ = make_pair(kind)
    graph = make_fx(lambda x: layer(x, lengths=[5, 3, 2])[0])(make_sequence())
    torch.testing.assert_close(graph(make_sequence(2)), layer(make_sequence(2), lengths=[5, 3, 2])[0])
    with torch._subclasses.FakeTensorMode():
        for backend in ("auto", "reference"):
            fake = getattr(ur, kind)(3, 4, backend=backend)
            assert fake(torch.empty(5, 3, 3), lengths=[5, 3, 2])[0].shape == (5, 3, 4)


@pytest.mark.parametrize("lengths", [[9, 2], [0, 2], [-1, 2]])
def test_lengths_are_checked_in_the_compiled_reference_loop(lengths: list[int]) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(ur.GRU(3, 4, backend="reference"), backend="aot_eager")
    compiled(make_sequence()[:, :2], lengths=torch.tensor([5, 2]))
    with pytest.raises(RuntimeError, match=r"lengths must lie in 1\.\.5"):
        compiled(make_sequence()[:, :2], lengths=torch.tensor(lengths))


@contextlib.contextmanager
def default_device(name: str) -> Iterator[None]:
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


@each_kind
def test_another_default_device_has_no_effect(kind: str) -> None:
    layer, _ = make_pair(kind)
    drop = ur.RecurrentDrop(zoneout=0.3, candidate=0.2)
    masked = getattr(ur, kind)(3, 4, drop=drop)
    x = make_sequence()
    expected = layer(x, lengths=[5, 3, 2])[0]
    with default_device("meta"):
        y, _ = layer(x, lengths=[5, 3, 2])
        masked(x)
    assert torch.equal(y, expected)


def test_fx_may_trace_only_the_state() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = ur.GRU(3, 4)
            self.register_buffer("x", make_sequence())

        def forward(self, h: Tensor) -> Tensor:
            return self.layer(self.x, h)[0]

    model, h = Model(), torch.rand(1, 3, 4)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(h), model(h))


@pytest.mark.parametrize("kind", [*KINDS, *(f"{k}Cell" for k in KINDS)])
def test_skip_init(kind: str) -> None:
    layer = torch.nn.utils.skip_init(getattr(ur, kind), 3, 4)
    assert all(p.device.type == "cpu" for p in layer.parameters())


# Memory.


@each_kind
def test_unaligned_input(kind: str) -> None:
    layer, _ = make_pair(kind)
    memory = bytearray(4 * 45 + 1)
    x = torch.frombuffer(memory, dtype=torch.float32, offset=1, count=45).view(5, 3, 3).copy_(make_sequence())
    assert x.data_ptr() % 4
    expected = layer(make_sequence())[0]
    torch.testing.assert_close(layer(x.requires_grad_())[0], expected)
    layer(x)[0].sum().backward()


@each_kind
def test_a_tensor_with_resized_storage_is_refused(kind: str) -> None:
    layer, _ = make_pair(kind)
    x = make_sequence()
    x.untyped_storage().resize_(16)
    with torch.no_grad(), pytest.raises(ShapeError, match="x needs 45 numbers"):
        layer(x)


@each_kind
def test_weights_may_change_their_layout_before_backward(kind: str) -> None:
    results = []
    for layer in make_pair(kind):
        y, _ = layer(make_sequence())
        layer.weight_hh_l0.data = layer.weight_hh_l0.data.t().contiguous().t()
        results.append(torch.autograd.grad(y.sum(), list(layer.parameters())))
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected)


def test_forward_mode_on_the_compiled_loop_is_refused() -> None:
    layer = ur.LSTM(3, 4, backend="compiled")
    with pytest.raises(BackendError, match="no forward-mode derivative"):
        torch.func.jvp(lambda x: layer(x)[0], (make_sequence(),), (make_sequence(),))


def test_no_features_and_too_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5000)
    loss, _ = linear_cross_entropy(torch.zeros(2, 0), torch.zeros(3, 0), None, torch.tensor([0, 1]))
    torch.testing.assert_close(loss, 2 * torch.tensor(3.0).log())
