"""Each kind of dropout: the values that it changes in training and in evaluation."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import grad

import unrolled as ur
from numerics import BACKENDS, Case, as_tuple, case_named, default_path, make_layer, needs_extension, uniform
from unrolled import LockedDropout, RecurrentDrop
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.errors import ConfigError
from unrolled.layers.dropout import locked_dropout, weight_dropout

ALL_DROPOUT = RecurrentDrop(locked=0.3, weight=0.2, zoneout=0.1, zoneout_cell=0.2, candidate=0.25)


def ones(*shape: int) -> Tensor:
    return torch.ones(shape, dtype=torch.float64)


def identity_stack(size: int, layers: int, **options: Any) -> ur.RNN:
    """Return layers that pass a positive input on unchanged, so that the mask between them is visible."""
    layer = ur.RNN(size, size, layers, "relu", bias=False, dtype=torch.float64, **options)
    with torch.no_grad():
        for name, p in layer.named_parameters():
            p.copy_(torch.eye(size) if "weight_ih" in name else torch.zeros(size, size))
    return layer


# Locked dropout.


def test_locked_dropout_is_one_mask_over_all_steps() -> None:
    x = uniform(20, 30, 40, seed=0, low=1.0, high=2.0)
    mask = LockedDropout(0.25)(x) / x
    torch.testing.assert_close(mask, mask[:1].expand_as(mask))
    assert ((mask == 0) | torch.isclose(mask, ones(1) / 0.75)).all()
    assert float((mask[0] == 0).double().mean()) == pytest.approx(0.25, abs=0.05)
    assert not torch.equal(mask[0, 0], mask[0, 1])  # each row has a different mask


def test_locked_dropout_keeps_the_expectation() -> None:
    samples = torch.stack([locked_dropout(ones(2, 50, 50), 0.4, True) for _ in range(40)])
    deviation = math.sqrt(0.4 / 0.6 / (40 * 50 * 50))
    assert float(samples.mean()) == pytest.approx(1.0, abs=6 * deviation)


def test_locked_dropout_is_off_in_evaluation() -> None:
    x = uniform(3, 2, 4, seed=0)
    assert torch.equal(LockedDropout(0.5).eval()(x), x)
    assert torch.equal(LockedDropout(0.0)(x), x)


def test_locked_dropout_has_the_gradient_of_its_mask() -> None:
    x = ones(3, 2, 8).requires_grad_()
    y = LockedDropout(0.5)(x)
    (gradient,) = grad(y.sum(), x)
    assert torch.equal(gradient, y)


def test_locked_dropout_applies_only_between_layers() -> None:
    layer = identity_stack(40, 2, drop=RecurrentDrop(locked=0.5))
    mask, final = layer(ones(6, 20, 40))
    assert torch.equal(final[0], ones(20, 40))  # the input of the first layer is not dropped
    assert torch.isin(mask, torch.tensor([0.0, 2.0])).all()
    assert torch.equal(mask, mask[:1].expand_as(mask))
    assert float((mask == 0).double().mean()) == pytest.approx(0.5, abs=0.1)
    second_mask, _ = layer(ones(6, 20, 40))
    assert not torch.equal(mask, second_mask)
    assert torch.equal(layer.eval()(ones(6, 20, 40))[0], ones(6, 20, 40))
    single = identity_stack(40, 1, drop=RecurrentDrop(locked=0.5))
    assert torch.equal(single(ones(6, 20, 40))[0], ones(6, 20, 40))


# Dropout of recurrent weights.


def positive_recurrence(rate: float, backend: str, size: int = 12) -> ur.RNN:
    """Return a layer h_t = U h_{t-1} with positive U, so that each step shows the masked U."""
    layer = ur.RNN(
        1,
        size,
        nonlinearity="relu",
        bias=False,
        dtype=torch.float64,
        drop=RecurrentDrop(weight=rate),
        backend=backend,
    )
    with torch.no_grad():
        layer.weight_ih_l0.zero_()
        layer.weight_hh_l0.copy_(uniform(size, size, seed=4, low=0.5, high=1.5))
    return layer


@pytest.mark.parametrize("backend", BACKENDS)
def test_weight_dropout_drops_the_same_connections_at_every_step(backend: str) -> None:
    layer = positive_recurrence(0.3, backend)
    weight = layer.weight_hh_l0
    original = weight.detach().clone()
    one_hot = torch.eye(12, dtype=torch.float64)[None]
    y, _ = layer(torch.zeros(3, 12, 1).double(), one_hot)
    masked_weight = y[0].t()  # row b of y[0] is column b of U
    mask = masked_weight / original
    dropped = mask == 0
    torch.testing.assert_close(mask[~dropped], torch.full_like(mask[~dropped], 1 / 0.7))
    assert 0.1 < float(dropped.double().mean()) < 0.5
    torch.testing.assert_close(y[1].t(), masked_weight @ masked_weight)
    torch.testing.assert_close(y[2].t(), masked_weight @ masked_weight @ masked_weight)
    assert torch.equal(weight, original)  # the parameter itself does not change
    (gradient,) = grad(y[0].sum(), weight)
    torch.testing.assert_close(gradient, mask.detach())
    assert layer.explain().paths == [backend]


@pytest.mark.parametrize("backend", BACKENDS)
def test_weight_dropout_is_sampled_per_pass_and_off_in_evaluation(backend: str) -> None:
    layer = positive_recurrence(0.3, backend)
    x, h = torch.zeros(2, 12, 1).double(), torch.eye(12, dtype=torch.float64)[None]
    assert not torch.equal(layer(x, h)[0], layer(x, h)[0])
    plain = positive_recurrence(0.0, backend)
    assert torch.equal(layer.eval()(x, h)[0], plain(x, h)[0])


def test_weight_dropout_keeps_the_expectation() -> None:
    samples = torch.stack([weight_dropout(ones(60, 60), 0.4, True) for _ in range(20)])
    deviation = math.sqrt(0.4 / 0.6 / (20 * 60 * 60))
    assert float(samples.mean()) == pytest.approx(1.0, abs=6 * deviation)


def test_each_direction_and_layer_has_its_own_weight_mask() -> None:
    layer = ur.GRU(2, 30, 2, bidirectional=True, drop=RecurrentDrop(weight=0.5))
    y, _ = layer(uniform(3, 4, 2, seed=0, dtype=torch.float32))
    grads = grad(y.sum(), [p for name, p in layer.named_parameters() if "weight_hh" in name])
    is_zero = [dropped == 0 for dropped in grads]
    for dropped in is_zero:
        assert 0.4 < float(dropped.float().mean()) < 0.6
    assert not torch.equal(is_zero[0], is_zero[1])
    assert not torch.equal(is_zero[0], is_zero[2])


# Zoneout.


def lstm_before_zoneout(
    trace: dict[str, Tensor], h0: Tensor, c0: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the old h and c of every step, and the h and c that a plain step would give."""
    h_old = torch.cat([h0, trace["h"][:-1]])
    c_old = torch.cat([c0, trace["c"][:-1]])
    c_new = trace["f"] * c_old + trace["i"] * trace["g"]
    return h_old, c_old, trace["o"] * c_new.tanh(), c_new


