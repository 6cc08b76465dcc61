"""Layers on the compiled loop under torch.compile, torch.export and tracing; refused derivatives."""

import io
import tempfile
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from numerics import (
    Case,
    as_hidden,
    as_tuple,
    case_named,
    layer_state,
    make_layer,
    needs_extension,
    uniform,
    weighted_sum,
)
from parity import assert_near
from unrolled import RecurrentDrop
from unrolled.errors import BackendError, ShapeError
from unrolled.layers import Recurrent

pytestmark = [
    needs_extension,
    # warnings of torch about modules that torch itself imports
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects:UserWarning"),
]


def make_compiled_layer(case: Case, **options: Any) -> Recurrent:
    return make_layer(
        case, num_layers=2, bidirectional=True, dtype=torch.float32, backend="compiled", **options
    )


@pytest.fixture
def compile_fully() -> Callable[..., Any]:
    """``compile_fully(layer)`` compiles without graph breaks, from a clean state."""
    torch._dynamo.reset()

    def compile(layer: Recurrent, backend: str = "aot_eager") -> Any:
        return torch.compile(layer, fullgraph=True, backend=backend)

    return compile


def assert_same_training(layer: Recurrent, other: Callable[..., Any], *, within: float = 0.0) -> None:
    """Compare outputs, states and gradients of a layer and its compiled version."""
    x = uniform(5, 3, 2, seed=1, dtype=torch.float32).requires_grad_()
    results = []
    for run in (layer, other):
        torch.manual_seed(0)
        y, final = run(x, as_hidden(layer_state(layer, 3)))
        outputs = [y, *as_tuple(final)]
        results.append([*outputs, *torch.autograd.grad(weighted_sum(outputs), [x, *layer.parameters()])])
    assert_near(*results, within=within)


@pytest.mark.parametrize("name", ["lstm-everything", "gru-before", "jordan"])
def test_a_compiled_layer_trains_equally(name: str, compile_fully: Callable[..., Any]) -> None:
    layer = make_compiled_layer(case_named(name))
    assert_same_training(layer, compile_fully(layer))


@pytest.mark.parametrize(
    "options", [{"checkpoint_every": "auto"}, {"drop": RecurrentDrop(zoneout=0.3, candidate=0.2)}]
)
def test_a_compiled_layer_trains_equally_with_options(
    options: dict[str, Any], compile_fully: Callable[..., Any]
) -> None:
    layer = make_compiled_layer(case_named("lstm"), **options)
    assert_same_training(layer, compile_fully(layer))


def test_a_compiled_layer_accepts_ragged_rows(compile_fully: Callable[..., Any]) -> None:
    layer = make_compiled_layer(case_named("lstm"))
    compiled = compile_fully(layer)
    x = uniform(5, 3, 2, seed=1, dtype=torch.float32)
    for lengths in (torch.tensor([5, 1, 3]), torch.tensor([2, 4, 1])):
        results = []
        for run in (layer, compiled):
            y, final = run(x, lengths=lengths)
            outputs = [y, *as_tuple(final)]
            results.append([*outputs, *torch.autograd.grad(weighted_sum(outputs), [*layer.parameters()])])
        assert_near(*results, within=0.0)


@pytest.mark.parametrize("length", [0, 6])
def test_a_compiled_layer_checks_lengths_at_every_call(
    length: int, compile_fully: Callable[..., Any]
) -> None:
    compiled = compile_fully(make_compiled_layer(case_named("lstm")))
    x = uniform(5, 3, 2, seed=1, dtype=torch.float32)
    compiled(x, lengths=torch.tensor([5, 1, 3]))
    with pytest.raises(ShapeError, match=r"lengths must lie in 1\.\.5"):
        compiled(x, lengths=torch.tensor([5, length, 3]))


@pytest.mark.slow
@pytest.mark.skipif(
    any(c.isspace() for c in tempfile.gettempdir()),
    reason="torch's compiler does not bear blanks in the path of the temporary folder",
)
def test_inductor_trains_equally(compile_fully: Callable[..., Any]) -> None:
    layer = make_compiled_layer(case_named("lstm"))
    assert_same_training(layer, compile_fully(layer, "inductor"), within=1e-6)


@pytest.mark.parametrize("name", ["lstm", "gru-after"])
def test_a_compiled_layer_gives_equal_outputs_for_any_batch_size(
    name: str, compile_fully: Callable[..., Any]
) -> None:
    layer = make_compiled_layer(case_named(name)).eval()
    compiled = compile_fully(layer)
    with torch.no_grad():
        for batch in (3, 5, 8):
            x = uniform(5, batch, 2, seed=batch, dtype=torch.float32)
            (y, final), (expected, expected_final) = compiled(x), layer(x)
            assert torch.equal(y, expected)
            assert all(
                torch.equal(a, b) for a, b in zip(as_tuple(final), as_tuple(expected_final), strict=True)
            )


