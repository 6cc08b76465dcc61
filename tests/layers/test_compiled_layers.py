"""Whole layers on the compiled loop compute what they compute on the reference, with every option."""

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
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


def run(layer: Recurrent, **given: Any) -> list[Tensor]:
    """Return output, final state and every gradient of one seeded pass."""
    torch.manual_seed(3)
    x = uniform(STEPS, BATCH, layer.input_size, seed=1).requires_grad_()
    states = [s.requires_grad_() for s in layer_state(layer, BATCH)]
    y, final = layer(x, as_hidden(tuple(states)), **given)
    outputs = [y, *as_tuple(final)]
    gradients = torch.autograd.grad(weighted_sum(outputs), [x, *states, *layer.parameters()])
    return [t.detach() for t in (*outputs, *gradients)]


def assert_on_both_paths(layer: Recurrent, **given: Any) -> None:
    results = []
    for backend in ("compiled", "reference"):
        layer.backend = backend  # type: ignore[assignment]
        results.append(run(layer, **given))
        assert layer.explain().paths == [backend] * layer.num_layers
    assert_near(*results, within=1e-11)


OPTIONS_OF_CELLS = [
    pytest.param(case, options, id=f"{case}-{name}")
    for case in CASES
    for name, options in OPTIONS.items()
    if case.cell.recurrent or name != "weight dropout"
]


@needs_extension
@pytest.mark.parametrize(("case", "options"), OPTIONS_OF_CELLS)
def test_every_option_of_every_cell(case: Case, options: dict[str, Any]) -> None:
    layer = make_layer(case, **options)
    assert_on_both_paths(layer)
    assert_on_both_paths(layer.eval(), lengths=LENGTHS)


@needs_extension
@settings(max_examples=40)
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
    fresh = torch.zeros(STEPS, BATCH, dtype=torch.bool)
    fresh[0, 1] = fresh[2, 0] = fresh[2, 3] = fresh[5, 4] = True
    assert_on_both_paths(make_layer(case, num_layers=2), fresh=fresh)


@needs_extension
@pytest.mark.parametrize("form", ["batch_first", "unbatched", "packed sorted", "packed unsorted"])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan-narrow", "lstm-everything", "gru-before"])
def test_every_form_of_the_input_with_gradients(name: str, form: str) -> None:
    results = []
    for backend in ("compiled", "reference"):
        layer = make_layer(
            case_named(name),
            num_layers=2,
            bidirectional=True,
            batch_first=form == "batch_first",
            backend=backend,
        )
        x = uniform(STEPS, BATCH, 2, seed=1).requires_grad_()
        states = layer_state(layer, BATCH)
        given: Any = x.transpose(0, 1) if form == "batch_first" else x
        if form == "unbatched":
            given, states = x[:, 0], tuple(s[:, 0] for s in states)
        elif form.startswith("packed"):
            lengths = sorted(LENGTHS, reverse=True) if form == "packed sorted" else LENGTHS
            given = pack_padded_sequence(x, lengths, enforce_sorted=form == "packed sorted")
        y, final = layer(given, as_hidden(states))
        outputs = [y.data if isinstance(y, PackedSequence) else y, *as_tuple(final)]
        results.append([*outputs, *torch.autograd.grad(weighted_sum(outputs), [x, *layer.parameters()])])
    assert_near(*results, within=1e-11)


@needs_extension
def test_hidden_states_of_no_gradient_and_frozen_weights() -> None:
    layer = make_layer(case_named("lstm"), num_layers=2, bidirectional=True, backend="compiled")
    x = uniform(STEPS, BATCH, 2, seed=1)
    whole = torch.autograd.grad(layer(x)[0].sum(), list(layer.parameters()))
    for i, p in enumerate(layer.parameters()):
        p.requires_grad_(i % 3 == 0)
    layer(x)[0].sum().backward()
    for i, (p, g) in enumerate(zip(layer.parameters(), whole, strict=True)):
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
    layer, theirs = ur.LSTM(4, 5), nn.LSTM(4, 5)
    theirs.load_state_dict(layer.state_dict())
    x = uniform(6, 3, 4, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        y, (h, c) = layer(x)
        expected, (expected_h, expected_c) = theirs(x)
    assert str(layer.explain()) == (
        "l0: aten (autocast chooses the dtypes, which the compiled loop does not support; "
        "torch has a kernel for this cell)"
    )
    assert [t.dtype for t in (y, h, c)] == [t.dtype for t in (expected, expected_h, expected_c)]
    torch.testing.assert_close([y, h, c], [expected, expected_h, expected_c])
    beyond = ur.GRU(4, 5, cell=ur.cells.GRU(reset="before"))
    with torch.autocast("cpu", torch.bfloat16):
        beyond(x)
    assert beyond.explain().paths == ["reference"]


# The loop is a way of computing, not a part of the layer.


@pytest.mark.parametrize("backend", BACKENDS)
def test_copies_and_pickles_compute_the_same(backend: str) -> None:
    layer = ur.LSTM(3, 4, 2, bidirectional=True, drop=RecurrentDrop(weight=0.1), backend=backend).eval()
    x = uniform(5, 2, 3, seed=1, dtype=torch.float32)
    expected, _ = layer(x)
    expected.sum().backward()
    saved = io.BytesIO()
    torch.save(layer, saved)
    saved.seek(0)
    loaded = torch.load(saved, weights_only=False)
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert torch.equal(copied(x)[0], expected)
        assert repr(copied) == repr(layer)
        assert copied.explain().paths == [backend] * 2
        copied.zero_grad()
        copied(x)[0].sum().backward()
        for p, q in zip(copied.parameters(), layer.parameters(), strict=True):
            assert torch.equal(p.grad, q.grad)


@pytest.mark.parametrize("backend", BACKENDS)
def test_functional_call_takes_the_weights_it_is_given(backend: str) -> None:
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
    layer, torchs = ur.LSTM(3, 4, 2, backend=backend), nn.LSTM(3, 4, 2)
    x = uniform(5, 2, 3, seed=1, dtype=torch.float32)
    layer(x)[0].sum().backward()
    assert list(layer.state_dict()) == list(torchs.state_dict())
    torchs.load_state_dict(layer.state_dict(), strict=True)
    torch.testing.assert_close(torchs(x)[0], layer(x)[0])


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_parametrised_weights(backend: str, name: str) -> None:
    """A weight may be computed from others, as torch's own weight_norm does."""
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
def test_training_on_either_path_is_the_same_training(kind: str) -> None:
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
