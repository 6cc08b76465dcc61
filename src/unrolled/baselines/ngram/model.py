"""The n-gram language model as a tool: fit, score, write, keep."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from unrolled.baselines.ngram.arpa import read_arpa, write_arpa
from unrolled.baselines.ngram.counts import count_ngrams
from unrolled.baselines.ngram.smoothing import SMOOTHINGS, Smoothing, estimate
from unrolled.baselines.ngram.table import NGramTable, Numbers
from unrolled.baselines.ngram.vocabulary import Tokens, TokenTable
from unrolled.baselines.token_model import TokenModel
from unrolled.errors import ConfigError, RunError, suggestion
from unrolled.storage.output import named_file
from unrolled.symbols import EOS

State = tuple[str, ...]


@dataclass(frozen=True)
class Growth:
    """How large the state space of one order is."""

    order: int
    distinct: int
    """n-grams that were seen."""
    possible: float
    """V^n."""
    bytes: int


class NGram(TokenModel):
    """A Markov model: the next token, from the last N − 1 tokens.

    ``NGram(order=5).fit(tokens)`` takes one text, a flat list of tokens in which ``<eos>`` ends each line or
    sentence and n-grams run across it; or a list of sentences, which then begin with ``<s>`` and end with
    ``<eos>``, both added (``<s>`` and ``</s>`` at their ends are taken off). ``<unk>`` in the tokens is a
    token like any other.

    Args:
        order: N; 1 is the unigram model, 2 the Markov chain.
        smoothing: see :func:`unrolled.baselines.ngram.estimate`.
        k: what add-k adds.
        min_frequency: tokens that are rarer become ``<unk>``.

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
        """Count, and estimate the probabilities.

        Raises:
            DataError: if there are no tokens, or no text is as long as the order.
        """
        known = TokenTable.learn(tokens, self.min_frequency)
        texts = known.texts(tokens)
        counts = count_ngrams(texts, self.order, len(known.tokens))
        self._table = estimate(counts, self.smoothing, self.k)
        self._tokens = known
        return self

    @property
    def table(self) -> NGramTable:
        """The probabilities; RunError before :meth:`fit`."""
        if self._table is None:
            raise RunError("this NGram has not been fitted: call fit first")
        return self._table

    @property
    def vocabulary(self) -> list[str]:
        """See :attr:`TokenModel.vocabulary`."""
        return self._known.tokens

    @property
    def by_sentences(self) -> bool:
        """Whether texts are sentences, opened by ``<s>``; else one running text."""
        return self._known.by_sentences

    @property
    def growth(self) -> list[Growth]:
        """How the state space grows with the order."""
        table = self.table
        sizes = zip(table.distinct, table.sizes, strict=True)
        return [Growth(n, kinds, _power(table.vocabulary, n), b) for n, (kinds, b) in enumerate(sizes, 1)]

    def score(self, tokens: Tokens) -> Numbers:
        """Return ln p of every token (of every ``<eos>`` too, where sentences are given), in order.

        Unknown tokens have the probability of ``<unk>``: what smoothing leaves to it where training never saw
        it, as KenLM's lmplz does; −inf for smoothing="mle" and for an ARPA file without ``<unk>``.

        Raises:
            DataError: if they are sentences and the model was fitted to one text, or the other way round.
        """
        return self.table.score(self._known.texts(tokens))

    def distribution(self, context: Sequence[str] = ()) -> Numbers:
        """See :meth:`TokenModel.distribution`; of sentences, what follows the last ``<eos>`` counts."""
        known = self._known
        recent = list(context[-self.order :])
        if known.by_sentences and EOS in recent:
            recent = recent[len(recent) - recent[::-1].index(EOS) :]
        return self.table.distribution(np.concatenate([[known.opening], known.ids(recent)]))

    def start(self) -> State:
        """Return the state in which a text begins."""
        return ()

    def step(self, state: State, token: str) -> tuple[float, State]:
        """Return ln p of a token, and the state after it: at most N − 1 tokens."""
        number = int(self._known.ids([token])[0])
        with np.errstate(divide="ignore"):
            p = np.log(self.distribution(state)[number])
        if self._known.by_sentences and token == EOS:
            return float(p), self.start()
        return float(p), (*state, token)[max(len(state) + 2 - self.order, 0) :]

    def save_arpa(self, path: str | Path) -> None:
        """Write the model in ARPA format, which KenLM and SRILM read too; ``.gz`` is packed.

        Raises:
            ConfigError: if the format cannot hold it (add-k above order 1; a token with a blank in it).
            RunError: if the file cannot be written.
        """
        write_arpa(named_file(path), self.table, self._known)

    @classmethod
    def load_arpa(cls, path: str | Path, *, strict: bool = False) -> Self:
        """Read a model in ARPA format, whoever wrote it; ``.gz`` is unpacked.

        Args:
            path: the file.
            strict: refuse probabilities that do not add up to one, rather than warn.

        Raises:
            DataError: if the file is missing, damaged or cut off.

        Warns:
            SumWarning: if probabilities do not add up to one.
        """
        table, tokens = read_arpa(Path(path), strict=strict)
        model = cls(table.order)
        model._table, model._tokens = table, tokens
        return model

    @property
    def _known(self) -> TokenTable:
        if self._tokens is None:
            raise RunError("this NGram has not been fitted: call fit first")
        return self._tokens


def _power(base: int, exponent: int) -> float:
    """Return base^exponent, infinite beyond what a float holds."""
    fits = exponent * math.log(base) < math.log(sys.float_info.max)
    return float(base) ** exponent if fits else math.inf
