"""Parameters have torch's names, shapes, order and initialisation; state dicts are compatible."""

from typing import Any

import pytest
import torch
from torch import nn

import unrolled as ur
from numerics import as_tuple, uniform
from unrolled.cells import LSTM, Jordan

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bidirectional": True}),
    ("RNN", {"bias": False, "num_layers": 3}),
    ("LSTM", {}),
    ("LSTM", {"num_layers": 2, "bidirectional": True, "proj_size": 2}),
    ("LSTM", {"bias": False, "bidirectional": True}),
    ("LSTM", {"bias": False, "proj_size": 3, "num_layers": 2}),
    ("GRU", {}),
    ("GRU", {"num_layers": 3, "bidirectional": True}),
    ("GRU", {"bias": False, "dtype": torch.float64}),
]
POSITIONAL = [
    ("RNN", (3, 5, 2, "relu", False, True, 0.5, True)),
    ("LSTM", (3, 5, 2, False, True, 0.5, True, 2)),
    ("GRU", (3, 5, 2, False, True, 0.5, True)),
]


def make_pair(kind: str, options: dict[str, Any]) -> tuple[nn.Module, nn.Module]:
    """Return our layer and torch's."""
    return getattr(ur, kind)(3, 5, **options), getattr(nn, kind)(3, 5, **options)


@pytest.mark.parametrize(("kind", "options"), OPTIONS)
def test_initialisation_draws_the_same_numbers_as_torch(kind: str, options: dict[str, Any]) -> None:
    torch.manual_seed(42)
    ours = getattr(ur, kind)(3, 5, **options)
    next_random = torch.rand(1)
    torch.manual_seed(42)
    torch_layer = getattr(nn, kind)(3, 5, **options)
    assert torch.equal(next_random, torch.rand(1))
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in torch_layer.named_parameters()]
    for (name, p), q in zip(ours.named_parameters(), torch_layer.parameters(), strict=True):
        assert p.dtype == q.dtype
        assert torch.equal(p, q), name
    for a, b in zip(ours.all_weights, torch_layer.all_weights, strict=True):
        assert [p.shape for p in a] == [q.shape for q in b]
        assert all(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize(("kind", "options"), OPTIONS)
def test_state_dicts_are_compatible_with_torch(kind: str, options: dict[str, Any]) -> None:
    dtype = options.get("dtype", torch.float32)
    x = uniform(4, 2, 3, seed=1, dtype=dtype)
    for source, target in (make_pair(kind, options), make_pair(kind, options)[::-1]):
        assert not torch.equal(source(x)[0], target(x)[0])
        result = target.load_state_dict(source.state_dict(), strict=True)
        assert not result.missing_keys
        assert not result.unexpected_keys
        (y, final), (expected, expected_final) = target(x), source(x)
        torch.testing.assert_close(y, expected)
        for a, b in zip(as_tuple(final), as_tuple(expected_final), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("kind", "arguments"), POSITIONAL)
def test_positional_arguments_follow_torch(kind: str, arguments: tuple[Any, ...]) -> None:
    ours, torch_layer = getattr(ur, kind)(*arguments), getattr(nn, kind)(*arguments)
    ours.load_state_dict(torch_layer.state_dict(), strict=True)
    names = ["num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size"]
    for name in names:
        assert getattr(ours, name) == getattr(torch_layer, name), name
    if kind == "RNN":
        assert ours.nonlinearity == torch_layer.nonlinearity == "relu"
    x = uniform(2, 4, 3, seed=0, dtype=torch.float32)
    torch.testing.assert_close(ours.eval()(x)[0], torch_layer.eval()(x)[0])


def test_device_and_dtype_reach_every_parameter() -> None:
    layer = ur.LSTM(2, 3, device="meta", dtype=torch.float64, cell=LSTM(peepholes=True), skip=2)
    for name, p in layer.named_parameters():
        assert (p.device.type, p.dtype) == ("meta", torch.float64), name


def test_additional_parameters_are_in_the_state_dict() -> None:
    source = ur.RNN(2, 3, 2, cell=Jordan(output_features=4), skip=2, bidirectional=True)
    target = ur.RNN(2, 3, 2, cell=Jordan(output_features=4), skip=2, bidirectional=True)
    target.load_state_dict(source.state_dict(), strict=True)
    x = uniform(5, 2, 2, seed=0, dtype=torch.float32)
    assert torch.equal(source(x)[0], target(x)[0])
    names = set(source.state_dict())
    for name in ("weight_ho", "bias_ho", "weight_skip"):
        assert {f"{name}_l{i}{d}" for i in (0, 1) for d in ("", "_reverse")} <= names


def test_a_state_dict_of_another_shape_is_refused() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        ur.GRU(3, 5).load_state_dict(nn.GRU(3, 6).state_dict())
    with pytest.raises(RuntimeError, match="Missing key"):
        ur.GRU(3, 5, 2).load_state_dict(nn.GRU(3, 5).state_dict())


def test_reset_parameters_draws_new_values() -> None:
    layer = ur.GRU(3, 5, 2)
    torch.manual_seed(1)
    layer.reset_parameters()
    first = [p.clone() for p in layer.parameters()]
    layer.reset_parameters()
    assert not any(torch.equal(a, b) for a, b in zip(first, layer.parameters(), strict=True))
    torch.manual_seed(1)
    layer.reset_parameters()
    assert all(torch.equal(a, b) for a, b in zip(first, layer.parameters(), strict=True))


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        (ur.RNN(7, 5), 5 * 7 + 5 * 5 + 2 * 5),
        (ur.LSTM(7, 5), 4 * (5 * 7 + 5 * 5 + 2 * 5)),
        (ur.LSTM(7, 5, proj_size=2), 4 * (5 * 7 + 5 * 2 + 2 * 5) + 2 * 5),
        (ur.LSTM(7, 5, cell=LSTM(peepholes=True)), 4 * (5 * 7 + 5 * 5 + 2 * 5) + 3 * 5),
        (ur.GRU(7, 5, bias=False), 3 * (5 * 7 + 5 * 5)),
        (ur.GRU(7, 5, skip=4), 3 * (5 * 7 + 2 * 5 * 5 + 2 * 5)),
        (ur.RNN(7, 5, cell=Jordan(output_features=3)), 5 * 7 + 5 * 3 + 2 * 5 + 3 * 5 + 3),
    ],
    ids=str,
)
def test_the_number_of_parameters_does_not_depend_on_the_sequence_length(
    layer: nn.Module, count: int
) -> None:
    for steps in (1, 3, 40):
        y, _ = layer(torch.zeros(steps, 1, 7))
        y.sum().backward()
        assert y.shape[0] == steps
        assert sum(p.numel() for p in layer.parameters()) == count
        assert sum(p.grad.numel() for p in layer.parameters() if p.grad is not None) == count
