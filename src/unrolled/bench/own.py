"""This package's layers, made for a case."""

from typing import Any

from unrolled.bench.sides import LayerCase
from unrolled.errors import ConfigError
from unrolled.layers import GRU, LSTM, RNN, Recurrent
from unrolled.recurrence import Backend

LAYERS: dict[str, type[Recurrent]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def own_layer(
    case: LayerCase, backend: Backend = "auto", precision: str = "float32", **options: Any
) -> Recurrent:
    """Return this package's layer of the case's cell and sizes; with torch's options, also its weights.

    Raises:
        ConfigError: if the layers take no precision but float32.
    """
    if precision != "float32":
        options["precision"] = precision
    try:
        layer = LAYERS[case.cell](case.point.input, case.point.hidden, backend=backend, **options)
    except TypeError as error:
        if "precision" not in str(error):
            raise
        raise ConfigError(
            f"precision={precision!r}: the layers of this version compute in float32 alone"
        ) from None
    if layer.state_dict().keys() == case.weights.keys():
        layer.load_state_dict(case.weights)
    return layer.train(case.training)


def path_of(layer: Recurrent) -> str:
    """Return which code the layer's last pass ran."""
    return ", ".join(dict.fromkeys(layer.explain().paths))
