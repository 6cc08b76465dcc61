"""Tokens for display, and the words that they form."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from unrolled.symbols import EOS, EOS_ID
from unrolled.text.tokenizer import Tokenizer
from unrolled.text.words import WordTokenizer

JOINERS = "-'’"
"""Punctuation marks that join letters with what follows to one word, as in "don't"."""


@dataclass(frozen=True)
class Word:
    """A word, and its tokens."""

    text: str
    begin: int
    """Number of its first token."""
    end: int
    """Number after its last token."""


def printable_tokens(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """Return tokens for display; each space, also one at the start of a piece, is shown as ▁."""
    if tokenizer.kind == "word":
        return [tokenizer.tokens[i] for i in ids]
    return [EOS if i == EOS_ID else tokenizer.decode([i]).replace(" ", "▁") for i in ids]


def source_words(tokenizer: Tokenizer, text: str, ids: Sequence[int]) -> list[Word]:
    """Return the words of a source with these token ids, unknown words as they are written in the text."""
    if isinstance(tokenizer, WordTokenizer):
        return [Word(word, i, i + 1) for i, word in enumerate(tokenizer.split(text)[: len(ids)])]
    return target_words(tokenizer, ids)


def target_words(tokenizer: Tokenizer, ids: Sequence[int]) -> list[Word]:
    """Return the words that tokens form; ``<eos>`` and each punctuation mark are words."""
    pieces = [tokenizer.tokens[i] if tokenizer.kind == "word" else tokenizer.decode([i]) for i in ids]
    if tokenizer.kind == "word":
        return [Word(piece, i, i + 1) for i, piece in enumerate(pieces)]
    starts = [i for i, new in enumerate(_begin_words(pieces, ids)) if new]
    return [
        Word(EOS if ids[a] == EOS_ID else tokenizer.decode(ids[a:b]).strip(), a, b)
        for a, b in pairwise([*starts, len(ids)])
    ]


def _begin_words(pieces: Sequence[str], ids: Sequence[int]) -> Iterator[bool]:
    """Yield for each piece whether a word begins with it."""
    word = ""
    for number, (piece, i) in enumerate(zip(pieces, ids, strict=True)):
        new = not number or i == EOS_ID or _divides(word, piece)
        word = piece if new else word + piece
        yield new


def _divides(word: str, piece: str) -> bool:
    """Return whether a piece does not belong to the word before it."""
    if not word.strip():  # white space goes with the word after it
        return False
    if piece[:1].isspace() or word[-1].isspace():
        return True
    before, after = word[-1], piece[:1]
    if after in JOINERS:
        return not before.isalpha()
    if before in JOINERS and word[-2:-1].isalpha():
        return not after.isalnum()
    return _is_mark(before) or _is_mark(after)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character or "a")[0] in "PS" and character != "\ufffd"