def zoneout_lstm(**rates: float) -> tuple[ur.LSTM, Tensor, tuple[Tensor, Tensor]]:
    layer = ur.LSTM(3, 40, dtype=torch.float64, drop=RecurrentDrop(**rates))
    state = (uniform(1, 8, 40, seed=1), uniform(1, 8, 40, seed=2))
    return layer, uniform(12, 8, 3, seed=3), state


def test_zoneout_in_training_keeps_units_at_its_rate() -> None:
    layer, x, (h0, c0) = zoneout_lstm(zoneout=0.2, zoneout_cell=0.6)
    trace = layer.trace(x, (h0, c0)).layers["l0"]
    h_old, c_old, h_new, c_new = lstm_before_zoneout(trace, h0, c0)
    for value, old, new, rate in (
        (trace["h"], h_old, h_new, 0.2),
        (trace["c"], c_old, c_new, 0.6),
    ):
        is_old, is_new = torch.isclose(value, old), torch.isclose(value, new)
        assert (is_old ^ is_new).all()
        assert float(is_old.double().mean()) == pytest.approx(rate, abs=0.04)
        per_step = is_old.double().mean((1, 2))
        assert per_step.min() > rate / 2  # sampled at every step
        assert not torch.equal(is_old[0], is_old[1])


def test_zoneout_in_evaluation_mixes_by_the_rate() -> None:
    layer, x, (h0, c0) = zoneout_lstm(zoneout=0.2, zoneout_cell=0.6)
    trace = layer.eval().trace(x, (h0, c0)).layers["l0"]
    h_old, c_old, h_new, c_new = lstm_before_zoneout(trace, h0, c0)
    torch.testing.assert_close(trace["h"], 0.2 * h_old + 0.8 * h_new)
    torch.testing.assert_close(trace["c"], 0.6 * c_old + 0.4 * c_new)


@pytest.mark.parametrize("rates", [{"zoneout": 0.4}, {"zoneout_cell": 0.4}])
def test_zoneout_of_one_state_does_not_affect_the_other(rates: dict[str, float]) -> None:
    layer, x, (h0, c0) = zoneout_lstm(**rates)
    trace = layer.trace(x, (h0, c0)).layers["l0"]
    _, _, h_new, c_new = lstm_before_zoneout(trace, h0, c0)
    assert torch.allclose(trace["h"], h_new) == ("zoneout" not in rates)
    assert torch.allclose(trace["c"], c_new) == ("zoneout_cell" not in rates)


@pytest.mark.parametrize(
    ("cell", "size"), [(Elman(), 40), (GRU(), 40), (Jordan(output_features=30), 30)], ids=str
)
def test_zoneout_of_other_cells(cell: Cell, size: int) -> None:
    layer = make_layer(Case("zoneout", cell), hidden_size=40, drop=RecurrentDrop(zoneout=0.3))
    h0 = uniform(1, 8, size, seed=1)
    x = uniform(10, 8, 2, seed=3)
    y, _ = layer(x, h0)
    is_old = torch.isclose(y, torch.cat([h0, y[:-1]]))
    assert float(is_old.double().mean()) == pytest.approx(0.3, abs=0.05)
    y, _ = layer.eval()(x, h0)
    assert not torch.isclose(y, torch.cat([h0, y[:-1]]), rtol=1e-9).any()


