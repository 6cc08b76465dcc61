"""Tokens that would repeat an n-gram."""

from collections.abc import Sequence


def tokens_that_repeat(tokens: Sequence[int], size: int) -> set[int]:
    """Return the next tokens that would repeat a sequence of ``size`` tokens (Paulus et al. 2018)."""
    tail = list(tokens[len(tokens) - size + 1 :]) if size > 1 else []
    if len(tokens) < size:
        return set()
    count = len(tokens) - size + 1
    return {tokens[i + size - 1] for i in range(count) if list(tokens[i : i + size - 1]) == tail}
