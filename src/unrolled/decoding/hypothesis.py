"""A generated sequence with its score, and the bound that ends a beam search."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hypothesis:
    """A generated sequence with its score."""

    tokens: list[int]
    log_probability: float
    score: float
    """log p / length^α, which ranks the hypotheses."""


def cannot_improve(best_live: float, length: int, alpha: float, done: list[Hypothesis]) -> bool:
    """Return whether no live hypothesis can still enter ``done``, the best finished ones.

    log p only falls, so the best possible score is that of the current log p at full length.
    """
    return best_live / length**alpha < done[-1].score
