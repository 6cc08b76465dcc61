"""A translation that is being written."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unrolled.decoding.repeats import tokens_that_repeat
from unrolled.models.native.decoder_batch import DecoderBatch
from unrolled.symbols import EOS_ID, UNK_ID
from unrolled.tasks.translate.config import TranslationSearchConfig
from unrolled.tasks.translate.display import printable_tokens, source_words
from unrolled.tasks.translate.runtime import TranslatorRuntime
from unrolled.tasks.translate.service.attention import (
    describe_source,
    describe_target,
    source_tokens,
    to_lists,
)
from unrolled.tasks.translate.service.messages import Written, WrittenTranslation
from unrolled.tasks.translate.service.source import Source
from unrolled.tasks.translate.service.text import TranslationText


@dataclass(eq=False)
class WrittenRow:
    """A translation that is being written.

    Args:
        runtime: the translator.
        source: the text to translate.
        search: options of the search.
        longest: most tokens of the translation.
        attention: whether the client wants the attention weights.
    """

    runtime: TranslatorRuntime
    source: Source
    search: TranslationSearchConfig
    longest: int
    attention: bool
    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    text: str = ""
    weights: list[NDArray[np.float32]] = field(default_factory=list)
    """Attention weights (S,) of each token, if the client wants them."""
    decoder: DecoderBatch | None = None
    """The decoder of this row alone, while it is not in the batch; None before its source is encoded."""

    def __post_init__(self) -> None:
        self._decoder = TranslationText(self.runtime.tokenizer.target)
        self._sent: int | None = None
        """Number of tokens that were sent; None: nothing was sent, not even the source."""
        self._sent_text = 0
        self._words: list[str] | None = None

    @property
    def is_done(self) -> bool:
        """True if the translation is complete."""
        ended = self.tokens[-1:] == [EOS_ID]
        return ended or len(self.tokens) == self.longest or not len(self.source.ids)

    @property
    def last(self) -> int:
        """The token that is read next."""
        return self.tokens[-1] if self.tokens else EOS_ID

    def excluded(self) -> set[int]:
        """Return the tokens that may not come next."""
        excluded = set() if self.search.copy_unknown else {UNK_ID}
        if self.search.block_repeats:
            excluded |= tokens_that_repeat(self.tokens, self.search.block_repeats)
        return excluded

    def add(self, token: int, log_probability: float, weights: NDArray[np.float32] | None) -> None:
        """Add a token, with its attention weights (S,)."""
        self.tokens.append(token)
        self.log_probability += log_probability
        if self.attention and weights is not None:
            self.weights.append(weights)
        if token != EOS_ID:
            self.text += self._decoder.push(token, self._copy(weights) if token == UNK_ID else None)
        if self.is_done:
            self.text += self._decoder.finish()

    def _copy(self, weights: NDArray[np.float32] | None) -> str | None:
        """Return the source word with the most attention."""
        if weights is None or not self.search.copy_unknown:
            return None
        if self._words is None:
            tokenizer, source = self.runtime.tokenizer.source, self.source
            self._words = [word.text for word in source_words(tokenizer, source.text, source.ids.tolist())]
        return self._words[int(weights[: len(self._words)].argmax())]

    def event(self) -> tuple[Written | None, int]:
        """Return what was written since the last event, and the number of tokens."""
        first, begin = self._sent is None, self._sent or 0
        if not first and begin == len(self.tokens):
            return None, 0
        target = printable_tokens(self.runtime.tokenizer.target, self.tokens[begin:])
        event = Written(
            text=self.text[self._sent_text :],
            target=target,
            weights=self._weights(begin),
            source=source_tokens(self.runtime, self.source.ids) if first else [],
            source_words=describe_source(self.runtime, self.source) if first else [],
        )
        self._sent, self._sent_text = len(self.tokens), len(self.text)
        return event, len(target)

    def answer(self) -> WrittenTranslation:
        """Return the translation, which is done."""
        runtime, tokens = self.runtime, self.tokens
        return WrittenTranslation(
            text=self.text,
            score=self.log_probability / max(1, len(tokens)) ** self.search.normalisation,
            log_probability=self.log_probability,
            cut=bool(tokens) and tokens[-1] != EOS_ID,
            unknown=self.source.unknown,
            unread=self.source.unread,
            source=source_tokens(runtime, self.source.ids),
            target=printable_tokens(runtime.tokenizer.target, tokens),
            weights=self._weights(0),
            source_words=describe_source(runtime, self.source),
            target_words=describe_target(runtime, tokens, self.text) if tokens else [],
        )

    def _weights(self, begin: int) -> list[list[float]]:
        rows = self.weights[begin:]
        return to_lists(np.stack(rows)) if rows else []
