"""Train a tokeniser from a configuration; save it to JSON and load it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from unrolled.config import require, require_at_least
from unrolled.extras import extra
from unrolled.reading import convert
from unrolled.text.characters import CharacterTokenizer
from unrolled.text.tokenizer import Tokenizer
from unrolled.text.words import WordTokenizer

if TYPE_CHECKING:
    from unrolled.text.subwords import SubwordTokenizer


class _Kind(msgspec.Struct):
    kind: Literal["char", "word", "bpe"]


@dataclass(frozen=True)
class TextConfig:
    """How text is split into tokens."""

    tokenizer: Literal["char", "word", "bpe"] = "char"
    """Characters, words (split at white space; each line ends with <eos>) or byte-pair encoded subwords."""

    vocabulary: int = 0
    """Maximum vocabulary size, <eos> and <unk> included; 0: no limit (2000 for bpe)."""

    min_frequency: int = 0
    """Characters and words that occur less often in the training text become <unk>; with bpe, pairs that
    occur less often are not merged. 0: 2 for words and bpe, 1 for characters."""

    lowercase: bool = False
    """Convert all text to lower case. If this is the default, --no-lowercase keeps capital letters."""

    split_punctuation: bool = False
    """Words only: every punctuation mark outside a word becomes a separate token, so that "end." is two
    tokens. If this is the default, --no-split-punctuation keeps marks attached to their words."""

    def __post_init__(self) -> None:
        require_at_least(self, {"min_frequency": 0, "vocabulary": 0})
        require(
            self.vocabulary == 0 or self.vocabulary >= 3,
            f"vocabulary={self.vocabulary}: must be 0 (no limit) or at least 3",
        )
        require(
            not self.split_punctuation or self.tokenizer not in ("char", "bpe"),
            f"split_punctuation is for tokenizer='word', not {self.tokenizer!r}",
        )
        require(
            self.tokenizer != "bpe" or self.vocabulary == 0 or self.vocabulary >= 258,
            f"vocabulary={self.vocabulary}: byte-pair encoding starts from 256 bytes, give at least 258",
        )


def tokenizer_type(kind: str) -> "type[CharacterTokenizer] | type[WordTokenizer] | type[SubwordTokenizer]":
    """Return the tokeniser class for ``kind``.

    Raises:
        MissingExtraError: for "bpe" if the tokenizers library is not installed.
    """
    if kind == "char":
        return CharacterTokenizer
    if kind == "word":
        return WordTokenizer
    with extra("text", "byte-pair encoding"):
        from unrolled.text.subwords import SubwordTokenizer
    return SubwordTokenizer


def train_tokenizer(config: TextConfig, texts: Iterable[str]) -> Tokenizer:
    """Train a tokeniser: build its vocabulary from training texts."""
    size = config.vocabulary or (2000 if config.tokenizer == "bpe" else 0)
    min_frequency = config.min_frequency or (1 if config.tokenizer == "char" else 2)
    options: dict[str, Any] = {"size": size, "min_frequency": min_frequency, "lowercase": config.lowercase}
    if config.tokenizer == "word":
        options["split_punctuation"] = config.split_punctuation
    return tokenizer_type(config.tokenizer).train(texts, **options)


def tokenizer_to_json(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the content of ``tokenizer.json``."""
    return {"kind": tokenizer.kind, **tokenizer.to_json()}


def tokenizer_from_json(values: dict[str, Any]) -> Tokenizer:
    """Rebuild a tokeniser from the content of ``tokenizer.json``.

    Raises:
        ValueError: if the content is damaged.
    """
    return tokenizer_type(convert(values, _Kind).kind).from_json(values)
