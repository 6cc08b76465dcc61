"""The JSON of RTNeural, which AIDA-X and other plug-ins read.

A layer has the weights that Keras gives it: of an LSTM, W (I, 4H) and U (H, 4H) with gates i, f, c, o, and
one bias (4H,); of a dense layer, W (H, 1) and the bias (1,). Source: RTNeural's model_loader.h. The key
``in_skip`` is that of AIDA-X, which adds the input to the output where it is 1.
"""

import json
from typing import Any

from unrolled.exporters.audio.model import AudioModel


def rtneural_json(model: AudioModel) -> str:
    """Return the text of a JSON file for RTNeural."""
    layers = [
        _layer("lstm", model.hidden_size, [layer.weight_ih.T, layer.weight_hh.T, layer.bias])
        for layer in model.layers
    ]
    layers.append(_layer("dense", 1, [model.weight[:, None], model.bias]))
    return json.dumps({"in_shape": [None, None, 1], "in_skip": 0, "layers": layers})


def _layer(kind: str, size: int, weights: list[Any]) -> dict[str, Any]:
    lists = [w.tolist() if hasattr(w, "tolist") else [w] for w in weights]
    return {"type": kind, "activation": "", "shape": [None, None, size], "weights": lists}
