"""The interface of language models over tokens."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from unrolled.arrays import Numbers
from unrolled.errors import ConfigError, DataError
from unrolled.symbols import UNK_ID

Tokens = Sequence[str] | Sequence[Sequence[str]]
"""One text that contains ``<eos>``, or sentences without it."""


class TokenModel(ABC):
    """Language model that gives p(token | previous tokens)."""

    @property
    @abstractmethod
    def vocabulary(self) -> list[str]:
        """All tokens in the order of their ids: ``<eos>``, ``<unk>``, then the others."""

    @abstractmethod
    def score(self, tokens: Tokens) -> Numbers:
        """Return ln p of every token, in order."""

    @abstractmethod
    def distribution(self, context: Sequence[str] = ()) -> Numbers:
        """Return p (V,) of every token of the vocabulary after a context, which begins at a text's start."""

    def perplexity(self, tokens: Tokens) -> float:
        """Return exp(−mean ln p); infinite if a token has probability 0."""
        nats = -float(self.score(tokens).mean())
        return math.exp(nats) if nats < 700 else math.inf

    def generate(
        self, length: int, context: Sequence[str] = (), *, temperature: float = 1.0, seed: int = 0
    ) -> list[str]:
        """Sample ``length`` tokens one after another; ``<unk>`` is never generated.

        Raises:
            ConfigError: if the length is negative or the temperature is not positive.
            DataError: if every token except ``<unk>`` has probability 0.
        """
        if length < 0:
            raise ConfigError(f"length={length}: must not be negative")
        if not temperature > 0:
            raise ConfigError(f"temperature={temperature}: must be positive")
        rng, generated, names = np.random.default_rng(seed), list(context), self.vocabulary
        for _ in range(length):
            p = self._next_without_unknown(generated)
            p = (p / p.max()) ** (1.0 / temperature)
            generated.append(names[rng.choice(len(p), p=p / p.sum())])
        return generated[len(context) :]

    def _next_without_unknown(self, context: Sequence[str]) -> Numbers:
        """Return p with ``<unk>`` set to 0; if nothing remains, try again with a shorter context."""
        for begin in (0, max(len(context) - 1, 0), len(context)):
            p = self.distribution(context[begin:])
            p[UNK_ID] = 0.0
            if p.any():
                return p
        raise DataError(
            "all tokens except <unk> have probability 0: train the model on text with other tokens"
        )
