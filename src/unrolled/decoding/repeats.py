"""Tokens that would repeat an n-gram."""

from collections.abc import Sequence


def tokens_that_repeat(tokens: Sequence[int], size: int) -> set[int]:
    """Return the next tokens that would repeat a sequence of ``size`` tokens (Paulus et al. 2018)."""
    if len(tokens) < size:
        return set()
    if size == 1:
        return set(tokens)
    tail = list(tokens[len(tokens) - size + 1 :])
    ends = (i for i in range(size - 2, len(tokens) - 1) if tokens[i] == tail[-1])
    return {tokens[i + 1] for i in ends if list(tokens[i - size + 2 : i + 1]) == tail}
