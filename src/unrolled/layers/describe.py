"""Text for the ``repr`` of a recurrent layer."""

from typing import TYPE_CHECKING

from unrolled.layers.recurrent_drop import RecurrentDrop

if TYPE_CHECKING:
    from unrolled.layers.recurrent import Recurrent

DEFAULTS = {
    "num_layers": 1,
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
    "bidirectional": False,
    "proj_size": 0,
    "drop": RecurrentDrop(),
    "skip": 0,
    "residual": False,
    "backend": "auto",
    "precision": "full",
    "checkpoint_every": None,
}


def describe(layer: "Recurrent") -> str:
    """Return the sizes, the cell, and the arguments that differ from their defaults."""
    parts = [f"{layer.input_size}, {layer.hidden_size}", str(layer.cell)]
    values = {name: getattr(layer, name) for name in DEFAULTS}
    parts += [f"{name}={value}" for name, value in values.items() if value != DEFAULTS[name]]
    return ", ".join(parts)
