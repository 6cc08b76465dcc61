"""Layers on the compiled loop equal the reference, with every option."""

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import unrolled as ur
from numerics import (
    BACKENDS,
    CASES,
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
from property_settings import examples
from unrolled import RecurrentDrop
from unrolled.layers import Recurrent

STEPS, BATCH = 6, 5
LENGTHS = [4, 6, 1, 3, 6]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "three layers": {"num_layers": 3},
    "both directions": {"num_layers": 2, "bidirectional": True},
    "residual": {"num_layers": 3, "residual": True},
    "dropout": {"num_layers": 2, "dropout": 0.4},
    "locked dropout": {"num_layers": 2, "bidirectional": True, "drop": RecurrentDrop(locked=0.4)},
    "weight dropout": {"num_layers": 2, "bidirectional": True, "drop": RecurrentDrop(weight=0.4)},
    "zoneout": {"num_layers": 2, "bidirectional": True, "drop": RecurrentDrop(zoneout=0.3)},
    "candidate": {"num_layers": 2, "drop": RecurrentDrop(candidate=0.3)},
}


def run(layer: Recurrent, **call_options: Any) -> list[Tensor]:
    """Return output, final state and every gradient of one seeded pass."""
    torch.manual_seed(3)
    x = uniform(STEPS, BATCH, layer.input_size, seed=1).requires_grad_()
    states = [s.requires_grad_() for s in layer_state(layer, BATCH)]
    y, final = layer(x, as_hidden(tuple(states)), **call_options)
    outputs = [y, *as_tuple(final)]
    gradients = torch.autograd.grad(weighted_sum(outputs), [x, *states, *layer.parameters()])
    return [t.detach() for t in (*outputs, *gradients)]


def assert_on_both_paths(layer: Recurrent, **call_options: Any) -> None:
    results = []
    for backend in ("compiled", "reference"):
        layer.backend = backend  # type: ignore[assignment]
        results.append(run(layer, **call_options))
        assert layer.explain().paths == [backend] * layer.num_layers
    assert_near(*results, within=1e-11)


CELLS_WITH_OPTIONS = [
    pytest.param(case, options, id=f"{case}-{name}")
    for case in CASES
    for name, options in OPTIONS.items()
    if case.cell.recurrent or name != "weight dropout"
]


@pytest.mark.thin(13)
@needs_extension
@pytest.mark.parametrize(("case", "options"), CELLS_WITH_OPTIONS)
def test_every_option_of_every_cell(case: Case, options: dict[str, Any]) -> None:
    layer = make_layer(case, **options)
    assert_on_both_paths(layer)
    assert_on_both_paths(layer.eval(), lengths=LENGTHS)


