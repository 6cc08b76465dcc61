"""The two implementations whose training step is timed: this package's Trainer, and a plain PyTorch loop."""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.bench.sides import TORCH_LAYERS
from unrolled.bench.step_models import StepModel, random_chunks, random_tokens
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks.lm.data import Corpus
from unrolled.tasks.lm.job import LanguageJob
from unrolled.training import Trainer

PlainState = Tensor | tuple[Tensor, Tensor] | None


class PlainModel(nn.Module):
    """The language model that :class:`StepModel` describes, with layers of torch.nn only.

    Maps tokens (T, B) to logits (T, B, V).
    """

    def __init__(self, model: StepModel) -> None:
        super().__init__()
        self.embedding = nn.Embedding(model.vocabulary, model.embedding)
        self.recurrent = TORCH_LAYERS[model.cell](model.embedding, model.hidden, model.layers)
        self.output = nn.Linear(model.hidden, model.vocabulary)

    def forward(self, tokens: Tensor, state: PlainState = None) -> tuple[Tensor, PlainState]:
        """Return the logits and the state for the next call."""
        y, state = self.recurrent(self.embedding(tokens), state)
        return self.output(y), state


class TrainerStep:
    """One training step of :class:`Trainer`, as in ``unrolled train lm``."""

    def __init__(self, model: StepModel, precision: str = "float32", seed: int = 0) -> None:
        config, text = model.config(precision), random_tokens(model)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = RecurrentLanguageModel(model.vocabulary, config.cell, config.network, config.dropout)
        job = LanguageJob(network, Corpus(text, None, {}), config)
        self.network = network
        self._trainer = Trainer(job, config.optimizer, config.training)
        self._chunks = itertools.cycle(random_chunks(model, text))
        self.losses: list[float] = []

    def __call__(self) -> None:
        """Train on the next batch and append its loss, in nats per token, to ``losses``."""
        progress = self._trainer.progress
        nats, tokens = progress.window_loss, progress.window_tokens
        self._trainer._update([next(self._chunks)])
        self.losses.append((progress.window_loss - nats) / (progress.window_tokens - tokens))


class PlainStep:
    """One training step in plain PyTorch on the batches of :class:`TrainerStep`.

    With ``start``, it also begins with the weights of that network.
    """

    def __init__(self, model: StepModel, start: RecurrentLanguageModel | None = None) -> None:
        self._model, self._network = model, PlainModel(model)
        if start is not None:
            self._network.load_state_dict(plain_weights(start))
        self._optimizer = torch.optim.SGD(self._network.parameters(), lr=model.lr)
        self._chunks = itertools.cycle(random_chunks(model, random_tokens(model)))
        self._state: PlainState = None
        self.losses: list[float] = []

    def __call__(self) -> None:
        """Train on the next batch and append its loss, in nats per token, to ``losses``."""
        chunk = next(self._chunks)
        self._optimizer.zero_grad()
        logits, state = self._network(chunk.inputs, self._state)
        loss = F.cross_entropy(logits.flatten(0, 1), chunk.targets.flatten())
        objective = loss * self._model.steps if self._model.loss == "steps" else loss
        objective.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), self._model.clip)
        self._optimizer.step()
        self._state = _detach(state)
        self.losses.append(loss.item())


def plain_weights(network: RecurrentLanguageModel) -> dict[str, Tensor]:
    """Convert the weights of this package's model to a state dict that :class:`PlainModel` loads."""
    prefixes = {"input.": "embedding.", "recurrent.": "recurrent.", "output.": "output."}
    return {
        plain_prefix + name.removeprefix(prefix): tensor
        for prefix, plain_prefix in prefixes.items()
        for name, tensor in network.state_dict().items()
        if name.startswith(prefix)
    }


def _detach(state: PlainState) -> PlainState:
    if isinstance(state, tuple):
        return state[0].detach(), state[1].detach()
    return None if state is None else state.detach()
