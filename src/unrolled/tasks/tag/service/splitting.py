"""Split a text into sentences and words, in the same way as the training data."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from unrolled.text.vocabulary import Vocabulary

_PARTS = re.compile(
    r"(?:https?://|www\.)\S*[\w/]|(?<![\w.+\-])[\w.+\-]++@\w[\w.\-]*\w"  # addresses
    r"|\w+(?:[.,:/'’&@_\-]\w+)*"  # words and numbers, with marks inside
    r"|([^\w\s])\1*"  # marks; a mark that is repeated is one word
)
_INNER_MARK = re.compile(r"([\-/&])(?=[^\W\d])")
_APOSTROPHES = "'’"
_CLOSING = "\"'”’»)]』」"
_LETTERS_AND_HYPHEN = re.compile(r"[^\W\d]+(?:-[^\W\d]+)+")
MAX_HYPHENATED = 0.01
"""If a larger fraction of the known words has a hyphen inside, hyphens split no words."""
MAX_ENDING = 4
"""Longest ending or beginning with an apostrophe, such as 's, n't or l'."""


class Place(NamedTuple):
    """A word of a text: text[begin:end]."""

    begin: int
    end: int


class WordSplitter:
    """Splits texts into words.

    In the training data, "don't" may be one word or two. The vocabulary, which is sorted by frequency, shows
    which: a word is split at an apostrophe or hyphen, or keeps a dot at its end, if the resulting words are
    more frequent.

    Args:
        words: the known words, the most frequent ones first.
    """

    def __init__(self, words: Vocabulary) -> None:
        self._lowercase = words.lowercase
        self._rank = {word: rank for rank, word in enumerate(words.items)}
        hyphenated = sum(_LETTERS_AND_HYPHEN.fullmatch(word) is not None for word in words.items)
        self._splits_hyphens = "-" in self._rank and hyphenated <= MAX_HYPHENATED * len(words)

    def sentences(self, text: str) -> Iterator[list[Place]]:
        """Yield the words of each sentence: it ends with its line, or with a mark such as ``.`` or ``?``."""
        begin = 0
        for line in text.split("\n"):
            words = list(self._words(text, begin, begin + len(line)))
            first = 0
            for number in range(1, len(words)):
                if _is_end(text, words, number):
                    yield words[first:number]
                    first = number
            if words:
                yield words[first:]
            begin += len(line) + 1

    def _words(self, text: str, begin: int, end: int) -> Iterator[Place]:
        position = begin
        while match := _PARTS.search(text, position, end):
            first, last = match.span()
            if text[first].isalnum() and "://" not in match[0] and "@" not in match[0]:
                if last < end and text[last] == "." and self._keeps_dot(match[0]):
                    last += 1
                yield from self._pieces(text, first, last)
            else:
                yield Place(first, last)
            position = last

    def _pieces(self, text: str, first: int, last: int) -> Iterator[Place]:
        """Yield the words of a part without blanks."""
        word = text[first:last]
        if word.isalnum() or self._is_frequent(word):
            yield Place(first, last)
            return
        begin = first
        for mark in _INNER_MARK.finditer(text, first, last):
            if self._splits_at(mark[1]):
                yield from self._without_ending(text, begin, mark.start())
                yield Place(*mark.span())
                begin = mark.end()
        yield from self._without_ending(text, begin, last)

    def _without_ending(self, text: str, first: int, last: int) -> Iterator[Place]:
        """Yield a word and its ending, or its beginning and the rest, if they are known words."""
        if first == last:
            return
        cut = next(self._cuts(text[first:last]), 0)
        if cut:
            yield Place(first, first + cut)
        yield Place(first + cut, last)

    def _cuts(self, word: str) -> Iterator[int]:
        whole = self._find(word)
        for place, character in enumerate(word):
            if character not in _APOSTROPHES or not 0 < place < len(word) - 1:
                continue
            if word[place - 1 : place + 2].lower() in ("n't", "n’t") and place > 1:
                parts = [(place - 1, slice(place - 1, len(word)))]
            else:
                parts = [(place, slice(place, len(word))), (place + 1, slice(place + 1))]
            for cut, part in parts:
                short = part.stop - (part.start or 0) <= MAX_ENDING
                if short and self._find(word[part]) < whole:
                    yield cut

    def _splits_at(self, mark: str) -> bool:
        return self._splits_hyphens if mark == "-" else mark in self._rank

    def _keeps_dot(self, word: str) -> bool:
        return self._find(f"{word}.") < self._find(word)

    def _is_frequent(self, word: str) -> bool:
        return not any(c in word for c in _APOSTROPHES) and self._find(word) < len(self._rank)

    def _find(self, word: str) -> int:
        """Return the rank of a word, with a curved or a straight apostrophe; unknown words are last."""
        word, unknown = word.lower() if self._lowercase else word, len(self._rank)
        return min(self._rank.get(word, unknown), self._rank.get(word.replace("’", "'"), unknown))


def _is_end(text: str, words: list[Place], number: int) -> bool:
    """Return whether a sentence begins with a word of a line, which is not its first one."""
    last = words[number - 1]
    if (closing := text[last.begin : last.end]) and closing[0] in _CLOSING and number > 1:
        last = words[number - 2]
    mark, begin = text[last.end - 1], words[number].begin
    if last.end - last.begin > 1 and text[last.begin].isalnum():
        return False  # the dot of an abbreviation
    after_blank = text[begin - 1].isspace() and not text[begin].islower()
    return mark in "。！？" or (mark in ".!?…" and after_blank)
