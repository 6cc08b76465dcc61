"""The sides of ``unrolled bench stream``: a character model that processes one token at a time."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from unrolled.bench.generators import PlainGenerator
from unrolled.bench.step_implementations import PlainState
from unrolled.bench.step_models import StepModel
from unrolled.cells import LSTM
from unrolled.engine import Engine, Precision
from unrolled.models import RecurrentLanguageModel
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, add_stack
from unrolled.programs.program import Program
from unrolled.text import EOS_ID

FIRST = EOS_ID
"""Token of the first step."""


class Streamer(Protocol):
    """One side: a model with its state, after at least one step."""

    bytes: int
    """Bytes of weights that one step reads; 0: unknown."""

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """Return the logits (N, V) after each of N tokens, from the start."""

    @property
    def step(self) -> Callable[[int], object]:
        """Process one token."""

    def generate(self, count: int) -> None:
        """Sample ``count`` tokens, each from the logits of the one before."""


def language_program(model: StepModel) -> Program:
    """Return the step program of a :class:`RecurrentLanguageModel` with LSTM layers."""
    builder = Builder()
    x = builder.embedding("token", "input.weight", (model.vocabulary, model.embedding))
    spec = RecurrentSpec(
        cell=LSTM(), input_size=model.embedding, hidden_size=model.hidden, num_layers=model.layers, masks={}
    )
    y = add_stack(builder, x, spec, "recurrent.")
    weight: Any = builder.parameter("output.weight", (model.vocabulary, model.hidden))
    bias: Any = builder.parameter("output.bias", (model.vocabulary,))
    return builder.finish(logits=y.linear(weight, bias))


class RuntimeStreamer:
    """The native runtime."""

    def __init__(self, network: RecurrentLanguageModel, model: StepModel, precision: Precision) -> None:
        weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
        engine = Engine(language_program(model), weights, precision)
        self.bytes = engine.step_bytes
        self._stream = engine.stream()
        self.step: Callable[[int], object] = self._stream.step_token
        self.step(FIRST)

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`Streamer.compute_logits`."""
        stream = self._stream.engine.stream()
        stream.step_token(FIRST)
        return torch.from_numpy(stream.run(tokens={"token": np.array(tokens)[:, None]})["logits"][:, 0])

    def generate(self, count: int) -> None:
        """See :meth:`Streamer.generate`."""
        self._stream.generate(count)


class OnnxStreamer:
    """ONNX Runtime: one call of a session for each token, sampling in numpy."""

    def __init__(self, network: RecurrentLanguageModel, *, int8: bool = False) -> None:
        module = importlib.import_module("unrolled.bench.peers.onnx_generator")
        self._generator = module.OnnxGenerator(network, int8=int8)
        self.bytes = 0
        self._random = np.random.default_rng(0)
        self._logits, self._state = self._generator.start()

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`Streamer.compute_logits`."""
        logits: Tensor = self._generator.compute_logits(tokens)
        return logits

    def step(self, token: int) -> None:
        """See :meth:`Streamer.step`."""
        self._logits, self._state = self._generator.step(token, self._state)

    def generate(self, count: int) -> None:
        """See :meth:`Streamer.generate`."""
        for _ in range(count):
            wide = self._logits.astype(np.float64)
            sums = np.exp(wide - wide.max()).cumsum()
            self.step(int(np.searchsorted(sums, self._random.random() * sums[-1], side="right")))


class TorchStreamer:
    """A torch module, one call for each token, sampling in torch."""

    def __init__(self, call: Callable[[Tensor, Any], tuple[Tensor, Any]]) -> None:
        """``call`` maps tokens (1, 1) and a state to logits (1, 1, V) and the next state."""
        self._call = call
        self.bytes = 0
        self._logits, self._state = self._first()

    @torch.inference_mode()
    def _first(self) -> tuple[Tensor, Any]:
        return self._call(torch.tensor([[FIRST]]), None)

    @torch.inference_mode()
    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`Streamer.compute_logits`."""
        _, state = self._first()
        step_logits = []
        for token in tokens:
            logits, state = self._call(torch.tensor([[token]]), state)
            step_logits.append(logits[0, 0])
        return torch.stack(step_logits)

    @torch.inference_mode()
    def step(self, token: int) -> None:
        """See :meth:`Streamer.step`."""
        self._logits, self._state = self._call(torch.tensor([[token]]), self._state)

    @torch.inference_mode()
    def generate(self, count: int) -> None:
        """See :meth:`Streamer.generate`."""
        for _ in range(count):
            token = torch.multinomial(self._logits[0, 0].double().softmax(-1), 1)
            self._logits, self._state = self._call(token[None], self._state)


def plain_call(
    network: RecurrentLanguageModel, model: StepModel
) -> Callable[[Tensor, PlainState], tuple[Tensor, PlainState]]:
    """Return the call of the same model with ``torch.nn`` layers."""
    plain = PlainGenerator(network, model)
    call: Callable[[Tensor, PlainState], tuple[Tensor, PlainState]] = plain._network
    return call
