"""Calls at the edges of autograd, tracing and memory, each against torch's own layers."""

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


def pair(kind: str, size: int = 4) -> tuple[Any, Any]:
    """Return our layer and torch's, with the same weights."""
    ours, theirs = (getattr(module, kind)(3, size) for module in (ur, nn))
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def sequence(seed: int = 1, size: int = 3) -> Tensor:
    return uniform(5, 3, size, seed=seed, dtype=torch.float32)


# Derivatives of derivatives, in several modes.


@pytest.mark.parametrize("kind", ["RNN", "GRU"])  # torch's LSTM cannot
def test_a_tangent_that_arrives_in_backward(kind: str) -> None:
    found = []
    for layer in pair(kind):
        x = sequence().requires_grad_()
        y, _ = layer(x)
        with forward_ad.dual_level():
            above = forward_ad.make_dual(torch.ones_like(y), sequence(2, 4))
            (gradient,) = torch.autograd.grad(y, x, above)
            found.append(forward_ad.unpack_dual(gradient).tangent)
    torch.testing.assert_close(*found)


@each_kind
def test_forward_mode_of_a_pulled_back_gradient(kind: str) -> None:
    found = []
    for layer in pair(kind):
        _, pull = torch.func.vjp(lambda x, m=layer: m(x)[0], sequence())
        v = sequence(2, 4)
        found.append(torch.func.jvp(lambda v, p=pull: p(v)[0], (v,), (2 * v,))[1])
    torch.testing.assert_close(*found)


def test_a_tangent_that_arrives_at_the_loss() -> None:
    h, w, targets = sequence()[0].requires_grad_(), torch.rand(5, 3), torch.tensor([0, 4, 2])
    found = []
    for loss in (
        linear_cross_entropy(h, w, None, targets)[0],
        F.cross_entropy(F.linear(h, w), targets, reduction="sum"),
    ):
        with forward_ad.dual_level():
            above = forward_ad.make_dual(torch.ones(()), torch.ones(()))
            (gradient,) = torch.autograd.grad(loss, h, above)
            found.append(forward_ad.unpack_dual(gradient).tangent)
    torch.testing.assert_close(*found)


def test_many_gradients_of_one_loss_by_vmap() -> None:
    h, w, targets = sequence()[0].requires_grad_(), torch.rand(5, 3), torch.tensor([0, 4, 2])
    loss, _ = linear_cross_entropy(h, w, None, targets)
    scales = torch.tensor([1.0, 2.0])
    many = torch.vmap(lambda v: torch.autograd.grad(loss, h, v, retain_graph=True)[0])(scales)
    torch.testing.assert_close(many[1], 2 * many[0])


def test_rows_to_ignore_may_hold_nan_in_every_derivative() -> None:
    h, w, b = torch.rand(4, 3), torch.rand(5, 3, requires_grad=True), torch.rand(5, requires_grad=True)
    targets, weights = torch.tensor([0, -100, 2, 1]), torch.ones(4)
    h[1], weights[1] = torch.nan, torch.nan
    h.requires_grad_()

    def gradients(**options: bool) -> tuple[Tensor, ...]:
        return torch.autograd.grad(linear_cross_entropy(h, w, b, targets, weights)[0], (h, w, b), **options)

    for plain, again in zip(gradients(), gradients(create_graph=True), strict=True):
        assert plain.isfinite().all()
        torch.testing.assert_close(plain, again)
    loss = torch.func.grad(lambda h: linear_cross_entropy(h, w, b, targets, weights)[0])
    torch.testing.assert_close(loss(h.detach()), gradients()[0])


def test_a_gradient_belongs_to_the_caller_while_the_graph_is_kept() -> None:
    h, w = torch.rand(4, 3, requires_grad=True), torch.rand(5, 3)
    loss, _ = linear_cross_entropy(h, w, None, torch.tensor([0, 1, 2, 3]))
    (first,) = torch.autograd.grad(loss, h, retain_graph=True)
    expected = first.clone()
    first.zero_()
    assert torch.equal(torch.autograd.grad(loss, h)[0], expected)


@each_kind
def test_gradients_from_above_may_be_negated_views(kind: str) -> None:
    class Negated(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, y: Tensor) -> Tensor:
            return y.clone()

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return torch._neg_view(-g.contiguous())

    found = []
    for layer in pair(kind):
        total = Negated.apply(layer(sequence())[0]).sum()
        found.append(torch.autograd.grad(total, list(layer.parameters())))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


# An output that is changed in place, wherever the layer runs.


