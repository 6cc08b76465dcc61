"""The character model as an ONNX graph of one step, run with ONNX Runtime."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.bench.peers.onnx_session import build_model, quantise, recurrent_node, start_session
from unrolled.models import RecurrentLanguageModel
from unrolled.text import EOS_ID

Floats = NDArray[np.float32]


class OnnxGenerator:
    """A :class:`TokenGenerator` with an embedding, LSTM layers and an output layer."""

    def __init__(self, network: RecurrentLanguageModel, *, int8: bool = False) -> None:
        """Build the graph.

        Args:
            network: the model.
            int8: whether ONNX Runtime's dynamic quantisation stores the weights of products as int8.
        """
        layers, hidden = network.recurrent.num_layers, network.recurrent.hidden_size
        self._states = [f"{name}{layer}" for layer in range(layers) for name in ("h", "c")]
        model = _build(network, self._states)
        self._session = start_session(quantise(model) if int8 else model)
        self._outputs = ["logits", *(f"new_{name}" for name in self._states)]
        self._zeros = [np.zeros((1, 1, hidden), np.float32)] * len(self._states)

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`TokenGenerator.compute_logits`."""
        _, state = self.start()
        step_logits = []
        for token in tokens:
            logits, state = self.step(token, state)
            step_logits.append(torch.from_numpy(logits))
        return torch.stack(step_logits)

    def generate(self, count: int) -> None:
        """See :meth:`TokenGenerator.generate`."""
        logits, state = self.start()
        for _ in range(count):
            logits, state = self.step(logits.argmax(), state)

    def start(self) -> tuple[Floats, list[Floats]]:
        """Return the logits (V,) after the first token, and the state."""
        return self.step(EOS_ID, self._zeros)

    def step(self, token: Any, state: list[Floats]) -> tuple[Floats, list[Floats]]:
        """Return the logits (V,) after a token, and the new state."""
        inputs = {"tokens": np.array([[token]], np.int64), **dict(zip(self._states, state, strict=True))}
        logits, *new_state = self._session.run(self._outputs, inputs)
        return logits[0], new_state


def _build(network: RecurrentLanguageModel, states: Sequence[str]) -> Any:
    """Return the ONNX model of one step."""
    make = importlib.import_module("onnx").helper.make_node
    p = network.state_dict()
    vocabulary, hidden = p["output.weight"].shape
    constants = {"table": p["input.weight"], "V": p["output.weight"], "bias": p["output.bias"]}
    constants |= {"time": torch.tensor([0]), "direction": torch.tensor([1])}
    nodes = [make("Gather", ["table", "tokens"], ["x0"])]
    for layer in range(network.recurrent.num_layers):
        weights = {
            name: p[f"recurrent.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        names = [f"{name}{layer}" for name in "WRB"]
        inputs = [f"x{layer}", *names, "", f"h{layer}", f"c{layer}"]
        outputs = [f"y{layer}", f"new_h{layer}", f"new_c{layer}"]
        node, of_layer = recurrent_node("lstm", weights, inputs, outputs)
        constants |= {f"{name}{layer}": tensor for name, tensor in of_layer.items()}
        nodes += [node, make("Squeeze", [f"y{layer}", "direction"], [f"x{layer + 1}"])]
    last = network.recurrent.num_layers
    nodes += [
        make("Squeeze", [f"x{last}", "time"], ["features"]),
        make("Gemm", ["features", "V", "bias"], ["logits"], transB=1),
    ]
    state = {name: [1, 1, hidden] for name in states}
    results = {"logits": [1, vocabulary]} | {f"new_{name}": shape for name, shape in state.items()}
    return build_model(nodes, constants, {"tokens": [1, 1]} | state, results)