# Dropout of the candidate.


def test_candidate_dropout_never_erases_memory() -> None:
    layer, x, (h0, c0) = zoneout_lstm(candidate=0.25)
    trace = layer.trace(x, (h0, c0)).layers["l0"]
    _, c_old, _, _ = lstm_before_zoneout(trace, h0, c0)
    mask = (trace["c"] - trace["f"] * c_old) / (trace["i"] * trace["g"])
    dropped, is_kept = mask.abs() < 1e-6, (mask - 1 / 0.75).abs() < 1e-6
    assert (dropped ^ is_kept).all()
    assert float(dropped.double().mean()) == pytest.approx(0.25, abs=0.03)
    assert not torch.equal(dropped[0], dropped[1])
    torch.testing.assert_close(trace["h"], trace["o"] * trace["c"].tanh())


def test_candidate_dropout_of_the_gru() -> None:
    layer = ur.GRU(3, 40, dtype=torch.float64, drop=RecurrentDrop(candidate=0.25))
    h0 = uniform(1, 8, 40, seed=1)
    trace = layer.trace(uniform(12, 8, 3, seed=3), h0).layers["l0"]
    h_old = torch.cat([h0, trace["h"][:-1]])
    mask = (trace["h"] - trace["z"] * h_old) / ((1 - trace["z"]) * trace["n"])
    dropped, is_kept = mask.abs() < 1e-6, (mask - 1 / 0.75).abs() < 1e-6
    assert (dropped ^ is_kept).all()
    assert float(dropped.double().mean()) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("rates", [{"candidate": 0.5}, {"locked": 0.5}, {"weight": 0.5}])
def test_in_evaluation_only_zoneout_has_an_effect(kind: str, rates: dict[str, float]) -> None:
    layer = getattr(ur, kind)(3, 4, 2, drop=RecurrentDrop(**rates))
    plain = getattr(nn, kind)(3, 4, 2)
    plain.load_state_dict(layer.state_dict())
    x = uniform(5, 2, 3, seed=0, dtype=torch.float32)
    assert not torch.allclose(layer(x)[0], plain(x)[0])
    torch.testing.assert_close(layer.eval()(x)[0], plain(x)[0])
    name = {"RNN": "elman-tanh", "LSTM": "lstm", "GRU": "gru-after"}[kind]
    assert layer.explain().paths == [default_path(case_named(name))] * 2


# All kinds together.


@pytest.mark.parametrize("lengths", [None, [5, 2, 4]])
@pytest.mark.parametrize("skip", [0, 2])
def test_the_same_seed_gives_the_same_bits(skip: int, lengths: list[int] | None) -> None:
    layer = ur.LSTM(3, 6, 2, dropout=0.2, bidirectional=True, drop=ALL_DROPOUT, skip=skip, residual=True)
    x = uniform(5, 3, 3, seed=0, dtype=torch.float32)

    def run_with_seed(seed: int) -> list[Tensor]:
        torch.manual_seed(seed)
        y, final = layer(x, lengths=lengths)
        return [y, *as_tuple(final), *grad(y.square().sum(), list(layer.parameters()))]

    first, second, other = run_with_seed(1), run_with_seed(1), run_with_seed(2)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_masks_are_named_in_the_explanation(no_extension: None) -> None:
    layer = ur.LSTM(3, 6, drop=ALL_DROPOUT)
    reason = "l0: reference (the compiled extension is absent; torch's loop takes no masks"
    layer(torch.zeros(2, 1, 3))
    assert str(layer.explain()) == f"{reason} (zoneout_h, zoneout_c, candidate))"
    layer.eval()(torch.zeros(2, 1, 3))
    assert str(layer.explain()) == f"{reason} (zoneout_h, zoneout_c))"


@needs_extension
def test_the_compiled_loop_supports_masks() -> None:
    layer = ur.LSTM(3, 6, drop=ALL_DROPOUT)
    layer(torch.zeros(2, 1, 3))
    assert layer.explain().paths == ["compiled"]


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, math.nan, True, "0.5", None])
@pytest.mark.parametrize("name", ["locked", "weight", "zoneout", "zoneout_cell", "candidate"])
def test_a_rate_outside_0_1_is_refused(name: str, rate: Any) -> None:
    with pytest.raises(ConfigError, match=rf"RecurrentDrop\.{name}={rate!r}: a rate must be a number"):
        RecurrentDrop(**{name: rate})
    with pytest.raises(ConfigError, match="LockedDropout"):
        LockedDropout(rate)


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_zoneout_cell_needs_a_cell_state(kind: str) -> None:
    with pytest.raises(ConfigError, match="zoneout_cell needs a cell state"):
        getattr(ur, kind)(3, 4, drop=RecurrentDrop(zoneout_cell=0.1))
    ur.LSTM(3, 4, drop=RecurrentDrop(zoneout_cell=0.1), cell=LSTM(peepholes=True))
