"""This package's layers, made for a case."""

from typing import Any

import torch

from unrolled.backends import BackendName, Precision
from unrolled.bench.sides import LayerCase
from unrolled.layers import GRU, LSTM, RNN, Recurrent, Stack

LAYERS: dict[str, type[Recurrent]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def own_layer(
    case: LayerCase, backend: BackendName = "auto", precision: str = "float32", **options: Any
) -> Recurrent:
    """Return this package's layer of the case's cell and sizes; with torch's options, also its weights.

    A layer with other options has weights of its own, the same in every run.
    """
    kept: Precision = "bfloat16" if precision == "bfloat16" else "full"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = LAYERS[case.cell](
            case.point.input, case.point.hidden, backend=backend, precision=kept, **options
        )
    if layer.state_dict().keys() == case.weights.keys():
        layer.load_state_dict(case.weights)
    return layer.train(case.training)


def path_of(layer: Stack) -> str:
    """Return which code the layer's last pass ran."""
    return ", ".join(dict.fromkeys(layer.explain().paths))
