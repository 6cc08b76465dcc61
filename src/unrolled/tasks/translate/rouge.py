"""ROUGE (Lin 2004): F1 of the words, word pairs and longest common subsequence that two texts share."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile("[a-z0-9]+")


def rouge(reference: str, output: str) -> tuple[float, float, float]:
    """Return ROUGE-1, ROUGE-2 and ROUGE-L of an output, each F1 in [0, 1].

    Words are runs of a–z and 0–9 of the lower-cased text, without stemming; all else separates them.
    """
    true, written = _WORD.findall(reference.lower()), _WORD.findall(output.lower())
    words = (Counter(true) & Counter(written)).total()
    pairs = (Counter(pairwise(true)) & Counter(pairwise(written))).total()
    return (
        _f1(words, len(true), len(written)),
        _f1(pairs, len(true) - 1, len(written) - 1),
        _f1(common_subsequence(true, written), len(true), len(written)),
    )


def common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    One row of the usual table at a time, as the bits of one number (Hyyrö 2004): bit i is 0 where the length
    grows at a[i].
    """
    places: dict[str, int] = {}
    for i, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << i
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        match = row & places.get(word, 0)
        row = ((row + match) | (row - match)) & full
    return len(a) - row.bit_count()


def _f1(shared: int, in_reference: int, in_output: int) -> float:
    """Return F1 of what two texts share; 0 where that is nothing."""
    if not shared:
        return 0.0
    precision, recall = shared / in_output, shared / in_reference
    return 2 * precision * recall / (precision + recall)
