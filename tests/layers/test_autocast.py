"""Under autocast, dtypes equal those of torch's layers on every path."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import unrolled as ur
from numerics import TORCH_BACKENDS, as_hidden, as_tuple, layer_state, uniform

LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("RNN", {"nonlinearity": "tanh"}),
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {}),
    ("LSTM", {"proj_size": 3}),
    ("GRU", {}),
]


@pytest.mark.parametrize("packed", [False, True], ids=["padded", "packed"])
@pytest.mark.parametrize("given_state", [False, True], ids=["from-zero", "from-float32"])
@pytest.mark.parametrize("size", [{}, {"num_layers": 2, "bidirectional": True}], ids=["one", "stack"])
@pytest.mark.parametrize("backend", TORCH_BACKENDS)
@pytest.mark.parametrize(("kind", "options"), LAYERS)
def test_dtypes_and_values_equal_torch(
    kind: str,
    options: dict[str, Any],
    backend: str,
    size: dict[str, Any],
    given_state: bool,
    packed: bool,
) -> None:
    ours = getattr(ur, kind)(4, 5, **options, **size, backend=backend)
    torch_layer = getattr(nn, kind)(4, 5, **options, **size)
    torch_layer.load_state_dict(ours.state_dict())
    x: Any = uniform(6, 3, 4, seed=1, dtype=torch.float32)
    if packed:
        x = pack_padded_sequence(x, [2, 6, 4], enforce_sorted=False)
    hidden = as_hidden(layer_state(ours, 3)) if given_state else None
    with torch.autocast("cpu", torch.bfloat16):
        y, final = ours(x, hidden)
        expected, expected_final = torch_layer(x, hidden)
    assert ours.explain().paths == [backend] * ours.num_layers
    if packed:
        y, expected = y.data, expected.data
    dtypes = [t.dtype for t in (y, *as_tuple(final))]
    assert dtypes == [t.dtype for t in (expected, *as_tuple(expected_final))]
    for a, b in zip((y, *as_tuple(final)), (expected, *as_tuple(expected_final)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0.05)


@pytest.mark.parametrize("backend", TORCH_BACKENDS)
@pytest.mark.parametrize(("kind", "options"), LAYERS)
def test_gradients_of_the_parameters_stay_float32(kind: str, options: dict[str, Any], backend: str) -> None:
    layer = getattr(ur, kind)(4, 5, **options, backend=backend)
    torch_layer = getattr(nn, kind)(4, 5, **options)
    torch_layer.load_state_dict(layer.state_dict())
    x = uniform(6, 3, 4, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        y, _ = layer(x)
    y.float().sum().backward()
    torch_layer(x)[0].sum().backward()
    for p, q in zip(layer.parameters(), torch_layer.parameters(), strict=True):
        assert p.grad is not None
        assert p.grad.dtype == torch.float32
        torch.testing.assert_close(p.grad, q.grad, rtol=0.1, atol=0.25)


@pytest.mark.parametrize("backend", TORCH_BACKENDS)
@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_dtypes_of_single_steps_equal_torch(kind: str, backend: str) -> None:
    ours, torch_layer = getattr(ur, kind)(4, 5, backend=backend), getattr(nn, kind)(4, 5)
    torch_layer.load_state_dict(ours.state_dict())
    x = uniform(3, 4, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        new, expected = as_tuple(ours(x)), as_tuple(torch_layer(x))
    assert [s.dtype for s in new] == [s.dtype for s in expected]
    for a, b in zip(new, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0.05)
