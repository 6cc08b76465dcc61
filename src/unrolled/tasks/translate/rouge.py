"""ROUGE (Lin 2004): F1 of the words, word pairs and longest common subsequence that two texts share."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile("[a-z0-9]+")


def rouge(reference: str, output: str) -> tuple[float, float, float]:
    """Return ROUGE-1, ROUGE-2 and ROUGE-L of an output, each F1 in [0, 1].

    Words are runs of a–z and 0–9 in the lower-cased text, separated by all other characters, without
    stemming.
    """
    true, predicted = _WORD.findall(reference.lower()), _WORD.findall(output.lower())
    words = (Counter(true) & Counter(predicted)).total()
    pairs = (Counter(pairwise(true)) & Counter(pairwise(predicted))).total()
    return (
        _f1(words, len(true), len(predicted)),
        _f1(pairs, len(true) - 1, len(predicted) - 1),
        _f1(common_subsequence(true, predicted), len(true), len(predicted)),
    )


def common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    Each row of the dynamic programming table is stored as the bits of one integer (Hyyrö 2004): bit i is 0
    if the length grows at a[i].
    """
    positions: dict[str, int] = {}
    for i, word in enumerate(a):
        positions[word] = positions.get(word, 0) | 1 << i
    all_ones = (1 << len(a)) - 1
    row = all_ones
    for word in b:
        match = row & positions.get(word, 0)
        row = ((row + match) | (row - match)) & all_ones
    return len(a) - row.bit_count()


def _f1(shared: int, in_reference: int, in_output: int) -> float:
    """Return F1 from the number of shared units and of units in each text; 0 if none are shared."""
    if not shared:
        return 0.0
    precision, recall = shared / in_output, shared / in_reference
    return 2 * precision * recall / (precision + recall)
