"""Tokenisers, vocabularies and word vectors."""

from unrolled.text.build import (
    TextConfig,
    tokenizer_from_json,
    tokenizer_to_json,
    tokenizer_type,
    train_tokenizer,
)
from unrolled.text.pairs import PairTokenizer
from unrolled.text.tokenizer import EOS_ID, UNK_ID, Tokenizer

__all__ = [
    "EOS_ID",
    "UNK_ID",
    "PairTokenizer",
    "TextConfig",
    "Tokenizer",
    "tokenizer_from_json",
    "tokenizer_to_json",
    "tokenizer_type",
    "train_tokenizer",
]


def __dir__() -> list[str]:
    return sorted(__all__)
