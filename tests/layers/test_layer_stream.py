"""A stream of a layer gives the layer's outputs and states, one step or a block of steps at a time."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import unrolled as ur
from unrolled.cells import GRU, LSTM, Elman, Jordan, MinLSTM
from unrolled.engine.core import is_built
from unrolled.errors import ConfigError, ProgramError, ShapeError
from unrolled.layers import Recurrent, RecurrentDrop, Window

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")

STEPS, ROWS, INPUTS, HIDDEN = 9, 3, 5, 24
LAYERS = {
    "lstm": lambda: ur.LSTM(INPUTS, HIDDEN, 2),
    "lstm, norm": lambda: Recurrent(INPUTS, HIDDEN, cell=LSTM(peepholes=True, layer_norm=True)),
    "lstm projected": lambda: ur.LSTM(INPUTS, HIDDEN, 2, proj_size=7),
    "lstm zoneout": lambda: ur.LSTM(INPUTS, HIDDEN, drop=RecurrentDrop(zoneout=0.2, zoneout_cell=0.1)),
    "gru": lambda: ur.GRU(INPUTS, HIDDEN),
    "gru before": lambda: Recurrent(INPUTS, HIDDEN, cell=GRU(reset="before", layer_norm=True)),
    "elman": lambda: Recurrent(INPUTS, HIDDEN, bias=False, cell=Elman(nonlinearity="relu")),
    "jordan": lambda: Recurrent(INPUTS, HIDDEN, cell=Jordan(output_features=3)),
    "minlstm": lambda: Recurrent(INPUTS, HIDDEN, cell=MinLSTM()),
    "skip": lambda: ur.GRU(INPUTS, HIDDEN, 2, skip=3, residual=True),
    "window": lambda: Window(INPUTS, HIDDEN, (3, 1, 2), "relu"),
    "torch lstm": lambda: nn.LSTM(INPUTS, HIDDEN, 2, proj_size=6),
    "torch gru": lambda: nn.GRU(INPUTS, HIDDEN),
    "torch rnn": lambda: nn.RNN(INPUTS, HIDDEN, nonlinearity="relu"),
}


@pytest.fixture(params=LAYERS)
def layer(request: Any) -> nn.Module:
    torch.manual_seed(5)
    made: nn.Module = LAYERS[request.param]().eval()
    return made


def states(hx: Any) -> list[Tensor]:
    return [hx] if isinstance(hx, Tensor) else list(hx)


@torch.no_grad()
def test_steps_and_blocks_give_the_outputs_and_states_of_the_layer(layer: nn.Module) -> None:
    x = torch.randn(STEPS, ROWS, INPUTS)
    expected, final = layer(x)
    stream = ur.stream(layer, ROWS)
    y = torch.cat([stream.run(x[:4]), stream.step(x[4])[None], stream.run(x[5:])])
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(states(stream.state()), states(final), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_stream_goes_on_from_a_state_of_the_layer(layer: nn.Module) -> None:
    x = torch.randn(STEPS, ROWS, INPUTS)
    expected, _ = layer(x)
    _, middle = layer(x[:5])
    stream = ur.stream(layer, ROWS)
    stream.run(x)
    stream.restore(middle)
    torch.testing.assert_close(stream.run(x[5:]), expected[5:], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_rows_come_and_go() -> None:
    layer = ur.GRU(INPUTS, HIDDEN)
    x = torch.randn(STEPS, 1, INPUTS)
    expected, _ = layer(x)
    stream = ur.stream(layer, 2)
    stream.run(torch.randn(4, 2, INPUTS))
    stream.reset([1])
    stream.step(torch.cat([torch.zeros(1, INPUTS), x[0]]))
    stream.keep([1])
    stream.add(1)
    assert stream.batch == 2
    copy = stream.copy()
    for t in range(1, STEPS):
        y = stream.step(torch.cat([x[t], x[t - 1]]))
        torch.testing.assert_close(y[0], expected[t, 0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(y[1], expected[t - 1, 0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(copy.step(torch.cat([x[1], x[0]]))[0], expected[1, 0], rtol=1e-5, atol=1e-5)


def test_arrays_go_in_and_come_out() -> None:
    layer = ur.LSTM(INPUTS, HIDDEN)
    x = np.random.default_rng(0).standard_normal((STEPS, ROWS, INPUTS)).astype(np.float32)
    y = ur.stream(layer, ROWS).run(x)
    assert isinstance(y, np.ndarray)
    np.testing.assert_allclose(y, layer(torch.from_numpy(x))[0].detach(), rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 0.02), ("int8", 0.05)])
def test_lower_precisions_stay_close(precision: Any, tolerance: float) -> None:
    torch.manual_seed(0)
    layer, x = ur.LSTM(INPUTS, HIDDEN, 2), torch.randn(STEPS, ROWS, INPUTS)
    difference = (ur.stream(layer, ROWS, precision=precision).run(x) - layer(x)[0]).abs().max()
    assert 0 < difference < tolerance


def test_a_bidirectional_layer_cannot_be_streamed() -> None:
    with pytest.raises(ProgramError, match="its reverse direction begins at the last step"):
        ur.stream(ur.LSTM(INPUTS, HIDDEN, bidirectional=True))


def test_other_modules_cannot_be_streamed() -> None:
    with pytest.raises(ProgramError, match="Linear is not a recurrent layer"):
        ur.stream(nn.Linear(2, 2))


def test_double_weights_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ProgramError, match=r"layer\.float\(\)"):
        ur.stream(ur.LSTM(INPUTS, HIDDEN).double())


@pytest.mark.parametrize("shape", [(ROWS, INPUTS + 1), (ROWS + 1, INPUTS), (INPUTS,)])
def test_a_wrong_input_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError):
        ur.stream(ur.LSTM(INPUTS, HIDDEN), ROWS).step(torch.zeros(shape))


def test_an_unknown_precision_is_an_error() -> None:
    with pytest.raises(ConfigError, match="float32, bfloat16, int8"):
        ur.stream(ur.LSTM(INPUTS, HIDDEN), precision="int4")  # type: ignore[arg-type]
