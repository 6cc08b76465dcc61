"""The .nam format of Neural Amp Modeler, version 0.5.4, for LSTM models.

The weights are one list: for each layer the matrix [W U] by rows (gates i, f, g, o), the bias, the initial h
and the initial c; then the weights and the bias of the output. Source: neural-amp-modeler's documentation,
"``.nam`` file specification", and the order in which its LSTM writes its weights.
"""

import json

import numpy as np

from unrolled.errors import ExportError
from unrolled.exporters.audio.model import AudioModel

VERSION = "0.5.4"


def nam_json(model: AudioModel, *, name: str, sample_rate: float = 48_000, burn_in: int = 0) -> str:
    """Return the text of a .nam file.

    Args:
        model: the model.
        name: what plug-ins show.
        sample_rate: of the sound that the model was trained on, in Hz.
        burn_in: samples of silence after which the state is stored as the initial one, so that a plug-in does
            not begin with a click; 0 stores zeros.

    Raises:
        ExportError: if the sample rate is not positive.
    """
    if not sample_rate > 0:
        raise ExportError(f"sample_rate={sample_rate} must be positive")
    parts = []
    for layer, (h, c) in zip(model.layers, model.settle(burn_in), strict=True):
        parts += [np.concatenate([layer.weight_ih, layer.weight_hh], axis=1).ravel(), layer.bias, h, c]
    parts += [model.weight, np.array([model.bias], np.float32)]
    content = {
        "version": VERSION,
        "metadata": {"name": name},
        "architecture": "LSTM",
        "config": {"input_size": 1, "hidden_size": model.hidden_size, "num_layers": len(model.layers)},
        "weights": np.concatenate(parts).tolist(),
        "sample_rate": sample_rate,
    }
    return json.dumps(content)