class Residual(nn.Module):
    """``y += x``, as it is often written."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.layer(x)
        y += x
        return y


def gradients_of(run: Callable[[Tensor], Tensor], model: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(run(sequence()).square().sum(), list(model.parameters())))


# Where a graph breaks inside a transform, torch looks into the kernel's own functions and says so.
@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a:UserWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("how", ["eager", "compile", "func", "compiled func", "trace", "dispatch mode"])
@each_kind
def test_an_output_changed_in_place_wherever_it_runs(kind: str, how: str) -> None:
    torch._dynamo.reset()
    ours, theirs = pair(kind, 3)
    model = Residual(ours)
    expected = gradients_of(lambda x: theirs(x)[0] + x, theirs)
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def loss(weights: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(model, weights, (sequence(),)).square().sum()

    if how == "func":
        found = list(torch.func.grad(loss)(weights).values())
    elif how == "compiled func":
        found = list(torch.compile(torch.func.grad(loss), backend="aot_eager")(weights).values())
    elif how == "dispatch mode":
        with FlopCounterMode(display=False):
            found = gradients_of(model, model)
    else:
        runs: dict[str, Callable[[], Any]] = {
            "eager": lambda: model,
            "compile": lambda: torch.compile(model, backend="aot_eager", fullgraph=True),
            "trace": lambda: torch.jit.trace(model, (sequence(),)),
        }
        found = gradients_of(runs[how](), model)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


# Tracing and devices.


@each_kind
def test_a_graph_of_a_transform(kind: str) -> None:
    layer, theirs = pair(kind)

    def slope_of(m: nn.Module) -> Callable[[Tensor], Tensor]:
        return lambda x: torch.func.grad(lambda x: m(x)[0].square().sum())(x)

    graph = make_fx(slope_of(layer))(sequence())
    torch.testing.assert_close(graph(sequence(2)), slope_of(theirs)(sequence(2)))


@each_kind
def test_lengths_as_a_list_under_tracers_and_fake_tensors(kind: str) -> None:
    layer, _ = pair(kind)
    graph = make_fx(lambda x: layer(x, lengths=[5, 3, 2])[0])(sequence())
    torch.testing.assert_close(graph(sequence(2)), layer(sequence(2), lengths=[5, 3, 2])[0])
    with torch._subclasses.FakeTensorMode():
        for backend in ("auto", "reference"):
            fake = getattr(ur, kind)(3, 4, backend=backend)
            assert fake(torch.empty(5, 3, 3), lengths=[5, 3, 2])[0].shape == (5, 3, 4)


@pytest.mark.parametrize("lengths", [[9, 2], [0, 2], [-1, 2]])
def test_lengths_are_checked_where_the_reference_loop_is_traced(lengths: list[int]) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(ur.GRU(3, 4, backend="reference"), backend="aot_eager")
    compiled(sequence()[:, :2], lengths=torch.tensor([5, 2]))
    with pytest.raises(RuntimeError, match=r"lengths must lie in 1\.\.5"):
        compiled(sequence()[:, :2], lengths=torch.tensor(lengths))


@contextlib.contextmanager
def default_device(name: str) -> Iterator[None]:
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


@each_kind
def test_a_default_device_elsewhere_does_not_matter(kind: str) -> None:
    layer, _ = pair(kind)
    drop = ur.RecurrentDrop(zoneout=0.3, candidate=0.2)
    masked = getattr(ur, kind)(3, 4, drop=drop)
    x = sequence()
    expected = layer(x, lengths=[5, 3, 2])[0]
    with default_device("meta"):
        y, _ = layer(x, lengths=[5, 3, 2])
        masked(x)
    assert torch.equal(y, expected)


def test_a_state_alone_may_be_what_fx_traces() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = ur.GRU(3, 4)
            self.register_buffer("x", sequence())

        def forward(self, h: Tensor) -> Tensor:
            return self.layer(self.x, h)[0]

    model, h = Model(), torch.rand(1, 3, 4)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(h), model(h))


@pytest.mark.parametrize("kind", [*KINDS, *(f"{k}Cell" for k in KINDS)])
def test_parameters_may_be_left_without_a_start(kind: str) -> None:
    made = torch.nn.utils.skip_init(getattr(ur, kind), 3, 4)
    assert all(p.device.type == "cpu" for p in made.parameters())


# Memory.


@each_kind
def test_numbers_that_lie_at_odd_addresses(kind: str) -> None:
    layer, _ = pair(kind)
    memory = bytearray(4 * 45 + 1)
    x = torch.frombuffer(memory, dtype=torch.float32, offset=1, count=45).view(5, 3, 3).copy_(sequence())
    assert x.data_ptr() % 4
    expected = layer(sequence())[0]
    torch.testing.assert_close(layer(x.requires_grad_())[0], expected)
    layer(x)[0].sum().backward()


@each_kind
def test_a_tensor_whose_memory_was_taken_away_is_refused(kind: str) -> None:
    layer, _ = pair(kind)
    x = sequence()
    x.untyped_storage().resize_(16)
    with torch.no_grad(), pytest.raises(ShapeError, match="x needs 45 numbers"):
        layer(x)


@each_kind
def test_weights_in_another_layout_before_backward(kind: str) -> None:
    found = []
    for layer in pair(kind):
        y, _ = layer(sequence())
        layer.weight_hh_l0.data = layer.weight_hh_l0.data.t().contiguous().t()
        found.append(torch.autograd.grad(y.sum(), list(layer.parameters())))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_derivative_that_the_compiled_loop_lacks_is_named() -> None:
    layer = ur.LSTM(3, 4, backend="compiled")
    with pytest.raises(BackendError, match="no forward-mode derivative"):
        torch.func.jvp(lambda x: layer(x)[0], (sequence(),), (sequence(),))


def test_no_features_and_more_threads_than_there_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5000)
    loss, _ = linear_cross_entropy(torch.zeros(2, 0), torch.zeros(3, 0), None, torch.tensor([0, 1]))
    torch.testing.assert_close(loss, 2 * torch.tensor(3.0).log())
