"""Which columns hold words and which hold tags: tags are few kinds, words are many."""

from typing import Literal

from unrolled.data.tagged.rows import Rows
from unrolled.data.tagged.schemes import are_spans
from unrolled.data.tagged.tagsets import are_parts_of_speech

MANY = 4
"""Times as many kinds as tags that words have for certain."""
UNCLEAR = 2
"""Times as many kinds in the second column from which it may hold the words."""
ALIKE = 0.3
"""Share of cells that are their words themselves, from which a column holds lemmas."""


def cells_of(rows: Rows, place: int) -> set[str]:
    """Return the different cells of a column."""
    return {row[place] for sentence in rows.sentences for _, row in sentence}


def order_of(rows: Rows) -> Literal["word, tag", "tag, word", "unclear"]:
    """Tell which of two columns holds the tags: spans, parts of speech, or else those of far fewer kinds."""
    if rows.width != 2 or rows.names or rows.numbered:
        return "word, tag"
    first, second = (cells_of(rows, place) for place in (0, 1))
    for are_tags in (are_spans, are_parts_of_speech):
        if are_tags(second):
            return "word, tag"
        if are_tags(first):
            return "tag, word"
    if len(second) >= MANY * len(first):
        return "tag, word"
    return "unclear" if len(second) >= UNCLEAR * len(first) else "word, tag"


def holds_lemmas(rows: Rows, word: int, place: int) -> bool:
    """Return whether a column holds lemmas: they are often the word itself."""
    cells = [(row[word].lower(), row[place].lower()) for sentence in rows.sentences for _, row in sentence]
    alike = sum(one == other for one, other in cells if one.isalpha())
    return alike > ALIKE * len(cells)


def last_closed(rows: Rows, word: int, place: int) -> int:
    """Return the last column up to a place that holds no lemmas; the place itself if all do."""
    closed = [p for p in range(word + 1, place + 1) if not holds_lemmas(rows, word, p)]
    return closed[-1] if closed else place
