"""Decoding: sampling and beam search."""

from unrolled.decoding.batch import SearchConfig, Start, search
from unrolled.decoding.beam import Hypothesis, beam_search
from unrolled.decoding.sampling import SamplingConfig, distribution, draw

__all__ = [
    "Hypothesis",
    "SamplingConfig",
    "SearchConfig",
    "Start",
    "beam_search",
    "distribution",
    "draw",
    "search",
]


def __dir__() -> list[str]:
    return sorted(__all__)
