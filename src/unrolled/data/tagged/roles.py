"""Detection of word, tag and lemma columns: tags have few distinct values, words have many."""

from typing import Literal

from unrolled.data.tagged.rows import Rows
from unrolled.data.tagged.schemes import are_spans
from unrolled.data.tagged.tagsets import are_parts_of_speech

CERTAIN_RATIO = 4
"""Ratio of distinct values, second column to first, from which the second column must hold the words."""
POSSIBLE_RATIO = 2
"""Ratio of distinct values, second column to first, from which the second column may hold the words."""
LEMMA_FRACTION = 0.3
"""Fraction of cells equal to their words above which a column holds lemmas."""


def get_column_values(rows: Rows, place: int) -> set[str]:
    """Return the distinct values of a column."""
    return {row[place] for sentence in rows.sentences for _, row in sentence}


def detect_order(rows: Rows) -> Literal["word, tag", "tag, word", "unclear"]:
    """Return which of two columns holds tags: the one with spans, parts of speech, or far fewer values."""
    if rows.width != 2 or rows.names or rows.numbered:
        return "word, tag"
    first, second = (get_column_values(rows, place) for place in (0, 1))
    for are_tags in (are_spans, are_parts_of_speech):
        if are_tags(second):
            return "word, tag"
        if are_tags(first):
            return "tag, word"
    if len(second) >= CERTAIN_RATIO * len(first):
        return "tag, word"
    return "unclear" if len(second) >= POSSIBLE_RATIO * len(first) else "word, tag"


def holds_lemmas(rows: Rows, word: int, place: int) -> bool:
    """Return whether a column holds lemmas, which are often equal to the word."""
    cells = [(row[word].lower(), row[place].lower()) for sentence in rows.sentences for _, row in sentence]
    alike = sum(one == other for one, other in cells if one.isalpha())
    return alike > LEMMA_FRACTION * len(cells)


def last_without_lemmas(rows: Rows, word: int, place: int) -> int:
    """Return the last column after the word, up to ``place``, that does not hold lemmas; else ``place``."""
    others = [p for p in range(word + 1, place + 1) if not holds_lemmas(rows, word, p)]
    return others[-1] if others else place
