"""The parts of a text that are left out or added at a time: words, characters or sentences."""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from unrolled.errors import ConfigError
from unrolled.tasks.base.service import Limits
from unrolled.text.split_sentences import split_sentences
from unrolled.text.tokenizer import Tokenizer
from unrolled.text.words import WordTokenizer

Unit = Literal["auto", "words", "characters", "sentences"]
FEW_WORDS = 4
"""A text with fewer words is explained by its characters, if the model reads them."""
_WORD = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")
_BETWEEN_BLANKS = re.compile(r"\S+")
_CHARACTER = re.compile(r"\S")


class Part(NamedTuple):
    """A part of a text: text[begin:end]."""

    begin: int
    end: int


def find_parts(text: str, unit: Unit, tokenizer: Tokenizer, limits: Limits) -> tuple[str, list[Part]]:
    """Return the unit, never "auto", and the parts of a text; blanks belong to no part.

    Raises:
        ConfigError: if the text has more parts than one request may have, or reading it once for each part
            would take longer than the longest text.
    """
    if unit == "characters" and isinstance(tokenizer, WordTokenizer):
        raise ConfigError("unit='characters': this model reads whole words; use unit='words'")
    steps = len(tokenizer.encode(text))

    def is_small(parts: list[Part]) -> bool:
        count = len(parts)
        characters = count * len(text) // (8 if isinstance(tokenizer, WordTokenizer) else 1)
        return count <= limits.items and max(count * steps, characters) <= limits.characters

    units = [unit] if unit != "auto" else _candidates(text, tokenizer)
    for name in units:
        parts = _split(text, name, tokenizer)
        if is_small(parts):
            return name, parts
    raise ConfigError(
        f"text: has {len(parts):,} {name} and {len(text):,} characters, too many to read it once for each of "
        f"them; shorten it{'' if 'sentences' in units else ', or use unit=' + repr('sentences')}"
    )


def _candidates(text: str, tokenizer: Tokenizer) -> list[str]:
    """Return the units to try, the best one first."""
    few = len(text.split(maxsplit=FEW_WORDS)) < FEW_WORDS
    small = few and not isinstance(tokenizer, WordTokenizer)
    return ["characters", "words", "sentences"] if small else ["words", "sentences"]


def _split(text: str, unit: str, tokenizer: Tokenizer) -> list[Part]:
    if unit == "sentences":
        return [Part(begin, end) for begin, end in split_sentences(text)]
    pattern = _CHARACTER if unit == "characters" else _WORD
    if unit == "words" and isinstance(tokenizer, WordTokenizer) and not tokenizer.splits_punctuation:
        pattern = _BETWEEN_BLANKS
    return [Part(*match.span()) for match in pattern.finditer(text)]


def remover(text: str, tokenizer: Tokenizer) -> Callable[[Part], str]:
    """Return a function that returns the text without a part.

    For a model of words a blank takes the place of the part, so that its neighbours are not joined. Otherwise
    one of two blanks around it is left out too.
    """
    if isinstance(tokenizer, WordTokenizer):
        return lambda part: f"{text[: part.begin]} {text[part.end :]}"

    def remove(part: Part) -> str:
        before, after = text[: part.begin], text[part.end :]
        if after[:1].isspace() and (not before or before[-1].isspace()):
            after = after[1:]
        elif not after and before[-1:].isspace():
            before = before[:-1]
        return before + after

    return remove