@needs_extension
@examples(40)
@given(data=st.data())
def test_any_combination_of_options(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    rates = st.sampled_from((0.0, 0.0, 0.3))
    names = ["locked", "zoneout", "candidate"]
    names += ["weight"] if case.cell.recurrent else []
    names += ["zoneout_cell"] if "c" in case.cell.state_names else []
    layers = data.draw(st.integers(1, 3))
    layer = make_layer(
        case,
        num_layers=layers,
        bidirectional=data.draw(st.booleans()),
        residual=data.draw(st.booleans()),
        dropout=data.draw(rates) if layers > 1 else 0.0,
        drop=RecurrentDrop(**{name: data.draw(rates) for name in names}),
    )
    layer.train(data.draw(st.booleans()))
    lengths = st.lists(st.integers(1, STEPS), min_size=BATCH, max_size=BATCH)
    assert_on_both_paths(layer, lengths=data.draw(st.none() | lengths))


@needs_extension
@pytest.mark.parametrize("case", CASES, ids=str)
def test_resets_within_a_pass(case: Case) -> None:
    reset_mask = torch.zeros(STEPS, BATCH, dtype=torch.bool)
    reset_mask[0, 1] = reset_mask[2, 0] = reset_mask[2, 3] = reset_mask[5, 4] = True
    assert_on_both_paths(make_layer(case, num_layers=2), reset_mask=reset_mask)


@needs_extension
@pytest.mark.parametrize("input_form", ["batch_first", "unbatched", "packed sorted", "packed unsorted"])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan-narrow", "lstm-everything", "gru-before"])
def test_every_input_form_with_gradients(name: str, input_form: str) -> None:
    results = []
    for backend in ("compiled", "reference"):
        layer = make_layer(
            case_named(name),
            num_layers=2,
            bidirectional=True,
            batch_first=input_form == "batch_first",
            backend=backend,
        )
        x = uniform(STEPS, BATCH, 2, seed=1).requires_grad_()
        states = layer_state(layer, BATCH)
        layer_input: Any = x.transpose(0, 1) if input_form == "batch_first" else x
        if input_form == "unbatched":
            layer_input, states = x[:, 0], tuple(s[:, 0] for s in states)
        elif input_form.startswith("packed"):
            lengths = sorted(LENGTHS, reverse=True) if input_form == "packed sorted" else LENGTHS
            layer_input = pack_padded_sequence(x, lengths, enforce_sorted=input_form == "packed sorted")
        y, final = layer(layer_input, as_hidden(states))
        outputs = [y.data if isinstance(y, PackedSequence) else y, *as_tuple(final)]
        results.append([*outputs, *torch.autograd.grad(weighted_sum(outputs), [x, *layer.parameters()])])
    assert_near(*results, within=1e-11)


@needs_extension
def test_states_without_gradient_and_frozen_weights() -> None:
    layer = make_layer(case_named("lstm"), num_layers=2, bidirectional=True, backend="compiled")
    x = uniform(STEPS, BATCH, 2, seed=1)
    all_gradients = torch.autograd.grad(layer(x)[0].sum(), list(layer.parameters()))
    for i, p in enumerate(layer.parameters()):
        p.requires_grad_(i % 3 == 0)
    layer(x)[0].sum().backward()
    for i, (p, g) in enumerate(zip(layer.parameters(), all_gradients, strict=True)):
        if i % 3 == 0:
            assert p.grad is not None
            torch.testing.assert_close(p.grad, g, rtol=1e-13, atol=1e-13)
        else:
            assert p.grad is None
    layer.requires_grad_(False)
    assert not layer(x)[0].requires_grad
    h = layer_state(layer, BATCH)[0].requires_grad_()
    (dh,) = torch.autograd.grad(layer(x, (h, h.detach()))[0].sum(), h)
    assert dh.any()


@needs_extension
def test_autocast_is_left_to_torch() -> None:
    layer, torch_layer = ur.LSTM(4, 5), nn.LSTM(4, 5)
    torch_layer.load_state_dict(layer.state_dict())
    x = uniform(6, 3, 4, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        y, (h, c) = layer(x)
        expected, (expected_h, expected_c) = torch_layer(x)
    assert str(layer.explain()) == (
        "l0: aten (autocast chooses the dtypes, which the compiled loop does not support; "
        "torch has a kernel for this cell)"
    )
    assert [t.dtype for t in (y, h, c)] == [t.dtype for t in (expected, expected_h, expected_c)]
    torch.testing.assert_close([y, h, c], [expected, expected_h, expected_c])
    unsupported = ur.GRU(4, 5, cell=ur.cells.GRU(reset="before"))
    with torch.autocast("cpu", torch.bfloat16):
        unsupported(x)
    assert unsupported.explain().paths == ["reference"]


# The path is not part of the layer: copies, weights and state dicts do not depend on it.


@pytest.mark.parametrize("backend", BACKENDS)
def test_copies_and_pickles_give_equal_outputs(backend: str) -> None:
    layer = ur.LSTM(3, 4, 2, bidirectional=True, drop=RecurrentDrop(weight=0.1), backend=backend).eval()
    x = uniform(5, 2, 3, seed=1, dtype=torch.float32)
    expected, _ = layer(x)
    expected.sum().backward()
    saved = io.BytesIO()
    torch.save(layer, saved)
    saved.seek(0)
    loaded = torch.load(saved, weights_only=False)
    for copy_of_layer in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert torch.equal(copy_of_layer(x)[0], expected)
        assert repr(copy_of_layer) == repr(layer)
        assert copy_of_layer.explain().paths == [backend] * 2
        copy_of_layer.zero_grad()
        copy_of_layer(x)[0].sum().backward()
        for p, q in zip(copy_of_layer.parameters(), layer.parameters(), strict=True):
            assert torch.equal(p.grad, q.grad)


@pytest.mark.parametrize("backend", BACKENDS)
def test_functional_call_uses_the_given_weights(backend: str) -> None:
    layer = ur.GRU(3, 4, 2, backend=backend)
    other = ur.GRU(3, 4, 2, backend=backend)
    x = uniform(5, 2, 3, seed=1, dtype=torch.float32)
    weights = {name: p.detach().clone().requires_grad_() for name, p in other.named_parameters()}
    y, _ = torch.func.functional_call(layer, weights, (x,))
    assert torch.equal(y, other(x)[0])
    y.sum().backward()
    other(x)[0].sum().backward()
    assert all(p.grad is None for p in layer.parameters())
    assert all(torch.equal(weights[name].grad, p.grad) for name, p in other.named_parameters())


@pytest.mark.parametrize("backend", BACKENDS)
def test_state_dicts_do_not_depend_on_the_path(backend: str) -> None:
    layer, torch_layer = ur.LSTM(3, 4, 2, backend=backend), nn.LSTM(3, 4, 2)
    x = uniform(5, 2, 3, seed=1, dtype=torch.float32)
    layer(x)[0].sum().backward()
    assert list(layer.state_dict()) == list(torch_layer.state_dict())
    torch_layer.load_state_dict(layer.state_dict(), strict=True)
    torch.testing.assert_close(torch_layer(x)[0], layer(x)[0])


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_parametrised_weights(backend: str, name: str) -> None:
    """A weight may be computed from other parameters, as torch's weight_norm does."""
    layer = ur.LSTM(3, 4, dtype=torch.float64, backend=backend)
    x = uniform(5, 2, 3, seed=1)
    expected, _ = layer(x)
    parametrizations.weight_norm(layer, name, dim=0)
    y, _ = layer(x)
    torch.testing.assert_close(y, expected)
    y.sum().backward()
    gradient = layer.parametrizations[name].original1.grad
    assert gradient is not None
    assert gradient.any()


@needs_extension
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_training_is_equal_on_both_paths(kind: str) -> None:
    losses: list[list[float]] = []
    for backend in ("compiled", "reference"):
        torch.manual_seed(0)
        layer = getattr(ur, kind)(3, 8, 2, dropout=0.1, drop=RecurrentDrop(zoneout=0.1), dtype=torch.float64)
        layer.backend = backend
        optimiser = torch.optim.Adam(layer.parameters(), lr=0.01)
        x = uniform(10, 4, 3, seed=1)
        losses.append([])
        for _ in range(15):
            optimiser.zero_grad()
            loss = layer(x)[0].sub(0.3).square().mean()
            loss.backward()
            optimiser.step()
            losses[-1].append(loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    assert losses[0][-1] < losses[0][0]
