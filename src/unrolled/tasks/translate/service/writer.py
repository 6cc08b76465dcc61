"""Translations that are written token by token."""

import time
from collections.abc import Collection, Sequence

from unrolled.errors import ConfigError
from unrolled.tasks.base.service import Limits, Progress, State, Writer
from unrolled.tasks.translate.runtime import TranslatorRuntime
from unrolled.tasks.translate.service.batch import WritingBatch
from unrolled.tasks.translate.service.messages import Write, WrittenTranslation, search_options
from unrolled.tasks.translate.service.row import WrittenRow
from unrolled.tasks.translate.service.source import read_sources
from unrolled.tasks.translate.service.work import check_shown, check_work

MOST_STEPS = 16
"""Most tokens of a translation that are written in a turn."""
TURN_SECONDS = 0.02


class TranslationWriter(Writer[Write, WrittenTranslation]):
    """Translations that are written greedily in one batch.

    Args:
        runtime: the translator.
        limits: limits on one request.
    """

    def __init__(self, runtime: TranslatorRuntime, limits: Limits) -> None:
        self._runtime, self._limits = runtime, limits
        self._batch = WritingBatch(runtime.model)
        self._rows: dict[int, WrittenRow] = {}

    def begin(self, row: int, request: Write, state: State | None) -> None:
        """See :meth:`Writer.begin`."""
        runtime = self._runtime
        if request.attention and not runtime.has_attention:
            raise ConfigError("attention: this model has none; leave it out")
        [source] = read_sources(runtime, [request.text], self._limits, "text")
        search = runtime.search_config({**search_options(request), "beams": 1})
        lengths = runtime.generator(search).limits([len(source.ids)])
        check_work([source], lengths, 1, self._limits, "text")
        if request.attention:
            check_shown(len(source.ids), lengths.lengths[0])
        self._rows[row] = WrittenRow(
            runtime, source, search, longest=lengths.lengths[0], attention=request.attention
        )

    def end(self, row: int) -> None:
        """See :meth:`Writer.end`."""
        self._batch.drop(self._rows.pop(row))

    def advance(self, rows: Collection[int]) -> Sequence[Progress[WrittenTranslation]]:
        """See :meth:`Writer.advance`."""
        chosen = {number: row for number, row in self._rows.items() if number in rows}
        self._batch.arrange([row for row in chosen.values() if not row.is_done])
        ends = time.monotonic() + TURN_SECONDS
        for _ in range(MOST_STEPS):
            if self._batch.is_empty or time.monotonic() > ends:
                break
            self._batch.step()
        return [self._progress(number, row) for number, row in chosen.items()]

    def _progress(self, number: int, row: WrittenRow) -> Progress[WrittenTranslation]:
        event, steps = row.event()
        if not row.is_done:
            return Progress(number, event, steps=steps)
        del self._rows[number]
        return Progress(number, event, row.answer(), steps=steps)
