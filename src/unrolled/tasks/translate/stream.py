"""Sources that a translator reads token by token."""

from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.decoding.row_search import search_rows
from unrolled.errors import ConfigError
from unrolled.models.native.encoder_decoder import DecoderRows, NativeEncoded, NativeEncoderDecoder
from unrolled.models.steps.encoder_decoder import ENCODER
from unrolled.models.steps.stack import TOKEN
from unrolled.tasks.base.rows import StreamRows
from unrolled.tasks.base.token_rows import token_rows
from unrolled.tasks.translate.generator import Output
from unrolled.tasks.translate.translating import Translating
from unrolled.text.tokenizer import EOS_ID

COUNT = "tokens"
"""Name of the number of tokens read, (B, 1), among the states."""


class TranslatorStream(StreamRows):
    """Sources that a translator reads token by token; see :class:`StreamRows`.

    Args:
        translator: the translator.
        model: its encoder-decoder, whose encoder reads forwards.
        batch: number of sources.
    """

    def __init__(self, translator: Translating, model: NativeEncoderDecoder, batch: int) -> None:
        super().__init__(model.reader.stream(batch), COUNT, 1)
        self._translator, self._model = translator, model

    def push(self, read: Any) -> None:
        """Read the next part of each source; tokens beyond ``read_at_most`` are ignored.

        Args:
            read: a text, a list of B texts, a token, tokens (T,) of a single source, or tokens (T, B). Each
                text is split into tokens alone, so a part must end where a token ends.

        Raises:
            ShapeError: if the shape does not fit, or a token is not in the vocabulary.
            DataError: if only some of the sources are texts.
            ConfigError: for a text if its tokens depend on what follows, as with byte-pair encoding.
        """
        tokens, lengths = token_rows(read, self.batch, self._encode)
        count = self._count
        if limit := self._translator.config.corpus.read_at_most:
            lengths = np.minimum(lengths, limit - count)
        self._stream.run(tokens={TOKEN: tokens}, lengths=lengths, last=True)
        self._set_values((count + lengths)[:, None])

    def translate(self, **options: Any) -> Any:
        """Return the best output for each source so far, as if it ended here; reading can go on.

        Args:
            options: options of :class:`TranslationSearchConfig` that override the configuration.

        Returns:
            A text for a stream of one source, else a list; "" for a source of which nothing was read.
        """
        texts = [best.text for best, *_ in self.outputs(**options)]
        return texts[0] if self.batch == 1 else texts

    def outputs(self, **options: Any) -> list[list[Output]]:
        """Return the outputs for each source so far with their scores, best first; see :meth:`translate`."""
        search = self._translator.search_config(options)
        generator = self._translator.generator(search)
        outputs = [[Output("", 0.0, 0.0)] for _ in range(self.batch)]
        count = self._count
        rows = np.flatnonzero(count)
        if len(rows):
            limits = generator.limits(count[rows].tolist())
            hypotheses = search_rows(DecoderRows(self._model, self._encoded(rows)), limits, search)
            for row, found in zip(rows.tolist(), hypotheses, strict=True):
                outputs[row] = [generator.decode("", np.empty(0, np.int64), h) for h in found]
        return outputs

    @property
    def _count(self) -> Ids:
        """Number of tokens read of each source, (B,)."""
        return np.nan_to_num(self.values[:, 0]).astype(np.int64)

    def _encode(self, text: str) -> Ids:
        tokenizer = self._translator.tokenizer
        if tokenizer.source.kind == "bpe":
            raise ConfigError(
                "byte-pair encoding splits a text by what follows: push the token ids of the whole text "
                "(runtime.tokenizer.encode_source), or train with --tokenizer word or char"
            )
        return tokenizer.encode_source(text)

    def _encoded(self, rows: Ids) -> NativeEncoded:
        """Return the inputs of the decoder for these rows, after the end of each source."""
        ended = self._stream.copy()
        ended.keep(rows.tolist())
        ended.run({}, {TOKEN: np.full((1, len(rows)), EOS_ID)}, last=True)
        states = {name.removeprefix(ENCODER): value for name, value in ended.state().items()}
        return self._model.begin(states)
