"""The n-gram language model: fit, score, generate, save and load."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from unrolled.arrays import Numbers
from unrolled.baselines.ngram.arpa import read_arpa, write_arpa
from unrolled.baselines.ngram.counts import count_ngrams
from unrolled.baselines.ngram.smoothing import SMOOTHINGS, Smoothing, estimate
from unrolled.baselines.ngram.table import NGramTable
from unrolled.baselines.ngram.vocabulary import TokenTable
from unrolled.baselines.token_model import TokenModel, Tokens
from unrolled.errors import ConfigError, RunError, suggestion
from unrolled.storage.output import parse_output_path
from unrolled.symbols import EOS

State = tuple[str, ...]


@dataclass(frozen=True)
class Growth:
    """Size of the state space of one order."""

    order: int
    distinct: int
    """Number of distinct n-grams in training."""
    possible: float
    """Number of possible n-grams, V^n."""
    bytes: int
    """Memory of the table."""


class NGram(TokenModel):
    """N-gram language model: predicts the next token from the last N − 1 tokens.

    ``NGram(order=5).fit(tokens)`` takes one of two forms. One text is a flat list of tokens in which
    ``<eos>`` ends each line or sentence, and n-grams run across it. In a list of sentences, ``<s>`` and
    ``<eos>`` are added to each sentence (existing ``<s>`` and ``</s>`` at the ends are removed first).
    ``<unk>`` is treated like any other token.

    Args:
        order: N; 1 is the unigram model, 2 the Markov chain.
        smoothing: see :func:`unrolled.baselines.ngram.estimate`.
        k: the constant added by add-k smoothing.
        min_frequency: rarer tokens become ``<unk>``.

    Raises:
        ConfigError: for an unknown smoothing or a value out of range.
    """

    def __init__(
        self,
        order: int = 5,
        smoothing: Smoothing = "modified-kneser-ney",
        *,
        k: float = 1.0,
        min_frequency: int = 1,
    ) -> None:
        if not isinstance(order, int) or isinstance(order, bool) or order < 1:
            raise ConfigError(f"order={order!r}: must be a whole number from 1 (1 is the unigram model)")
        if smoothing not in SMOOTHINGS:
            hint = suggestion(smoothing, SMOOTHINGS)
            raise ConfigError(f"smoothing={smoothing!r}: is not one of {', '.join(SMOOTHINGS)}{hint}")
        if min_frequency < 1:
            raise ConfigError(f"min_frequency={min_frequency}: must be at least 1")
        if not 0 < k < np.inf:
            raise ConfigError(f"k={k}: must be positive; smoothing='mle' adds nothing")
        self.order, self.smoothing, self.k, self.min_frequency = order, smoothing, k, min_frequency
        self._tokens: TokenTable | None = None
        self._table: NGramTable | None = None

    def __repr__(self) -> str:
        fitted = "" if self._table is None else f", {sum(self._table.sizes):,} n-grams"
        return f"NGram({self.order}, {self.smoothing!r}{fitted})"

    def fit(self, tokens: Tokens) -> Self:
        """Count the n-grams and estimate their probabilities.

        Raises:
            DataError: if there are no tokens, or no text is as long as the order.
        """
        token_table = TokenTable.learn(tokens, self.min_frequency)
        texts = token_table.texts(tokens)
        counts = count_ngrams(texts, self.order, len(token_table.tokens))
        self._table = estimate(counts, self.smoothing, self.k)
        self._tokens = token_table
        return self

    @property
    def table(self) -> NGramTable:
        """The table of probabilities; raises RunError before :meth:`fit`."""
        if self._table is None:
            raise RunError("this NGram has not been fitted: call fit first")
        return self._table

    @property
    def vocabulary(self) -> list[str]:
        """See :attr:`TokenModel.vocabulary`."""
        return self._token_table.tokens

    @property
    def by_sentences(self) -> bool:
        """True if the model is of sentences, which start with ``<s>``; False if it is of one running text."""
        return self._token_table.by_sentences

    @property
    def growth(self) -> list[Growth]:
        """Size of the state space for each order."""
        table = self.table
        sizes = zip(table.distinct, table.sizes, strict=True)
        return [
            Growth(n, distinct, _power(table.vocabulary, n), b) for n, (distinct, b) in enumerate(sizes, 1)
        ]

    def score(self, tokens: Tokens) -> Numbers:
        """Return ln p of every token in order; for sentences, including their ``<eos>``.

        Unknown tokens have the probability of ``<unk>``. If ``<unk>`` does not occur in training, this is the
        probability that smoothing gives to unseen tokens, as in KenLM's lmplz; −inf for smoothing="mle" and
        for an ARPA file without ``<unk>``.

        Raises:
            DataError: if the tokens are sentences and the model was fitted to one text, or vice versa.
        """
        return self.table.score(self._token_table.texts(tokens))

    def distribution(self, context: Sequence[str] = ()) -> Numbers:
        """See :meth:`TokenModel.distribution`; sentences only use the context after the last ``<eos>``."""
        token_table = self._token_table
        recent = list(context[-self.order :])
        if token_table.by_sentences and EOS in recent:
            recent = recent[len(recent) - recent[::-1].index(EOS) :]
        return self.table.distribution(np.concatenate([[token_table.opening], token_table.ids(recent)]))

    def start(self) -> State:
        """Return the state at the start of a text."""
        return ()

    def step(self, state: State, token: str) -> tuple[float, State]:
        """Return ln p of a token and the next state, which is at most N − 1 tokens."""
        number = int(self._token_table.ids([token])[0])
        with np.errstate(divide="ignore"):
            p = np.log(self.distribution(state)[number])
        if self._token_table.by_sentences and token == EOS:
            return float(p), self.start()
        return float(p), (*state, token)[max(len(state) + 2 - self.order, 0) :]

    def save_arpa(self, path: str | Path) -> None:
        """Save the model in ARPA format, which KenLM and SRILM also read; a ``.gz`` file is compressed.

        Raises:
            ConfigError: if the format cannot represent the model (add-k above order 1; a token with a blank).
            RunError: if the file cannot be written.
        """
        write_arpa(parse_output_path(path), self.table, self._token_table)

    @classmethod
    def load_arpa(cls, path: str | Path, *, strict: bool = False) -> Self:
        """Load a model in ARPA format, written by any program; a ``.gz`` file is decompressed.

        Args:
            path: the file.
            strict: raise an error instead of a warning if probabilities do not add up to one.

        Raises:
            DataError: if the file is missing, damaged or truncated; or if ``strict`` is set and probabilities
                do not add up to one.

        Warns:
            SumWarning: if probabilities do not add up to one.
        """
        table, tokens = read_arpa(Path(path), strict=strict)
        model = cls(table.order)
        model._table, model._tokens = table, tokens
        return model

    @property
    def _token_table(self) -> TokenTable:
        if self._tokens is None:
            raise RunError("this NGram has not been fitted: call fit first")
        return self._tokens


def _power(base: int, exponent: int) -> float:
    """Return base^exponent; infinite if it overflows."""
    fits = exponent * math.log(base) < math.log(sys.float_info.max)
    return float(base) ** exponent if fits else math.inf
