"""The batch in which translations are written."""

from collections.abc import Collection, Sequence

import numpy as np

from unrolled.decoding.next_tokens import best_next_tokens
from unrolled.decoding.row_search import Excluded
from unrolled.models.native.decoder_batch import DecoderBatch
from unrolled.models.native.encoder_decoder import NativeEncoderDecoder
from unrolled.symbols import EOS_ID
from unrolled.tasks.translate.generator import MAX_SOURCE_TOKENS
from unrolled.tasks.translate.service.row import WrittenRow


class WritingBatch:
    """Rows that one decoder writes.

    A row that is not in the batch is parked: it keeps its decoder until it is in the batch again.

    Args:
        model: the encoder-decoder.
    """

    def __init__(self, model: NativeEncoderDecoder) -> None:
        self._model = model
        self._decoder: DecoderBatch | None = None
        self._rows: list[WrittenRow] = []

    @property
    def is_empty(self) -> bool:
        """Whether no row is in the batch."""
        return not self._rows

    def arrange(self, rows: Sequence[WrittenRow]) -> None:
        """Put these rows in the batch, and park the others. Rows whose source is not encoded yet may wait."""
        for place, row in enumerate(self._rows):
            if row not in rows and self._decoder is not None:
                row.decoder = self._decoder.take(place)
        self._keep(rows)
        entering = [row for row in rows if row not in self._rows]
        self._encode([row for row in entering if row.decoder is None])
        self._join(entering)

    def drop(self, row: WrittenRow) -> None:
        """Drop a row."""
        self._keep([other for other in self._rows if other is not row])

    def step(self) -> None:
        """Write the most probable token in each row; rows that are done leave the batch."""
        assert self._decoder is not None
        logits = self._decoder.read(np.array([row.last for row in self._rows]))
        excluded = [(place, token) for place, row in enumerate(self._rows) for token in row.excluded()]
        values, tokens = best_next_tokens(logits, 1, Excluded((), excluded))
        weights = self._decoder.row_weights
        for place, row in enumerate(self._rows):
            row.add(int(tokens[place, 0]), float(values[place, 0]), weights[place] if weights else None)
        self._keep([row for row in self._rows if not row.is_done])

    def _keep(self, rows: Collection[WrittenRow]) -> None:
        places = [place for place, row in enumerate(self._rows) if row in rows]
        if len(places) == len(self._rows):
            return
        self._rows = [self._rows[place] for place in places]
        if self._decoder is not None and places:
            self._decoder.select(places, places)
        else:
            self._decoder = None

    def _encode(self, rows: Sequence[WrittenRow]) -> None:
        """Encode as many sources as a turn has time for, at least one."""
        count = longest = 0
        for row in rows:
            longest = max(longest, len(row.source.ids) + 1)
            if count and longest * (count + 1) > MAX_SOURCE_TOKENS:
                break
            count += 1
        if count:
            encoded = self._model.encode([row.source.ids for row in rows[:count]], EOS_ID)
            for row, source in zip(rows, encoded.split(), strict=False):
                row.decoder = DecoderBatch(self._model, source)

    def _join(self, rows: Sequence[WrittenRow]) -> None:
        """Add rows whose source is encoded."""
        parts = []
        for row in rows:
            if row.decoder is not None:
                parts.append(row.decoder)
                self._rows.append(row)
                row.decoder = None
        if parts and self._decoder is None:
            self._decoder = parts.pop(0)
        if parts and self._decoder is not None:
            self._decoder.join(parts)
