"""The character model as an ONNX graph of one step, run with ONNX Runtime."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.bench.peers.onnx_session import open_session, recurrent_node
from unrolled.models import RecurrentLanguageModel
from unrolled.text import EOS_ID

Floats = NDArray[np.float32]


class OnnxGenerator:
    """A :class:`TokenGenerator` with an embedding, one LSTM layer and an output layer."""

    def __init__(self, network: RecurrentLanguageModel) -> None:
        make = importlib.import_module("onnx").helper.make_node
        p = network.state_dict()
        weights = {
            name.removeprefix("recurrent.").removesuffix("_l0"): tensor
            for name, tensor in p.items()
            if name.startswith("recurrent.")
        }
        inputs = ["x", "W", "R", "B", "", "h", "c"]
        lstm, constants = recurrent_node("lstm", weights, inputs, ["y", "new_h", "new_c"])
        constants |= {"table": p["input.weight"], "V": p["output.weight"], "bias": p["output.bias"]}
        constants["axis"] = torch.tensor([0])
        nodes = [
            make("Gather", ["table", "tokens"], ["x"]),
            lstm,
            make("Squeeze", ["new_h", "axis"], ["features"]),
            make("Gemm", ["features", "V", "bias"], ["logits"], transB=1),
        ]
        vocabulary, hidden = p["output.weight"].shape
        state = {"h": [1, 1, hidden], "c": [1, 1, hidden]}
        outputs = {"logits": [1, vocabulary]} | {f"new_{name}": shape for name, shape in state.items()}
        self._session = open_session(nodes, constants, {"tokens": [1, 1]} | state, outputs)
        self._zeros = np.zeros((1, 1, hidden), np.float32)

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`TokenGenerator.compute_logits`."""
        _, *state = self._start()
        step_logits = []
        for token in tokens:
            logits, *state = self._step(token, *state)
            step_logits.append(torch.from_numpy(logits[0]))
        return torch.stack(step_logits)

    def generate(self, count: int) -> None:
        """See :meth:`TokenGenerator.generate`."""
        logits, *state = self._start()
        for _ in range(count):
            logits, *state = self._step(logits.argmax(), *state)

    def _start(self) -> list[Floats]:
        return self._step(EOS_ID, self._zeros, self._zeros)

    def _step(self, token: Any, h: Floats, c: Floats) -> list[Floats]:
        """Return the logits (1, V) and the new h and c."""
        inputs = {"tokens": np.array([[token]], np.int64), "h": h, "c": c}
        outputs: list[Floats] = self._session.run(["logits", "new_h", "new_c"], inputs)
        return outputs
