"""Sentence marks ``<s>`` and ``</s>``, as written by the CMU toolkit and by nltk's padding."""

from collections.abc import Sequence

BOS, END = "<s>", "</s>"


def strip_sentence_marks(words: Sequence[str]) -> Sequence[str]:
    """Return a sentence without any ``<s>`` at its start or ``</s>`` at its end."""
    first, last = 0, len(words)
    while first < last and words[first] == BOS:
        first += 1
    while last > first and words[last - 1] == END:
        last -= 1
    return words[first:last]
