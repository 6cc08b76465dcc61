"""What every language model over tokens can be asked, whatever it is made of."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ConfigError, DataError
from unrolled.symbols import UNK_ID

Numbers = NDArray[np.float64]
Tokens = Sequence[str] | Sequence[Sequence[str]]


class TokenModel(ABC):
    """p(token | the tokens before it)."""

    @property
    @abstractmethod
    def vocabulary(self) -> list[str]:
        """All tokens in the order of their numbers: ``<eos>``, ``<unk>``, and the others."""

    @abstractmethod
    def score(self, tokens: Tokens) -> Numbers:
        """Return ln p of every token, in reading order."""

    @abstractmethod
    def distribution(self, context: Sequence[str] = ()) -> Numbers:
        """Return p (V,) of every token of the vocabulary after a context, which begins where a text does."""

    def perplexity(self, tokens: Tokens) -> float:
        """Return exp(−mean ln p); infinite if a token has no probability."""
        nats = -float(self.score(tokens).mean())
        return math.exp(nats) if nats < 700 else math.inf

    def generate(
        self, length: int, context: Sequence[str] = (), *, temperature: float = 1.0, seed: int = 0
    ) -> list[str]:
        """Return ``length`` tokens drawn one after another; ``<unk>`` is never drawn.

        Raises:
            ConfigError: if the length is negative or the temperature is not positive.
            DataError: if the model gives no token but ``<unk>`` any probability.
        """
        if length < 0:
            raise ConfigError(f"length={length}: must not be negative")
        if not temperature > 0:
            raise ConfigError(f"temperature={temperature}: must be positive")
        rng, written, names = np.random.default_rng(seed), list(context), self.vocabulary
        for _ in range(length):
            p = self._known_next(written)
            p = (p / p.max()) ** (1.0 / temperature)
            written.append(names[rng.choice(len(p), p=p / p.sum())])
        return written[len(context) :]

    def _known_next(self, context: Sequence[str]) -> Numbers:
        """Return p without ``<unk>``; where nothing else can follow, after less of the context."""
        for begin in (0, max(len(context) - 1, 0), len(context)):
            p = self.distribution(context[begin:])
            p[UNK_ID] = 0.0
            if p.any():
                return p
        raise DataError("the model gives no token but <unk> any probability: train it on text with others")
