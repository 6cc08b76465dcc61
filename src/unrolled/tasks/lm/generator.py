"""Continue a prompt with a language model, one token at a time."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from unrolled.arrays import Ids
from unrolled.decoding import Hypothesis, SamplingConfig, beam_search
from unrolled.decoding.random_numbers import RandomNumbers
from unrolled.decoding.sampling import choose
from unrolled.devices import get_device, move
from unrolled.models import RecurrentLanguageModel
from unrolled.models.token_encoder import State
from unrolled.text import EOS_ID, UNK_ID, Tokenizer


class Generator:
    """Reads a prompt and generates text that continues it, without ``<unk>``.

    Memory does not grow with the length of the text: only the state is kept. With ``separate`` the state is
    reset after every ``<eos>``, as in training on separate sentences.

    ``knows_start`` is False if the training text was one document, so that the model never saw how a document
    begins after ``<eos>``. An empty prompt is then read as the beginning of a line.
    """

    def __init__(
        self,
        model: RecurrentLanguageModel,
        tokenizer: Tokenizer,
        *,
        separate: bool = False,
        knows_start: bool = True,
    ) -> None:
        self._model, self._tokenizer, self._separate = model.eval(), tokenizer, separate
        self._device = get_device(model)
        line_end = tokenizer.encode("\n")
        use_line_end = not knows_start and len(line_end) == 1 and line_end[0] != UNK_ID
        self._start = line_end if use_line_end else np.empty(0, np.int64)

    def next_distribution(self, prompt: str) -> Tensor:
        """Return the probabilities (V,) of the token after the prompt."""
        return self._read(prompt)[0][0].softmax(-1)

    def next_tokens(self, prompt: str, count: int) -> list[tuple[str, float]]:
        """Return the most probable next tokens after the prompt, as text, with their probabilities."""
        p = self.next_distribution(prompt)
        best = p.topk(min(count, len(p)))
        tokenizer = self._tokenizer
        names = [
            tokenizer.tokens[i] if i in (EOS_ID, UNK_ID) else tokenizer.decode([i])
            for i in best.indices.tolist()
        ]
        return list(zip(names, best.values.tolist(), strict=True))

    def distribution_after(self, ids: Ids) -> Tensor:
        """Return the probabilities (V,) of the next token after given tokens."""
        return self._read_ids(ids)[0][0].softmax(-1)

    def draw(self, prompt: str, length: int, options: SamplingConfig, seed: int) -> Iterator[int]:
        """Yield ``length`` sampled tokens. A seed means the same on any device, and in the native runtime."""
        numbers = RandomNumbers(seed)
        logits, state = self._read(prompt)
        for remaining in range(length, 0, -1):
            logits[:, UNK_ID] = -torch.inf
            token = choose(logits[0], options, numbers)
            yield token
            if self._separate and token == EOS_ID:
                logits, state = self._read("")
            elif remaining > 1:
                logits, state = self._step(torch.tensor([token]), state)

    def search(
        self, prompt: str, length: int, beams: int, normalisation: float, end: int | None
    ) -> list[Hypothesis]:
        """Return the most probable continuations that beam search finds; see :func:`beam_search`."""
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

    def _read(self, prompt: str) -> tuple[Tensor, State]:
        """See :meth:`_read_ids`."""
        return self._read_ids(self._tokenizer.encode(prompt) if prompt else self._start)

    @torch.no_grad()
    def _read_ids(self, ids: Ids) -> tuple[Tensor, State]:
        """Read ``<eos>`` and the tokens from a zero state; return the logits (1, V) and the state."""
        ends = np.flatnonzero(ids == EOS_ID)
        if self._separate and len(ends):
            ids = ids[ends[-1] + 1 :]
        inputs = move(torch.from_numpy(np.concatenate([[EOS_ID], ids])), self._device)
        logits, state = self._model(inputs[:, None])
        return logits[-1], state

    @torch.no_grad()
    def _step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        logits, state = self._model(move(tokens, self._device)[None], state)
        return logits[0], state
