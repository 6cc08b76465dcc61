"""Create this package's layers for a case."""

from typing import Any

import torch

from unrolled.backends import BackendName, Precision
from unrolled.bench.sides import LayerCase
from unrolled.layers import GRU, LSTM, RNN, Recurrent, Stack

LAYERS: dict[str, type[Recurrent]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def make_unrolled_layer(
    case: LayerCase, backend: BackendName = "auto", precision: str = "float32", **options: Any
) -> Recurrent:
    """Return this package's layer with the case's cell and sizes.

    It gets the case's weights if its parameters are the same as in torch's layer. Otherwise its weights are
    random with a fixed seed.
    """
    layer_precision: Precision = "bfloat16" if precision == "bfloat16" else "full"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = LAYERS[case.cell](
            case.point.input, case.point.hidden, backend=backend, precision=layer_precision, **options
        )
    if layer.state_dict().keys() == case.weights.keys():
        layer.load_state_dict(case.weights)
    return layer.train(case.training)


def backends_used(layer: Stack) -> str:
    """Return the backends that ran the layer's last pass."""
    return ", ".join(dict.fromkeys(layer.explain().paths))
