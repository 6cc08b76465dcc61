"""Details of torch.nn's layers on which code written for them relies."""

import inspect
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import unrolled as ur
from numerics import CASES, TORCH_CASES, Case, make_layer, uniform
from unrolled.errors import BackendError, ConfigError, ShapeError
from unrolled.layers.crf import LinearChainCRF

KINDS = ("RNN", "LSTM", "GRU")
CELLS = ("RNNCell", "LSTMCell", "GRUCell")


def make_both(kind: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    return getattr(ur, kind)(*args, **options), getattr(nn, kind)(*args, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_positional_arguments_follow_torch(kind: str) -> None:
    middle = ("relu",) if kind == "RNN" else ()
    ours, torch_layer = make_both(kind, 4, 6, 2, *middle, False, True, 0.1, True, 0, "meta", torch.float64)
    assert [(n, p.shape, p.dtype, p.device) for n, p in ours.named_parameters()] == [
        (n, p.shape, p.dtype, p.device) for n, p in torch_layer.named_parameters()
    ]
    for name in ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size", "mode"):
        assert getattr(ours, name) == getattr(torch_layer, name), name


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_only_an_lstm_has_a_projection(kind: str) -> None:
    getattr(ur, kind)(4, 6, proj_size=0)
    for module in (ur, nn):
        with pytest.raises(ValueError, match="LSTM"):
            getattr(module, kind)(4, 6, proj_size=3)


@pytest.mark.parametrize("size", ["3", 2.0, True, None])
def test_a_projection_must_be_an_int(size: Any) -> None:
    with pytest.raises(TypeError, match="proj_size must be an int"):
        ur.LSTM(4, 6, proj_size=size)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_listed_as_in_torch(kind: str, options: dict[str, Any]) -> None:
    ours, torch_layer = make_both(kind, 4, 6, **options)
    assert ours._flat_weights_names == torch_layer._flat_weights_names
    assert ours._all_weights == torch_layer._all_weights
    assert [w.shape for w in ours._flat_weights] == [w.shape for w in torch_layer._flat_weights]
    assert all(a is b for a, b in zip(ours._flat_weights, ours.parameters(), strict=True))
    assert [[w.shape for w in g] for g in ours.all_weights] == [
        [w.shape for w in g] for g in torch_layer.all_weights
    ]


@pytest.mark.parametrize(
    ("layer", "mode"),
    [
        (lambda: ur.RNN(2, 3), "RNN_TANH"),
        (lambda: ur.RNN(2, 3, nonlinearity="relu"), "RNN_RELU"),
        (lambda: ur.RNN(2, 3, nonlinearity="sigmoid"), "RNN_SIGMOID"),
        (lambda: ur.LSTM(2, 3), "LSTM"),
        (lambda: ur.GRU(2, 3), "GRU"),
    ],
)
def test_the_mode_equals_that_of_torch(layer: Any, mode: str) -> None:
    assert layer().mode == mode


@pytest.mark.parametrize("kind", KINDS)
def test_flat_weights_follow_pruning_and_parametrisations(kind: str) -> None:
    layer = getattr(ur, kind)(4, 6, 2)
    prune.random_unstructured(layer, "weight_hh_l0", 0.5)
    parametrizations.weight_norm(layer, "weight_ih_l1")
    listed_weights = dict(zip(layer._flat_weights_names, layer._flat_weights, strict=True))
    assert torch.equal(listed_weights["weight_hh_l0"], layer.weight_hh_l0_orig * layer.weight_hh_l0_mask)
    assert torch.equal(listed_weights["weight_ih_l1"], layer.weight_ih_l1)
    x = torch.rand(5, 3, 4)
    torch.testing.assert_close(layer.to_torch()(x)[0], layer(x)[0])


WRONG_INPUTS = [
    (torch.zeros(5, 3, 9), None),
    (torch.zeros(5), None),
    (torch.zeros(5, 3, 4, 1), None),
    (torch.zeros(5, 3, 4, dtype=torch.float64), None),
    (torch.zeros(5, 3, 4), torch.zeros(1, 2, 6)),
    (torch.zeros(5, 3, 4), torch.zeros(3, 6)),
]


@pytest.mark.parametrize(("x", "h"), WRONG_INPUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_errors_have_the_types_of_torch(kind: str, x: Tensor, h: Tensor | None) -> None:
    """torch raises sometimes RuntimeError and sometimes ValueError; ours is both."""
    ours, torch_layer = make_both(kind, 4, 6)
    state = (h, h) if h is not None and kind == "LSTM" else h
    try:
        torch_layer(x, state)
    except (RuntimeError, ValueError) as error:
        torch_error = type(error)
    with pytest.raises(torch_error):
        ours(x, state)
    for error_type in (RuntimeError, ValueError, ShapeError):
        with pytest.raises(error_type):
            ours(x, state)


@pytest.mark.parametrize("kind", CELLS)
def test_errors_of_single_steps_have_the_types_of_torch(kind: str) -> None:
    ours, torch_layer = make_both(kind, 4, 6)
    for x in (torch.zeros(3, 9), torch.zeros(2, 3, 4)):
        for error in (RuntimeError, ValueError):
            with pytest.raises(error):
                ours(x)
        with pytest.raises((RuntimeError, ValueError)):
            torch_layer(x)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_to_torch_gives_an_equal_layer_or_raises(case: Case) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=True, dropout=0.3).eval()
    x = uniform(5, 3, 2, seed=1)
    if case not in TORCH_CASES:
        with pytest.raises(BackendError, match=re.escape(str(case.cell))):
            layer.to_torch()
        return
    torch_layer = layer.to_torch()
    assert type(torch_layer).__module__ == "torch.nn.modules.rnn"
    assert not torch_layer.training
    torch.testing.assert_close(torch_layer(x)[0], layer(x)[0])
    assert all(a is b for a, b in zip(torch_layer.parameters(), layer.parameters(), strict=True))


@pytest.mark.parametrize(
    "options", [{"skip": 2}, {"residual": True}, {"drop": ur.RecurrentDrop(zoneout=0.1)}], ids=str
)
def test_to_torch_refuses_options_that_torch_lacks(options: dict[str, Any]) -> None:
    with pytest.raises(BackendError, match=rf"torch.nn has no layer with {next(iter(options))}="):
        ur.LSTM(4, 6, 2, **options).to_torch()


def test_torch_fx_error_says_what_to_trace() -> None:
    with pytest.raises(
        BackendError, match=r"torch\.fx cannot trace LSTM itself: trace a module that contains it"
    ):
        torch.fx.symbolic_trace(ur.LSTM(2, 3))


def test_torch_fx_keeps_the_other_arguments() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = ur.GRU(2, 3)

        def forward(self, x: Tensor, h: Tensor, lengths: Tensor) -> Tensor:
            y, h = self.rnn(x, h, lengths=lengths)
            return y + h

    model = Model()
    x, h, lengths = torch.rand(4, 3, 2), torch.rand(1, 3, 3), torch.tensor([4, 2, 3])
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(x, h, lengths), model(x, h, lengths))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[5, 2, 3], None])
def test_shapes_on_the_meta_device(kind: str, lengths: list[int] | None) -> None:
    layer = getattr(ur, kind)(4, 6, 2, bidirectional=True, device="meta")
    x = torch.empty(5, 3, 4, device="meta")
    y, state = layer(x, lengths=lengths)
    assert y.is_meta
    assert y.shape == (5, 3, 12)
    assert (state[0] if kind == "LSTM" else state).shape == (4, 3, 6)
    y, _ = layer(x[:1])
    assert y.shape == (1, 3, 12)


def test_the_signature_starts_as_in_torch() -> None:
    ours = list(inspect.signature(ur.LSTM.forward).parameters)[:3]
    assert ours == ["self", "input", "hx"]


@pytest.mark.parametrize("tags", [0, -1, 2.0, True, "3", None])
def test_a_crf_without_tags_is_refused(tags: Any) -> None:
    with pytest.raises(ConfigError, match=r"tags=.* must be a positive integer"):
        LinearChainCRF(tags)
