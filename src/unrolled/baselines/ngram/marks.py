"""Marks of sentences in their text: ``<s>`` and ``</s>``, as CMU's toolkit writes and nltk pads."""

from collections.abc import Sequence

BOS, END = "<s>", "</s>"


def bare_sentence(words: Sequence[str]) -> Sequence[str]:
    """Return a sentence without ``<s>`` at its beginning and ``</s>`` at its end, however many there are."""
    first, last = 0, len(words)
    while first < last and words[first] == BOS:
        first += 1
    while last > first and words[last - 1] == END:
        last -= 1
    return words[first:last]
