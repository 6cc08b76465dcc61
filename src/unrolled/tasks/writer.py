"""One token at a time: how a language model continues a prompt."""

from collections.abc import Iterator

import torch
from torch import Tensor

from unrolled.decoding import Hypothesis, SamplingConfig, beam_search, draw
from unrolled.models import RecurrentLanguageModel
from unrolled.text import EOS_ID, UNK_ID, Tokenizer

State = tuple[Tensor, ...]


class Writer:
    """Reads a prompt and goes on from it; ``<unk>`` is never written.

    Memory is constant in the length of what is written: all that is kept is the state. With
    ``separate`` the state is forgotten after every ``<eos>``, as in training sentence by sentence.
    """

    def __init__(
        self, model: RecurrentLanguageModel, tokenizer: Tokenizer, *, separate: bool = False
    ) -> None:
        self._model, self._tokenizer, self._separate = model.eval(), tokenizer, separate

    def next_distribution(self, prompt: str) -> Tensor:
        """Return the probabilities (V,) of the token after the prompt."""
        return self._read(prompt)[0][0].softmax(-1)

    def draw(self, prompt: str, length: int, options: SamplingConfig, seed: int) -> Iterator[int]:
        """Yield ``length`` tokens drawn one after another."""
        generator = torch.Generator().manual_seed(seed)
        logits, state = self._read(prompt)
        for remaining in range(length, 0, -1):
            logits[:, UNK_ID] = -torch.inf
            token = draw(logits, options, generator)
            yield int(token)
            if self._separate and int(token) == EOS_ID:
                logits, state = self._read("")
            elif remaining > 1:
                logits, state = self._step(token, state)

    def search(
        self, prompt: str, length: int, beams: int, normalisation: float, end: int | None
    ) -> list[Hypothesis]:
        """Return the most probable continuations found; see :func:`beam_search`."""
        logits, state = self._read(prompt)
        return beam_search(
            self._step,
            logits,
            state,
            length=length,
            beams=beams,
            end=end,
            normalisation=normalisation,
            banned=(UNK_ID,),
        )

    @torch.no_grad()
    def _read(self, prompt: str) -> tuple[Tensor, State]:
        """Return the logits (1, V) after ``<eos>`` and the prompt, and the state."""
        ids = torch.from_numpy(self._tokenizer.encode(prompt))
        logits, state = self._model(torch.cat([torch.tensor([EOS_ID]), ids])[:, None])
        return logits[-1], state

    @torch.no_grad()
    def _step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        logits, state = self._model(tokens[None], state)
        return logits[0], state
