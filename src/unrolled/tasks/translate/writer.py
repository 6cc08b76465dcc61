"""From texts to texts: encoding, searching and decoding in batches, and what was attended to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data import SourceBatch, pad_sources
from unrolled.decoding import Hypothesis, Start, search
from unrolled.devices import device_of, move
from unrolled.models import EncoderDecoder
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.config import TranslationSearchConfig
from unrolled.tasks.translate.limit import most_tokens
from unrolled.text import EOS_ID, UNK_ID, Tokenizer
from unrolled.text.tokenizer import EOS, Ids
from unrolled.training.waiting import Report

ROWS = 512
"""Hypotheses that are searched side by side."""


@dataclass(frozen=True)
class Written:
    """One output for a source."""

    text: str
    score: float
    """log p / length^α: what outputs are ranked by."""
    log_probability: float
    cut: bool = False
    """Whether it reached the longest length before the model ended it."""


@dataclass(frozen=True)
class AttentionMap:
    """To which source tokens a model attended when it wrote each target token."""

    source: list[str]
    target: list[str]
    weights: NDArray[np.float32]
    """(target, source); each row sums up to 1."""


class TranslationWriter:
    """Writes outputs for texts.

    Args:
        model: trained.
        known: tokenizers, and the length of outputs.
        config: how to search.
        read_at_most: tokens of a source that are read; 0 reads all.
    """

    def __init__(
        self,
        model: EncoderDecoder,
        known: TranslatorArtifacts,
        config: TranslationSearchConfig,
        read_at_most: int = 0,
    ) -> None:
        self._model, self._tokenizer, self._config = model.eval(), known.tokenizer, config
        self._longest, self._limit = known.limit, read_at_most

    def write(self, texts: Sequence[str], report: Report = lambda count: None) -> list[list[Written]]:
        """Return the outputs found for each text, best first; of a blank text nothing is made."""
        sources = [self.source_ids(text) for text in texts]
        found = [[Written("", 0.0, 0.0)] for _ in texts]
        for rows in self._groups(sources):
            batch = pad_sources([sources[i] for i in rows], EOS_ID)
            for i, hypotheses in zip(rows, self._search(batch), strict=True):
                found[i] = [self._written(texts[i], sources[i], h) for h in hypotheses]
            report(len(rows))
        return found

    def source_ids(self, text: str) -> Ids:
        """Return the tokens of a source that are read."""
        ids = self._tokenizer.encode_source(text)
        return ids[: self._limit] if self._limit else ids

    def attention(self, text: str) -> AttentionMap:
        """Return what the model attended to when it wrote the best output for a text."""
        ids = self.source_ids(text)
        [[best, *_]] = self._search(pad_sources([ids], EOS_ID))
        source, target = self._tokenizer.source, self._tokenizer.target
        return AttentionMap(
            [*_shown(source, ids.tolist()), EOS],
            _shown(target, best.tokens),
            self._weights(ids, best.tokens).cpu().numpy(),
        )

    def _groups(self, sources: Sequence[Ids]) -> Iterator[list[int]]:
        """Yield the numbers of sources of like length, the longest first: what takes most is seen at once."""
        said = [i for i, ids in enumerate(sources) if len(ids)]
        order = sorted(said, key=lambda i: -len(sources[i]))
        size = max(1, ROWS // self._config.beams)
        for begin in range(0, len(order), size):
            yield order[begin : begin + size]

    @torch.no_grad()
    def _search(self, batch: SourceBatch) -> list[list[Hypothesis]]:
        batch = move(batch, device_of(self._model))
        encoded = self._model.encode(batch.tokens, batch.lengths)
        ratio = self._config.length_ratio
        lengths = [most_tokens(n, ratio, self._longest) for n in batch.lengths.tolist()]
        banned = () if self._config.copy_unknown else (UNK_ID,)
        start = Start(EOS_ID, encoded.state, encoded.memory, lengths)
        return search(self._model.step, start, self._config, end=EOS_ID, banned=banned)

    def _written(self, text: str, ids: Ids, h: Hypothesis) -> Written:
        ended = h.tokens[-1] == EOS_ID
        tokens = h.tokens[:-1] if ended else h.tokens
        if self._config.copy_unknown and UNK_ID in tokens:
            said = self._copied(text, ids, tokens)
        else:
            said = self._tokenizer.decode_target(tokens)
        return Written(said, h.score, h.log_probability, not ended)

    def _copied(self, text: str, ids: Ids, tokens: list[int]) -> str:
        """Return words, those of the source with most attention in the place of unknown ones."""
        words, vocabulary = text.split()[: len(ids)], self._tokenizer.target.tokens
        best = self._weights(ids, tokens)[:, : len(ids)].argmax(-1).tolist()
        return " ".join(
            words[at] if token == UNK_ID else vocabulary[token]
            for token, at in zip(tokens, best, strict=True)
        )

    @torch.no_grad()
    def _weights(self, ids: Ids, tokens: Sequence[int]) -> Tensor:
        """Return attention (T, S) at the steps that give ``tokens``."""
        device = device_of(self._model)
        source = move(pad_sources([ids], EOS_ID), device)
        inputs = torch.tensor([EOS_ID, *tokens[:-1]], device=device)[:, None]
        _, weights = self._model(source.tokens, source.lengths, inputs)
        assert weights is not None
        return weights[:, 0]


def _shown(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """Return tokens for people; a space, also one that opens a piece, is written ▁."""
    if tokenizer.kind == "word":
        return [tokenizer.tokens[i] for i in ids]
    return [EOS if i == EOS_ID else tokenizer.decode([i]).replace(" ", "▁") for i in ids]