# torch reads .grad of tensors at a graph break, and warns about that.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("elman-tanh", "backend"),
        pytest.param("lstm", "backend", marks=pytest.mark.slow),
        ("gru-after", "autocast"),
        ("lstm", "one step"),
        pytest.param("gru-after", "packed", marks=pytest.mark.slow),
    ],
)
def test_ragged_rows_on_torch_kernels(name: str, variant: str) -> None:
    """torch packs rows by the values of lengths, which breaks the graph, as with torch's own layers."""
    torch._dynamo.reset()
    options = {"backend": "aten"} if variant == "backend" else {}
    layer = make_layer(case_named(name), dtype=torch.float32, bidirectional=True, **options)
    steps = 1 if variant == "one step" else 5
    x, lengths = uniform(steps, 3, 2, seed=1, dtype=torch.float32), torch.tensor([steps, 1, (steps + 1) // 2])

    def run(x: Tensor, lengths: Tensor) -> Tensor:
        if variant != "packed":
            return layer(x, lengths=lengths)[0]
        packed, _ = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return pad_packed_sequence(packed)[0]

    with torch.autocast("cpu", torch.bfloat16, enabled=variant == "autocast"):
        expected, y = run(x, lengths), torch.compile(run, backend="aot_eager")(x, lengths)
    tolerance = 1e-2 if variant == "autocast" else 1e-6
    torch.testing.assert_close(y, expected, rtol=tolerance, atol=tolerance)
    gradients = [torch.autograd.grad(out.float().sum(), list(layer.parameters())) for out in (y, expected)]
    assert_near(*gradients, within=2e-2 if variant == "autocast" else 1e-5)


def test_invalid_lengths_are_refused_on_torch_kernels() -> None:
    torch._dynamo.reset()
    layer = make_layer(case_named("lstm"), dtype=torch.float32, backend="aten")
    compiled = torch.compile(lambda x, n: layer(x, lengths=n)[0], backend="aot_eager")
    with pytest.raises(ShapeError, match=r"lengths must lie in 1\.\.5"):
        compiled(uniform(5, 3, 2, seed=1, dtype=torch.float32), torch.tensor([5, 6, 3]))


# Exporting and tracing.


@pytest.mark.parametrize("strict", [False, True])
def test_an_exported_layer_survives_saving_and_loading(strict: bool) -> None:
    layer = make_compiled_layer(case_named("lstm")).eval()
    x = uniform(5, 3, 2, seed=1, dtype=torch.float32)
    program = torch.export.export(layer, (x,), strict=strict)
    assert "unrolled.layer.default" in str(program.graph)
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded = torch.export.load(file).module()
    other = uniform(5, 3, 2, seed=2, dtype=torch.float32)
    for y, expected in zip(loaded(other), layer(other), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(as_tuple(y), as_tuple(expected), strict=True))


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_traced_layer_gives_equal_outputs(grad: bool) -> None:
    layer = make_layer(case_named("lstm"), num_layers=2, bidirectional=True, dtype=torch.float32)
    x, other = (uniform(5, 3, 2, seed=i, dtype=torch.float32) for i in (1, 2))
    with torch.set_grad_enabled(grad):
        traced = torch.jit.trace(layer, (x,))
        torch.testing.assert_close(traced(other)[0], layer(other)[0])


@pytest.mark.parametrize("frozen", [False, True])
def test_a_graph_from_make_fx_gives_equal_outputs(frozen: bool) -> None:
    layer = make_layer(case_named("lstm"), num_layers=2, bidirectional=True, dtype=torch.float32)
    layer.requires_grad_(not frozen)
    x, other = (uniform(5, 3, 2, seed=i, dtype=torch.float32) for i in (1, 2))
    graph = make_fx(lambda x: layer(x)[0])(x)
    torch.testing.assert_close(graph(other), layer(other)[0])


# Other derivatives raise an error; they never give wrong numbers.


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_forward_mode_is_refused(frozen: bool, grad: bool) -> None:
    layer = make_compiled_layer(case_named("lstm")).requires_grad_(not frozen)
    x, v = (uniform(5, 3, 2, seed=i, dtype=torch.float32) for i in (1, 2))
    with (
        forward_ad.dual_level(),
        torch.set_grad_enabled(grad),
        pytest.raises((NotImplementedError, BackendError)),
    ):
        layer(forward_ad.make_dual(x, v))
