"""RNN, LSTM and GRU equal torch.nn's layers: outputs, states and every gradient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import grad
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import unrolled as ur
from numerics import (
    BACKENDS,
    as_hidden,
    as_tuple,
    assert_all_close,
    layer_state,
    scatter_parameters,
    uniform,
    weighted_sum,
)
from property_settings import examples
from unrolled.layers import Recurrent

INPUT_FORMS = ("padded", "unbatched", "packed sorted", "packed unsorted", "lengths")
TOLERANCE = {
    torch.float64: {"rtol": 1e-10, "atol": 1e-11},
    torch.float32: {"rtol": 2e-5, "atol": 1e-5},
}


@dataclass(frozen=True)
class Setting:
    """A random configuration: a layer, and an input in one of torch's forms."""

    kind: str
    input_size: int
    hidden_size: int
    options: dict[str, Any]
    dtype: torch.dtype
    input_form: str
    steps: int
    lengths: list[int]
    given_state: bool
    seed: int

    def layers(self, backend: str) -> tuple[Recurrent, nn.Module]:
        """Return our layer and torch's, with the same parameters."""
        sizes = (self.input_size, self.hidden_size)
        ours = getattr(ur, self.kind)(*sizes, **self.options, dtype=self.dtype, backend=backend)
        torch_layer = getattr(nn, self.kind)(*sizes, **self.options, dtype=self.dtype)
        scatter_parameters(list(ours.parameters()), self.seed)
        torch_layer.load_state_dict(ours.state_dict())
        return ours, torch_layer

    def padded(self) -> Tensor:
        """Return the input as one tensor, batch first if the layer has batch_first."""
        rows = len(self.lengths)
        x = uniform(self.steps, rows, self.input_size, seed=self.seed, dtype=self.dtype)
        if self.input_form == "unbatched":
            x = x[:, 0]
        elif self.options["batch_first"]:
            x = x.transpose(0, 1)
        return x.detach().requires_grad_()

    def pack(self, x: Tensor) -> PackedSequence:
        """Return the padded input packed."""
        return pack_padded_sequence(
            x,
            self.lengths,
            batch_first=self.options["batch_first"],
            enforce_sorted=self.input_form == "packed sorted",
        )


@st.composite
def layer_settings(draw: st.DrawFn, kind: str) -> Setting:
    input_form = draw(st.sampled_from(INPUT_FORMS))
    rows = 1 if input_form == "unbatched" else draw(st.integers(1, 5))
    steps = draw(st.integers(1, 8))
    hidden_size = draw(st.integers(1, 7))
    lengths = [steps] * rows
    if input_form not in ("padded", "unbatched"):
        lengths = draw(st.lists(st.integers(1, steps), min_size=rows, max_size=rows))
    if input_form.startswith("packed"):
        lengths[0] = steps
    if input_form == "packed sorted":
        lengths.sort(reverse=True)
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 3)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
    }
    if kind == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(("tanh", "relu")))
    if kind == "LSTM":
        options["proj_size"] = draw(st.integers(0, hidden_size - 1))
    return Setting(
        kind,
        draw(st.integers(1, 6)),
        hidden_size,
        options,
        draw(st.sampled_from((torch.float32, torch.float64))),
        input_form,
        steps,
        lengths,
        draw(st.sampled_from((True, True, True, False))),
        draw(st.integers(0, 10_000)),
    )


def run(
    setting: Setting, layer: nn.Module, x: Tensor, states: tuple[Tensor, ...] | None, ours: bool
) -> list[Tensor]:
    """Return output and final states as plain tensors, from input in the form of the setting."""
    hidden = None if states is None else as_hidden(states)
    if setting.input_form in ("padded", "unbatched"):
        y, final = layer(x, hidden)
        return [y, *as_tuple(final)]
    if setting.input_form == "lengths" and ours:
        y, final = layer(x, hidden, lengths=setting.lengths)
        return [y, *as_tuple(final)]
    packed, final = layer(setting.pack(x), hidden)
    assert isinstance(packed, PackedSequence)
    if setting.input_form == "lengths":
        batch_first = setting.options["batch_first"]
        y, _ = pad_packed_sequence(packed, batch_first, total_length=setting.steps)
        return [y, *as_tuple(final)]
    orders = [packed.sorted_indices, packed.unsorted_indices]
    return [packed.data, packed.batch_sizes, *(o for o in orders if o is not None), *as_tuple(final)]


def scaled_tolerance(dtype: torch.dtype, expected: Sequence[Tensor]) -> dict[str, float]:
    """Return the tolerance of a dtype; the absolute one grows with the values, as a ReLU network's do."""
    scale = max(float(t.detach().abs().max()) for t in expected if t.is_floating_point())
    tolerance = TOLERANCE[dtype]
    return tolerance | {"atol": tolerance["atol"] * max(1.0, scale)}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@examples(60)
