"""Models that read and write one token at a time; each call of ``write`` begins with an empty state."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from unrolled.bench.step_models import StepModel
from unrolled.bench.step_sides import PlainModel, PlainState, plain_weights
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.writer import Writer
from unrolled.text import EOS_ID, TextConfig, train_tokenizer


class Generator(Protocol):
    """One side of the comparison."""

    def read(self, tokens: Sequence[int]) -> Tensor:
        """Return the logits (N, V) after each of so many tokens."""

    def write(self, count: int) -> None:
        """Write so many tokens, always the most probable, each read before the next is chosen."""


class OwnGenerator:
    """This package's model, stepped as ``unrolled generate`` steps it."""

    def __init__(self, network: RecurrentLanguageModel) -> None:
        # The tokeniser is not used: numbers go in and come out.
        self._writer = Writer(network, train_tokenizer(TextConfig(), ["unused"]))

    def read(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`Generator.read`."""
        _, state = self._writer._read("")
        seen = []
        for token in tokens:
            logits, state = self._writer._step(torch.tensor([token]), state)
            seen.append(logits[0])
        return torch.stack(seen)

    def write(self, count: int) -> None:
        """See :meth:`Generator.write`."""
        logits, state = self._writer._read("")
        for _ in range(count):
            logits, state = self._writer._step(logits.argmax(-1), state)


class PlainGenerator:
    """``torch.nn``'s layers, stepped as their user does."""

    def __init__(self, network: RecurrentLanguageModel, model: StepModel) -> None:
        self._network = PlainModel(model).eval()
        self._network.load_state_dict(plain_weights(network))

    @torch.inference_mode()
    def read(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`Generator.read`."""
        _, state = self._network(torch.tensor([[EOS_ID]]))
        seen = []
        for token in tokens:
            logits, state = self._network(torch.tensor([[token]]), state)
            seen.append(logits[0, 0])
        return torch.stack(seen)

    @torch.inference_mode()
    def write(self, count: int) -> None:
        """See :meth:`Generator.write`."""
        state: PlainState = None
        logits, state = self._network(torch.tensor([[EOS_ID]]), state)
        for _ in range(count):
            logits, state = self._network(logits.argmax(-1), state)
