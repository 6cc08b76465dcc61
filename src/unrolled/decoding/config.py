"""Options of sampling and of the search for the best output."""

import math
from dataclasses import dataclass

from unrolled.config import require, require_at_most

MOST_BEAMS = 1000
MOST_NORMALISATION = 10.0
"""Largest α: beyond it, length^α may overflow."""


@dataclass(frozen=True)
class SamplingConfig:
    """Options for sampling the next token."""

    temperature: float = 1.0
    """Divisor of the logits: below 1 favours probable tokens, 0 always takes the most probable token."""

    top_k: int = 0
    """Sample from the k most probable tokens; 0 means all tokens."""

    top_p: float = 1.0
    """Sample from the most probable tokens that together reach this probability (Holtzman et al. 2020)."""

    def __post_init__(self) -> None:
        require(
            0 <= self.temperature < math.inf,
            f"temperature={self.temperature}: must be a finite number, at least 0",
        )
        require(self.top_k >= 0, f"top_k={self.top_k}: must not be negative")
        require(0 < self.top_p <= 1, f"top_p={self.top_p}: must be in (0, 1]")


@dataclass(frozen=True)
class SearchConfig:
    """Options of the search for the best output."""

    beams: int = 5
    """Number of hypotheses kept at every step; 1 is greedy search."""

    normalisation: float = 1.0
    """α in score = log p / length^α, which ranks the hypotheses; 0 favours short ones."""

    block_repeats: int = 0
    """Length n of the n-grams that may occur only once in an output; 0 allows all repetitions."""

    def __post_init__(self) -> None:
        require(self.beams >= 1, f"beams={self.beams}: must be at least 1")
        require_at_most(self, {"beams": MOST_BEAMS})
        require(
            0 <= self.normalisation <= MOST_NORMALISATION,
            f"normalisation={self.normalisation}: must be a number from 0 to {MOST_NORMALISATION:g}",
        )
        require(self.block_repeats >= 0, f"block_repeats={self.block_repeats}: must not be negative")
