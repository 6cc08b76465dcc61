"""Layers under the transforms of torch.func and torch.autograd, checked against autograd per sample."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vmap

import unrolled as ur
from numerics import CASES, Case, as_hidden, as_tuple, case_named, layer_state, make_layer, uniform
from unrolled.errors import BackendError, ShapeError
from unrolled.layers import Recurrent, RecurrentDrop

# torch scripts its forward-mode rules, and warns about that.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning")

N, STEPS, BATCH = 3, 4, 2
LENGTHS = [4, 2]
SOME_CASES = [
    case_named(n) for n in ("elman-tanh", "jordan-narrow", "lstm-everything", "gru-after", "gru-before")
]


def samples(layer: Recurrent, *, seed: int = 1) -> Tensor:
    return uniform(N, STEPS, BATCH, layer.input_size, seed=seed)


def weights_of(layer: torch.nn.Module) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in layer.named_parameters()}


def loss(layer: Recurrent, **options: Any) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    """Return a loss, as a function of weights and input, that depends on every output."""

    def run(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        y, state = functional_call(layer, weights, (x,), options)
        return y.square().sum() + sum(s.sin().sum() for s in as_tuple(state))

    return run


def gradients_by_autograd(layer: Recurrent, x: Tensor, **options: Any) -> dict[str, Tensor]:
    """Return the gradient of every parameter from an ordinary backward pass."""
    total = loss(layer, **options)(dict(layer.named_parameters()), x)
    names, parameters = zip(*layer.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(total, parameters), strict=True))


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        torch.testing.assert_close(value, expected[name], msg=lambda m, n=name: f"{n}: {m}")


def stack_dicts(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([p[name] for p in parts]) for name in parts[0]}


@pytest.mark.parametrize("options", [{}, {"lengths": LENGTHS}], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_and_per_sample_gradients(case: Case, options: dict[str, Any]) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=True)
    x = samples(layer)
    run = loss(layer, **options)
    expected = [gradients_by_autograd(layer, single_x, **options) for single_x in x]
    assert_same(grad(run)(weights_of(layer), x[0]), expected[0])
    assert_same(vmap(grad(run), (None, 0))(weights_of(layer), x), stack_dicts(expected))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_vmap_over_batches(case: Case, axis: int) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=True)
    x = samples(layer)
    states_of_samples = [layer_state(layer, BATCH, seed=i) for i in range(N)]
    states = [torch.stack(parts) for parts in zip(*states_of_samples, strict=True)]

    def run(x: Tensor, *states: Tensor) -> tuple[Tensor, Any]:
        return layer(x, as_hidden(states))

    y, final = vmap(run, (axis, *[0] * len(states)))(x.movedim(0, axis), *states)
    single = [run(x[i], *(s[i] for s in states)) for i in range(N)]
    torch.testing.assert_close(y, torch.stack([y for y, _ in single]))
    finals = zip(*(as_tuple(f) for _, f in single), strict=True)
    for actual, expected in zip(as_tuple(final), finals, strict=True):
        torch.testing.assert_close(actual, torch.stack(expected))


@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_an_ensemble_of_layers_in_one_call(case: Case) -> None:
    layers = [make_layer(case, seed=i) for i in range(N)]
    parameters, _ = stack_module_state(layers)  # type: ignore[arg-type]
    x = samples(layers[0])[0]
    run = vmap(lambda w: functional_call(layers[0], w, (x,))[0])
    torch.testing.assert_close(run(parameters), torch.stack([layer(x)[0] for layer in layers]))


@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_vmap_over_lengths(case: Case) -> None:
    layer = make_layer(case)
    x, lengths = samples(layer), torch.tensor([[4, 2], [1, 3], [2, 4]])
    y = vmap(lambda x, n: layer(x, lengths=n)[0])(x, lengths)
    torch.testing.assert_close(y, torch.stack([layer(x[i], lengths=lengths[i])[0] for i in range(N)]))
    with pytest.raises(ShapeError, match=r"lengths must lie in 1\.\.4"):
        vmap(lambda x, n: layer(x, lengths=n)[0])(x, lengths + 1)


@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_jacobians_in_forward_and_reverse_mode(case: Case) -> None:
    layer = make_layer(case, bidirectional=True)
    x = samples(layer)[0]

    def run(x: Tensor) -> Tensor:
        return layer(x, lengths=LENGTHS)[0]

    expected = torch.autograd.functional.jacobian(run, x)
    for computed in (
        jacrev(run)(x),
        jacfwd(run)(x),
        torch.autograd.functional.jacobian(run, x, vectorize=True),
        torch.autograd.functional.jacobian(run, x, vectorize=True, strategy="forward-mode"),
    ):
        torch.testing.assert_close(computed, expected)


@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_hessians(case: Case) -> None:
    layer = make_layer(case)
    x = uniform(2, 1, layer.input_size, seed=1)

    def run(x: Tensor) -> Tensor:
        return layer(x)[0].pow(3).sum()

    expected = torch.autograd.functional.hessian(run, x)
    for computed in (
        hessian(run)(x),
        jacrev(jacrev(run))(x),
        torch.autograd.functional.hessian(run, x, vectorize=True),
    ):
        torch.testing.assert_close(computed, expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_mode_against_reverse_mode(case: Case) -> None:
    layer = make_layer(case, num_layers=2)
    x, v = samples(layer)[:2]
    y, tangent = jvp(lambda x: layer(x)[0], (x,), (v,))
    u = uniform(*y.shape, seed=9)
    leaf = x.clone().requires_grad_()
    (vjp,) = torch.autograd.grad(layer(leaf)[0], leaf, u)
    torch.testing.assert_close((tangent * u).sum(), (vjp * v).sum())
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, v))[0])
    torch.testing.assert_close(dual.tangent, tangent)
    assert layer.explain().paths != ["compiled", "compiled"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_batched_output_gradients(case: Case) -> None:
    layer = make_layer(case, bidirectional=True)
    x = samples(layer)[0].requires_grad_()
    leaves = [x, *layer.parameters()]
    y, _ = layer(x, lengths=LENGTHS)
    output_gradients = uniform(N, *y.shape, seed=5)
    computed = torch.autograd.grad(y, leaves, output_gradients, is_grads_batched=True, retain_graph=True)
    single = [
        torch.autograd.grad(y, leaves, single_gradient, retain_graph=True)
        for single_gradient in output_gradients
    ]
    for actual, expected in zip(computed, zip(*single, strict=True), strict=True):
        torch.testing.assert_close(actual, torch.stack(expected))


@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_table_lookup_under_transforms(case: Case) -> None:
    layer = make_layer(case)
    table, tokens = uniform(3, 2, seed=2), (uniform(N, 20, BATCH, seed=3, low=0.0) * 3).long()
    assert layer.uses_table(3, tokens[0])

    def run(table: Tensor, tokens: Tensor) -> Tensor:
        return layer.look_up(tokens, table)[0].square().sum()

    leaf = table.clone().requires_grad_()
    expected = torch.stack([torch.autograd.grad(run(leaf, t), leaf)[0] for t in tokens])
    torch.testing.assert_close(vmap(grad(run), (None, 0))(table, tokens), expected)
    outputs = vmap(lambda t: layer.look_up(t, table)[0])(tokens)
    torch.testing.assert_close(outputs, torch.stack([layer.look_up(t, table)[0] for t in tokens]))


@pytest.mark.parametrize("checkpoint_every", [2, "auto"])
def test_checkpoints_under_transforms(checkpoint_every: Any) -> None:
    layer = make_layer(case_named("lstm"), checkpoint_every=checkpoint_every)
    x = samples(layer)
    expected = [gradients_by_autograd(layer, single_x) for single_x in x]
    assert_same(vmap(grad(loss(layer)), (None, 0))(weights_of(layer), x), stack_dicts(expected))


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_dropout_under_vmap_follows_its_randomness_option(randomness: str) -> None:
    drop = RecurrentDrop(zoneout=0.5, candidate=0.3, weight=0.4)
    layer = make_layer(case_named("gru-after"), hidden_size=40, num_layers=2, dropout=0.3, drop=drop)
    x = uniform(STEPS, BATCH, 2, seed=1).expand(N, -1, -1, -1)
    y = vmap(lambda x: layer(x)[0], randomness=randomness)(x)
    assert torch.equal(y[0], y[1]) == (randomness == "same")
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(lambda x: layer(x)[0])(x)


@pytest.mark.parametrize("kind", [ur.RNNCell, ur.LSTMCell, ur.GRUCell])
@pytest.mark.parametrize("backend", ["auto", "compiled", "reference"])
def test_single_steps(kind: type, backend: str) -> None:
    cell = kind(2, 3, dtype=torch.float64, backend=backend)
    x = uniform(N, BATCH, 2, seed=1)

    def run(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        new = functional_call(cell, weights, (x,))
        return (new[0] if isinstance(new, tuple) else new).square().sum()

    def cell_gradients(x: Tensor) -> dict[str, Tensor]:
        parameters = dict(cell.named_parameters())
        gradients = torch.autograd.grad(run(parameters, x), list(parameters.values()))
        return dict(zip(parameters, gradients, strict=True))

    expected = [cell_gradients(single_x) for single_x in x]
    assert_same(vmap(grad(run), (None, 0))(weights_of(cell), x), stack_dicts(expected))


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_forward_mode_through_an_exported_layer_raises() -> None:
    layer = make_layer(case_named("lstm")).eval()
    x, v = samples(layer)[:2]
    for module in (torch.export.export(layer, (x,)).module(), torch.jit.trace(layer, (x,))):
        with pytest.raises(RuntimeError, match="no forward-mode derivative"):
            jvp(lambda x, m=module: m(x)[0], (x,), (v,))


@pytest.mark.parametrize(
    "name",
    ["elman-tanh", *(pytest.param(n, marks=pytest.mark.slow) for n in ("lstm-peepholes", "gru-after"))],
)
def test_transforms_under_torch_compile(name: str) -> None:
    layer = make_layer(case_named(name))
    x = samples(layer)
    run = loss(layer)
    functions: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (grad(run), (weights_of(layer), x[0])),
        (vmap(grad(run), (None, 0)), (weights_of(layer), x)),
        (lambda x, v: jvp(lambda x: layer(x)[0], (x,), (v,))[1], (x[0].clone(), x[1].clone())),
    ]
    for function, inputs in functions:
        torch._dynamo.reset()
        expected = function(*inputs)
        torch.testing.assert_close(torch.compile(function, backend="aot_eager")(*inputs), expected)


def test_the_error_of_an_unsupported_transform_names_another_backend() -> None:
    x = uniform(STEPS, BATCH, 2, seed=1)
    compiled = make_layer(case_named("lstm"), backend="compiled")
    with pytest.raises(BackendError, match=r"no forward-mode derivative; use backend='auto'"):
        jvp(lambda x: compiled(x)[0], (x,), (x,))
    aten = make_layer(case_named("lstm"), backend="aten")
    with pytest.raises(BackendError, match=r"no forward-mode derivative; use backend='auto'"):
        jvp(lambda x: aten(x)[0], (x,), (x,))
    with pytest.raises(BackendError, match=r"no batching rule for vmap; use backend='auto'"):
        vmap(lambda x: aten(x)[0])(x[None])
