"""The operations of a translator."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from unrolled.data.path_lists import split_paths
from unrolled.symbols import UNK_ID
from unrolled.tasks.base.service import Operation, Service, WritingOperation
from unrolled.tasks.translate.config import TranslationSearchConfig
from unrolled.tasks.translate.generator import Output
from unrolled.tasks.translate.runtime import TranslatorRuntime
from unrolled.tasks.translate.service.attention import attend
from unrolled.tasks.translate.service.languages import find_languages
from unrolled.tasks.translate.service.messages import (
    MOST_BEAMS,
    Alternative,
    Attend,
    Attention,
    Translate,
    Translation,
    Translations,
    Write,
    Written,
    WrittenTranslation,
    search_options,
)
from unrolled.tasks.translate.service.source import Source, read_sources
from unrolled.tasks.translate.service.work import check_work
from unrolled.tasks.translate.service.writer import TranslationWriter
from unrolled.text.tokenizer import Tokenizer


class TranslatorService(Service[TranslatorRuntime]):
    """The operations of a translator; see :class:`Service`."""

    @property
    def unit(self) -> str:
        """See :meth:`Service.unit`."""
        return "tokens"

    def operations(self) -> Sequence[Any]:
        """See :meth:`Service.operations`."""
        text = _example(self.runtime.tokenizer.source)
        operations: list[Any] = [
            Operation(
                "translate",
                "Translate texts",
                Translate,
                Translations,
                self.translate,
                example={"texts": [text]},
            ),
            WritingOperation(
                "write",
                "Translate a text greedily, token by token",
                Write,
                Written,
                WrittenTranslation,
                lambda: TranslationWriter(self.runtime, self.limits),
                example={"text": text},
            ),
        ]
        if self.runtime.has_attention:
            operations.append(
                Operation(
                    "attention",
                    "The attention weights of a translation",
                    Attend,
                    Attention,
                    self.attention,
                    example={"text": text},
                )
            )
        return operations

    def details(self) -> dict[str, Any]:
        """See :meth:`Service.details`."""
        runtime = self.runtime
        tokenizer, config, limit = runtime.tokenizer, runtime.config, runtime.artifacts.limit
        return {
            "tokenizer": tokenizer.source.kind,
            "vocabulary": {"source": tokenizer.source.size, "target": tokenizer.target.size},
            "attention": config.network.attention if runtime.has_attention else None,
            "search": dataclasses.asdict(config.search),
            "most_beams": MOST_BEAMS,
            "read_at_most": config.corpus.read_at_most,
            "longest_source": limit and limit.source,
            "longest_target": limit and limit.target,
            "languages": find_languages(config.corpus.data),
            "examples": self._examples(),
        }

    def _examples(self) -> list[str]:
        """Return held-out texts if the data are a public data set; the texts of a user may be private."""
        files = split_paths(self.runtime.config.corpus.data)
        if not all(file.strip().startswith("@") for file in files):
            return []
        samples = self.runtime.result.get("samples", [])
        return [s["source"] for s in samples if isinstance(s, dict) and isinstance(s.get("source"), str)]

    def translate(self, requests: Sequence[Translate]) -> list[Translations]:
        """Translate the texts of requests; those with the same options of the search are one batch."""
        groups: dict[TranslationSearchConfig, list[tuple[int, Source]]] = defaultdict(list)
        for number, request in enumerate(requests):
            sources = read_sources(self.runtime, request.texts, self.limits)
            search = self.runtime.search_config(search_options(request), request.n_best)
            lengths = self.runtime.generator(search).limits([len(source.ids) for source in sources])
            check_work(sources, lengths, search.beams, self.limits)
            groups[search] += [(number, source) for source in sources]
        answers: list[list[Translation]] = [[] for _ in requests]
        for search, rows in groups.items():
            outputs = self.runtime.generator(search).generate([source.text for _, source in rows])
            for (number, source), found in zip(rows, outputs, strict=True):
                answers[number].append(_translation(source, found[: requests[number].n_best]))
        return [Translations(translations=answer) for answer in answers]

    def attention(self, requests: Sequence[Attend]) -> list[Attention]:
        """Return the attention weights for each request."""
        return [attend(self.runtime, request, self.limits) for request in requests]


def _example(tokenizer: Tokenizer) -> str:
    """Return a text that a model with these source tokens can read."""
    if tokenizer.kind == "bpe":
        return "A small example."
    return tokenizer.decode(range(UNK_ID + 1, min(UNK_ID + 4, tokenizer.size)))


def _translation(source: Source, outputs: Sequence[Output]) -> Translation:
    best, *others = outputs
    return Translation(
        text=best.text,
        score=best.score,
        log_probability=best.log_probability,
        cut=best.cut,
        unknown=source.unknown,
        unread=source.unread,
        others=[
            Alternative(text=o.text, score=o.score, log_probability=o.log_probability, cut=o.cut)
            for o in others
        ],
    )
