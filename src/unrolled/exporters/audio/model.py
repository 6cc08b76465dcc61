"""The part of a state dict that audio plug-ins can run: LSTM layers and one linear output."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ExportError

Array = NDArray[np.float32]
_PLAIN = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh)_l(\d+)")


@dataclass(frozen=True)
class LSTMLayer:
    """One layer; gates i, f, g, o."""

    weight_ih: Array
    """(4H, I)."""
    weight_hh: Array
    """(4H, H)."""
    bias: Array
    """(4H,), the sum of both biases."""


@dataclass(frozen=True)
class AudioModel:
    """LSTM layers, then y_t = weight · h_t + bias."""

    layers: tuple[LSTMLayer, ...]
    weight: Array
    """(H,)."""
    bias: float

    @property
    def hidden_size(self) -> int:
        """H of every layer."""
        return self.layers[0].weight_hh.shape[1]

    def settle(self, steps: int) -> list[tuple[Array, Array]]:
        """Return (h, c) of each layer after so many samples of silence from zeros."""
        states = [(np.zeros(self.hidden_size, np.float32),) * 2 for _ in self.layers]
        for _ in range(steps):
            x = np.zeros(1, np.float32)
            for number, layer in enumerate(self.layers):
                h, c = states[number]
                a = layer.weight_ih @ x + layer.weight_hh @ h + layer.bias
                i, f, g, o = np.split(a, 4)
                c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
                x = _sigmoid(o) * np.tanh(c)
                states[number] = (x, c)
        return states


def read_lstm(
    weights: Mapping[str, NDArray[Any]], *, recurrent: str = "recurrent.", head: str = "head."
) -> AudioModel:
    """Return the model of a state dict.

    Args:
        weights: arrays by name.
        recurrent: what the names of the LSTM's parameters begin with.
        head: what the names of the linear output's parameters begin with.

    Raises:
        ExportError: if it is not a plain LSTM of one input and one output.
    """
    known = {
        name.removeprefix(recurrent): np.asarray(array, np.float32)
        for name, array in weights.items()
        if name.startswith(recurrent) and not name.startswith(head)
    }
    for name in known:
        if not _PLAIN.fullmatch(name):
            raise ExportError(
                f"audio plug-ins run plain LSTM layers: {recurrent}{name} belongs to another kind"
            )
    count = sum(name.startswith("weight_ih") for name in known)
    if not count:
        raise ExportError(f"the weights have no {recurrent}weight_ih_l0: audio plug-ins run LSTM layers")
    layers = tuple(_read_layer(known, layer, recurrent) for layer in range(count))
    if layers[0].weight_ih.shape[1] != 1:
        raise ExportError(f"audio plug-ins have one input, but the LSTM reads {layers[0].weight_ih.shape[1]}")
    return AudioModel(layers, *_read_head(weights, head, layers[0].weight_hh.shape[1]))


def _read_layer(known: Mapping[str, Array], layer: int, prefix: str) -> LSTMLayer:
    missing = [side for side in ("ih", "hh") if f"weight_{side}_l{layer}" not in known]
    if missing:
        raise ExportError(f"the weights have no {prefix}weight_{missing[0]}_l{layer}")
    weight_ih, weight_hh = known[f"weight_ih_l{layer}"], known[f"weight_hh_l{layer}"]
    rows, hidden = weight_hh.shape
    if rows != 4 * hidden or len(weight_ih) != rows:
        raise ExportError(
            f"{prefix}weight_hh_l{layer} has shape {weight_hh.shape}: an LSTM without projection has (4H, H)"
        )
    zeros = np.zeros(rows, np.float32)
    bias = known.get(f"bias_ih_l{layer}", zeros) + known.get(f"bias_hh_l{layer}", zeros)
    return LSTMLayer(weight_ih, weight_hh, bias)


def _read_head(weights: Mapping[str, NDArray[Any]], prefix: str, hidden: int) -> tuple[Array, float]:
    if f"{prefix}weight" not in weights:
        raise ExportError(f"the weights have no {prefix}weight, the linear output")
    weight = np.asarray(weights[f"{prefix}weight"], np.float32)
    if weight.shape != (1, hidden):
        raise ExportError(
            f"audio plug-ins have one output: {prefix}weight must be (1, {hidden}), not {weight.shape}"
        )
    bias = np.asarray(weights.get(f"{prefix}bias", np.zeros(1)), np.float32)
    return weight[0], float(bias[0])


def _sigmoid(x: Array) -> Array:
    return (1 / (1 + np.exp(-x))).astype(np.float32)
