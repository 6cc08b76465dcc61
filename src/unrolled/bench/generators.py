"""Models that process one token at a time. Each call of ``generate`` starts with an empty state."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from unrolled.bench.step_implementations import PlainModel, PlainState, plain_weights
from unrolled.bench.step_models import StepModel
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.generator import Generator
from unrolled.text import EOS_ID, TextConfig, train_tokenizer


class TokenGenerator(Protocol):
    """One side of the comparison: a model that generates tokens."""

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """Return the logits (N, V) after each of N tokens."""

    def generate(self, count: int) -> None:
        """Generate ``count`` tokens, one at a time, always the most probable token."""


class UnrolledGenerator:
    """This package's model, run as ``unrolled generate`` runs it."""

    def __init__(self, network: RecurrentLanguageModel) -> None:
        # The tokenizer is not used: inputs and outputs are token ids.
        self._generator = Generator(network, train_tokenizer(TextConfig(), ["unused"]))

    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`TokenGenerator.compute_logits`."""
        _, state = self._generator._read("")
        step_logits = []
        for token in tokens:
            logits, state = self._generator._step(torch.tensor([token]), state)
            step_logits.append(logits[0])
        return torch.stack(step_logits)

    def generate(self, count: int) -> None:
        """See :meth:`TokenGenerator.generate`."""
        logits, state = self._generator._read("")
        for _ in range(count):
            logits, state = self._generator._step(logits.argmax(-1), state)


class PlainGenerator:
    """The same model with ``torch.nn`` layers."""

    def __init__(self, network: RecurrentLanguageModel, model: StepModel) -> None:
        self._network = PlainModel(model).eval()
        self._network.load_state_dict(plain_weights(network))

    @torch.inference_mode()
    def compute_logits(self, tokens: Sequence[int]) -> Tensor:
        """See :meth:`TokenGenerator.compute_logits`."""
        _, state = self._network(torch.tensor([[EOS_ID]]))
        step_logits = []
        for token in tokens:
            logits, state = self._network(torch.tensor([[token]]), state)
            step_logits.append(logits[0, 0])
        return torch.stack(step_logits)

    @torch.inference_mode()
    def generate(self, count: int) -> None:
        """See :meth:`TokenGenerator.generate`."""
        state: PlainState = None
        logits, state = self._network(torch.tensor([[EOS_ID]]), state)
        for _ in range(count):
            logits, state = self._network(logits.argmax(-1), state)
