"""Attention weights for a translation, with the words that the tokens form."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.data import strip_text
from unrolled.errors import ConfigError, DataError
from unrolled.symbols import EOS_ID, UNK_ID
from unrolled.tasks.base.service import Limits
from unrolled.tasks.base.service.checks import check_steps
from unrolled.tasks.translate.display import Word, printable_tokens, source_words, target_words
from unrolled.tasks.translate.runtime import TranslatorRuntime
from unrolled.tasks.translate.service.messages import Attend, Attention, WordSpan, search_options
from unrolled.tasks.translate.service.source import Source, check_characters, read_sources
from unrolled.tasks.translate.service.work import check_shown, check_work


def attend(runtime: TranslatorRuntime, request: Attend, limits: Limits) -> Attention:
    """Return the attention weights while the model writes a translation.

    Raises:
        ConfigError: if the request asks for too much.
        DataError: if a text is blank or not valid, or most of its tokens are unknown to the model.
    """
    [source] = read_sources(runtime, [request.text], limits, "text")
    if not source.text:
        raise DataError("text: it is blank, so there is nothing to attend to")
    search = runtime.search_config(search_options(request))
    generator = runtime.generator(search)
    if request.translation is None:
        lengths = generator.limits([len(source.ids)])
        check_work([source], lengths, search.beams, limits, "text")
        check_shown(len(source.ids), lengths.lengths[0])
        best = generator.best(source.text)
        target, text = best.tokens, generator.decode(source.text, source.ids, best).text
    else:
        text = strip_text(request.translation)
        target = _read_target(runtime, text, limits)
        check_shown(len(source.ids), len(target))
    weights = generator.attention_to(source.ids, target)
    return Attention(
        text=text,
        source=weights.source,
        target=weights.target,
        weights=to_lists(weights.weights),
        source_words=describe_source(runtime, source),
        target_words=describe_target(runtime, target, text),
    )


def _read_target(runtime: TranslatorRuntime, text: str, limits: Limits) -> list[int]:
    """Return the tokens of a translation, ``<eos>`` included."""
    if len(text) > limits.characters:
        raise ConfigError(
            f"translation: {len(text):,} characters are too many; send at most {limits.characters:,}"
        )
    check_characters([text], "translation")
    tokens: list[int] = runtime.tokenizer.encode_target(text).tolist()
    check_steps(len(tokens), limits, "translation")
    return [*tokens, EOS_ID]


def source_tokens(runtime: TranslatorRuntime, ids: Ids) -> list[str]:
    """Return the tokens of a source for display, with ``<eos>``."""
    return printable_tokens(runtime.tokenizer.source, [*ids.tolist(), EOS_ID])


def describe_source(runtime: TranslatorRuntime, source: Source) -> list[WordSpan]:
    """Return the words of a source, with ``<eos>``."""
    words = source_words(runtime.tokenizer.source, source.text, source.ids.tolist())
    return _spans([*words, Word("<eos>", len(source.ids), len(source.ids) + 1)])


def describe_target(runtime: TranslatorRuntime, ids: Sequence[int], text: str) -> list[WordSpan]:
    """Return the words of a translation; words that were copied are taken from its text."""
    words = target_words(runtime.tokenizer.target, ids)
    copied = text.split()
    if runtime.tokenizer.target.kind == "word" and len(copied) == len(ids) - (ids[-1] == EOS_ID):
        return _spans([Word(copied[w.begin], w.begin, w.end) if ids[w.begin] == UNK_ID else w for w in words])
    return _spans(words)


def _spans(words: Sequence[Word]) -> list[WordSpan]:
    return [WordSpan(text=w.text, begin=w.begin, end=w.end) for w in words]


def to_lists(weights: NDArray[np.float32]) -> list[list[float]]:
    """Return weights (T, S) as lists."""
    rows: list[list[float]] = np.round(weights.astype(np.float64), 6).tolist()
    return rows