@given(data=st.data())
def test_outputs_states_and_gradients_equal_torch(kind: str, backend: str, data: st.DataObject) -> None:
    setting = data.draw(layer_settings(kind))
    ours, torch_layer = setting.layers(backend)
    x = setting.padded()
    states = None
    if setting.given_state:
        states = layer_state(ours, len(setting.lengths), seed=setting.seed + 1)
        if setting.input_form == "unbatched":
            states = tuple(s[:, 0] for s in states)
        states = tuple(s.detach().requires_grad_() for s in states)
    results = [run(setting, layer, x, states, ours=layer is ours) for layer in (ours, torch_layer)]
    assert ours.explain().paths == [backend] * setting.options["num_layers"]
    assert_all_close(*results, **scaled_tolerance(setting.dtype, results[1]))
    gradients = []
    for layer, result in zip((ours, torch_layer), results, strict=True):
        leaves = [x, *(states or ()), *layer.parameters()]
        floating = [r for r in result if r.is_floating_point()]
        gradients.append(grad(weighted_sum(floating), leaves))
    assert_all_close(*gradients, **scaled_tolerance(setting.dtype, gradients[1]))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_backend_aten_gives_the_bits_of_torch(kind: str) -> None:
    ours = getattr(ur, kind)(5, 7, num_layers=2, bidirectional=True, backend="aten")
    torch_layer = getattr(nn, kind)(5, 7, num_layers=2, bidirectional=True)
    torch_layer.load_state_dict(ours.state_dict())
    x = uniform(6, 3, 5, seed=1, dtype=torch.float32)
    y, final = ours(x)
    expected, expected_final = torch_layer(x)
    assert ours.explain().paths == ["aten", "aten"]
    assert torch.equal(y, expected)
    for a, b in zip(as_tuple(final), as_tuple(expected_final), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("backend", BACKENDS)
def test_h0_and_c0_are_not_swapped(backend: str) -> None:
    """With every weight zero, c is halved by the forget gate and h0 is forgotten."""
    layer = ur.LSTM(1, 2, bias=False, backend=backend)
    for p in layer.parameters():
        nn.init.zeros_(p)
    h0, c0 = torch.full((1, 1, 2), 9.0), torch.tensor([[[1.0, -2.0]]])
    y, (h, c) = layer(torch.zeros(1, 1, 1), (h0, c0))
    torch.testing.assert_close(c, c0 / 2)
    torch.testing.assert_close(h, 0.5 * torch.tanh(c0 / 2))
    torch.testing.assert_close(y, h)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_the_reverse_direction_is_the_second_half_of_the_output(kind: str, backend: str) -> None:
    layer = getattr(ur, kind)(2, 3, bidirectional=True, backend=backend)
    x = uniform(5, 1, 2, seed=1, dtype=torch.float32).requires_grad_()
    y, _ = layer(x)
    (forward,) = grad(y[2, 0, :3].sum(), x, retain_graph=True)
    (backward,) = grad(y[2, 0, 3:].sum(), x)
    reads_forward = [bool(step.any()) for step in forward]
    reads_backward = [bool(step.any()) for step in backward]
    assert reads_forward == [True, True, True, False, False]
    assert reads_backward == [False, False, True, True, True]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_dropout_between_layers_acts_only_in_training(kind: str, backend: str) -> None:
    """With rate 1 the second layer reads zeros, so the output does not depend on the input."""
    layer = getattr(ur, kind)(2, 3, num_layers=2, dropout=1.0, backend=backend)
    plain = getattr(nn, kind)(2, 3, num_layers=2)
    plain.load_state_dict(layer.state_dict())
    x = uniform(4, 2, 2, seed=1, dtype=torch.float32)
    other = uniform(4, 2, 2, seed=2, dtype=torch.float32)
    assert torch.equal(layer(x)[0], layer(other)[0])
    layer.eval()
    torch.testing.assert_close(layer(x)[0], plain(x)[0])
    assert not torch.equal(layer(x)[0], layer(other)[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_dropout_between_layers_keeps_the_expectation(backend: str) -> None:
    """Layers that pass their input on show the mask itself."""
    layer = ur.RNN(50, 50, 2, "relu", bias=False, dropout=0.25, backend=backend)
    with torch.no_grad():
        for name, p in layer.named_parameters():
            p.copy_(torch.eye(50) if "ih" in name else torch.zeros(50, 50))
    mask, _ = layer(torch.ones(20, 20, 50))
    torch.testing.assert_close(mask[mask != 0], torch.full_like(mask[mask != 0], 1 / 0.75))
    assert float((mask == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert not torch.equal(mask[0], mask[1])  # sampled at every step


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_an_empty_batch_gives_an_empty_result(kind: str, backend: str) -> None:
    layer = getattr(ur, kind)(2, 3, num_layers=2, bidirectional=True, backend=backend)
    expected, expected_final = getattr(nn, kind)(2, 3, num_layers=2, bidirectional=True)(torch.zeros(4, 0, 2))
    y, final = layer(torch.zeros(4, 0, 2))
    assert y.shape == expected.shape
    assert [s.shape for s in as_tuple(final)] == [s.shape for s in as_tuple(expected_final)]
