"""Generation of outputs in batches: encoding, search and decoding; and attention weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.decoding import Hypothesis, SearchConfig
from unrolled.decoding.row_search import Limits
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslationSearchConfig
from unrolled.tasks.translate.display import printable_tokens, source_words
from unrolled.tasks.translate.limit import max_output_tokens
from unrolled.text import EOS_ID, UNK_ID
from unrolled.text.tokenizer import EOS
from unrolled.training.progress_display import ProgressCallback

MAX_HYPOTHESES = 512
"""Largest number of hypotheses in a batch of the search."""
MAX_SOURCE_TOKENS = 1 << 15
"""Largest number of source tokens in a batch, padding included, unless one source has more."""


@dataclass(frozen=True)
class Output:
    """One output for a source."""

    text: str
    score: float
    """log p / length^α, by which outputs are ranked."""
    log_probability: float
    cut: bool = False
    """Whether the output was cut off at the largest length, without ``<eos>`` from the model."""


@dataclass(frozen=True)
class AttentionMap:
    """Attention weights over the source tokens for each target token."""

    source: list[str]
    target: list[str]
    weights: NDArray[np.float32]
    """Weights, (target, source); each row sums to 1."""


class TranslationModel(Protocol):
    """An encoder-decoder, with torch or in the native runtime."""

    def search(self, sources: Sequence[Ids], limits: Limits, config: SearchConfig) -> list[list[Hypothesis]]:
        """Return the best hypotheses for each source of token ids, which are read with ``limits.end``."""

    def attention_weights(self, source: Ids, tokens: Sequence[int], end: int) -> NDArray[np.float32]:
        """Return the attention weights (T, S) at the steps that output ``tokens``; ``end`` ends a source."""


class TranslationGenerator:
    """Generates outputs for texts.

    Args:
        model: trained model.
        artifacts: tokenizers, and the limit on the length of outputs.
        config: options of the search.
        read_at_most: number of tokens to read from each source; 0 reads all.
    """

    def __init__(
        self,
        model: TranslationModel,
        artifacts: TranslatorArtifacts,
        config: TranslationSearchConfig,
        read_at_most: int = 0,
    ) -> None:
        self._model, self._tokenizer, self._config = model, artifacts.tokenizer, config
        self._output_limit, self._source_limit = artifacts.limit, read_at_most

    def generate(
        self, texts: Sequence[str], report: ProgressCallback = lambda count: None
    ) -> list[list[Output]]:
        """Return the outputs for each text, best first; one empty output for a blank text."""
        sources = [self.encode_source(text) for text in texts]
        outputs = [[Output("", 0.0, 0.0)] for _ in texts]
        for rows in self._groups(sources):
            for i, hypotheses in zip(rows, self._search([sources[i] for i in rows]), strict=True):
                outputs[i] = [self.decode(texts[i], sources[i], h) for h in hypotheses]
            report(len(rows))
        return outputs

    def encode_source(self, text: str) -> Ids:
        """Return the token ids of a source, up to the limit."""
        ids = self._tokenizer.encode_source(text)
        return ids[: self._source_limit] if self._source_limit else ids

    def limits(self, lengths: Sequence[int]) -> Limits:
        """Return what begins and ends outputs for sources of these lengths, in tokens without ``<eos>``."""
        ratio, learned = self._config.length_ratio, self._output_limit
        banned = () if self._config.copy_unknown else (UNK_ID,)
        longest = [max_output_tokens(n + 1, ratio, learned) for n in lengths]
        return Limits(EOS_ID, EOS_ID, longest, banned)

    def attention(self, text: str) -> AttentionMap:
        """Return the attention weights of the best output for a text."""
        return self.attention_to(self.encode_source(text), self.best(text).tokens)

    def attention_to(self, source: Ids, target: Sequence[int]) -> AttentionMap:
        """Return the attention weights at the steps that output these tokens."""
        tokenizer = self._tokenizer
        return AttentionMap(
            [*printable_tokens(tokenizer.source, source.tolist()), EOS],
            printable_tokens(tokenizer.target, target),
            self._model.attention_weights(source, target, EOS_ID),
        )

    def best(self, text: str) -> Hypothesis:
        """Return the best hypothesis for a text that is not blank."""
        [[best, *_]] = self._search([self.encode_source(text)])
        return best

    def _groups(self, sources: Sequence[Ids]) -> Iterator[list[int]]:
        """Yield the indices of sources of similar length, without blank ones.

        The longest sources come first, so that running out of memory shows immediately.
        """
        not_blank = [i for i, ids in enumerate(sources) if len(ids)]
        order = sorted(not_blank, key=lambda i: -len(sources[i]))
        most = MAX_HYPOTHESES // self._config.beams
        begin = 0
        while begin < len(order):
            longest = len(sources[order[begin]]) + 1
            size = max(1, min(most, MAX_SOURCE_TOKENS // longest))
            yield order[begin : begin + size]
            begin += size

    def _search(self, sources: Sequence[Ids]) -> list[list[Hypothesis]]:
        limits = self.limits([len(ids) for ids in sources])
        return self._model.search(sources, limits, self._config)

    def decode(self, text: str, ids: Ids, h: Hypothesis) -> Output:
        """Return the output of a hypothesis for a source ``text`` with the token ids ``ids``."""
        ended = h.tokens[-1] == EOS_ID
        tokens = h.tokens[:-1] if ended else h.tokens
        if self._config.copy_unknown and UNK_ID in tokens:
            output = self._copy_unknown(text, ids, tokens)
        else:
            output = self._tokenizer.decode_target(tokens)
        return Output(output, h.score, h.log_probability, not ended)

    def _copy_unknown(self, text: str, ids: Ids, tokens: list[int]) -> str:
        """Return the words of an output, with the source word with most attention for each ``<unk>``."""
        vocabulary = self._tokenizer.target.tokens
        words = source_words(self._tokenizer.source, text, ids.tolist())
        weights = self._model.attention_weights(ids, tokens, EOS_ID)
        best = weights[:, : len(ids)].argmax(-1).tolist()
        return " ".join(
            words[position].text if token == UNK_ID else vocabulary[token]
            for token, position in zip(tokens, best, strict=True)
        )
