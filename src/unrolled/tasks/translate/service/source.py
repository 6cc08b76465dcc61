"""Sources of requests, checked and encoded."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.arrays import Ids
from unrolled.data import strip_text
from unrolled.errors import DataError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.base.service.checks import check_texts
from unrolled.tasks.translate.runtime import TranslatorRuntime


@dataclass(frozen=True)
class Source:
    """A text to translate."""

    text: str
    """The text on one line, without white space at its ends."""
    ids: Ids
    """The tokens that are read, without ``<eos>``."""
    unknown: list[str]
    unread: int


def read_sources(
    runtime: TranslatorRuntime, texts: Sequence[str], limits: Limits, field: str = "texts"
) -> list[Source]:
    """Check and encode the texts of a request.

    Raises:
        ConfigError: if there are too many, or they are too long.
        DataError: if a text is not valid, or most tokens are unknown to the model.
    """
    check_texts(texts, limits, field)
    check_characters(texts, field)
    stripped = [strip_text(text) for text in texts]
    runtime.source_notes(stripped)
    return [_read(runtime, text) for text in stripped]


def check_characters(texts: Sequence[str], field: str) -> None:
    """Check that texts have no halves of surrogate pairs.

    Raises:
        DataError: if one has.
    """
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"{field}: character {error.start + 1} is half of a surrogate pair, which is not valid text"
            ) from None


def _read(runtime: TranslatorRuntime, text: str) -> Source:
    tokenizer, limit = runtime.tokenizer, runtime.config.corpus.read_at_most
    ids = tokenizer.encode_source(text)
    read = ids[:limit] if limit else ids
    return Source(text, read, tokenizer.source.unknown(text), len(ids) - len(read))
