"""The files for audio plug-ins, read back as their formats say, compute what the LSTM computes."""

import json
from typing import Any

import numpy as np
import pytest
import torch

import unrolled as ur
from c_models import weights_of
from unrolled.errors import ExportError
from unrolled.exporters.audio import nam_json, read_lstm, rtneural_json


class Amp(torch.nn.Module):
    def __init__(self, layers: int = 1, hidden: int = 7, **options: Any) -> None:
        super().__init__()
        self.recurrent = ur.LSTM(1, hidden, layers, **options)
        self.head = torch.nn.Linear(hidden, 1)

    @torch.no_grad()
    def sound(self, x: np.ndarray) -> np.ndarray:
        return self.head(self.recurrent(torch.from_numpy(x)[:, None, None])[0])[:, 0, 0].numpy()


def run_lstm(x: np.ndarray, layers: list[dict[str, np.ndarray]], head: np.ndarray, bias: float) -> np.ndarray:
    """y_t of an LSTM; each layer has W (4H, I), U (4H, H), b, h, c."""
    states = [(layer["h"], layer["c"]) for layer in layers]
    y = []
    for sample in x:
        value = np.array([sample])
        for n, layer in enumerate(layers):
            h, c = states[n]
            i, f, g, o = np.split(layer["W"] @ value + layer["U"] @ h + layer["b"], 4)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            c = f * c + i * np.tanh(g)
            value = o * np.tanh(c)
            states[n] = (value, c)
        y.append(head @ value + bias)
    return np.array(y)


def read_nam(text: str) -> tuple[list[dict[str, np.ndarray]], np.ndarray, float]:
    model = json.loads(text)
    assert model["architecture"] == "LSTM"
    size, count = model["config"]["hidden_size"], model["config"]["num_layers"]
    numbers = iter(model["weights"])

    def take(*shape: int) -> np.ndarray:
        return np.array([next(numbers) for _ in range(int(np.prod(shape)))]).reshape(shape)

    layers = []
    for n in range(count):
        inputs = size if n else model["config"]["input_size"]
        both = take(4 * size, inputs + size)
        layers.append(
            {
                "W": both[:, :inputs],
                "U": both[:, inputs:],
                "b": take(4 * size),
                "h": take(size),
                "c": take(size),
            }
        )
    head, bias = take(size), take(1)[0]
    assert next(numbers, None) is None
    return layers, head, bias


def read_rtneural(text: str) -> tuple[list[dict[str, np.ndarray]], np.ndarray, float]:
    model = json.loads(text)
    assert model["in_shape"][-1] == 1
    *lstm, dense = model["layers"]
    layers = []
    for layer in lstm:
        assert layer["type"] == "lstm"
        size = layer["shape"][-1]
        kernel, recurrent, bias = map(np.array, layer["weights"])
        layers.append({"W": kernel.T, "U": recurrent.T, "b": bias, "h": np.zeros(size), "c": np.zeros(size)})
    assert (dense["type"], dense["shape"][-1]) == ("dense", 1)
    weight, bias = dense["weights"]
    return layers, np.array(weight)[:, 0], bias[0]


SOUND = np.random.default_rng(0).normal(0, 0.5, 50).astype(np.float32)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_both_formats_compute_the_same(layers: int, bias: bool) -> None:
    amp = Amp(layers, bias=bias)
    model = read_lstm(weights_of(amp))
    expected = amp.sound(SOUND)
    for read in (read_nam(nam_json(model, name="amp")), read_rtneural(rtneural_json(model))):
        np.testing.assert_allclose(run_lstm(SOUND, *read), expected, atol=1e-6)


def test_the_initial_state_may_be_that_after_silence() -> None:
    amp = Amp(2)
    model = read_lstm(weights_of(amp))
    expected = amp.sound(np.concatenate([np.zeros(30, np.float32), SOUND]))[30:]
    y = run_lstm(SOUND, *read_nam(nam_json(model, name="amp", burn_in=30)))
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_what_a_nam_file_says_about_itself() -> None:
    text = nam_json(read_lstm(weights_of(Amp())), name="my amp", sample_rate=44_100)
    model = json.loads(text)
    assert model["version"] == "0.5.4"
    assert model["sample_rate"] == 44_100
    assert model["metadata"]["name"] == "my amp"
    assert model["config"] == {"input_size": 1, "hidden_size": 7, "num_layers": 1}


def state_dict(**options: Any) -> dict[str, np.ndarray]:
    layer = ur.LSTM(options.pop("inputs", 1), 6, **options)
    return {f"recurrent.{name}": w for name, w in weights_of(layer).items()} | {
        "head.weight": np.zeros((1, 6)), "head.bias": np.zeros(1)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "have no recurrent.weight_ih_l0"),
        (state_dict(inputs=2), "one input, but the LSTM reads 2"),
        (state_dict(bidirectional=True), "weight_ih_l0_reverse belongs to another kind"),
        (state_dict(proj_size=3), "weight_hr_l0 belongs to another kind"),
        (state_dict(cell=ur.cells.LSTM(peepholes=True)), "weight_peephole_i_l0 belongs to another kind"),
        (state_dict() | {"head.weight": np.zeros((2, 6))}, r"head.weight must be \(1, 6\), not \(2, 6\)"),
        ({k: v for k, v in state_dict().items() if "head" not in k}, "have no head.weight"),
        (state_dict() | {"recurrent.weight_hh_l0": np.zeros((18, 6))}, r"without projection has \(4H, H\)"),
    ],
)  # fmt: skip
def test_other_models_are_refused(weights: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ExportError, match=message):
        read_lstm(weights)


def test_a_sample_rate_must_be_positive() -> None:
    with pytest.raises(ExportError, match="sample_rate=0 must be positive"):
        nam_json(read_lstm(weights_of(Amp())), name="amp", sample_rate=0)
