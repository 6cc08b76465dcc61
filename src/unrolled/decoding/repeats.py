"""Which tokens would repeat what was said."""

from collections.abc import Sequence


def repeating(tokens: Sequence[int], size: int) -> set[int]:
    """Return what may not follow if no sequence of ``size`` tokens is to come twice (Paulus et al. 2018)."""
    tail = list(tokens[len(tokens) - size + 1 :]) if size > 1 else []
    if len(tokens) < size:
        return set()
    last = len(tokens) - size + 1
    return {tokens[i + size - 1] for i in range(last) if list(tokens[i : i + size - 1]) == tail}
