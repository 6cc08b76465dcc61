"""Decoding: sampling and beam search."""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

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

_HOMES = {
    "batch": ("Start", "search"),
    "beam": ("beam_search",),
    "config": ("SamplingConfig", "SearchConfig"),
    "hypothesis": ("Hypothesis",),
    "sampling": ("distribution", "draw"),
}

if TYPE_CHECKING:
    from unrolled.decoding.batch import Start, search
    from unrolled.decoding.beam import beam_search
    from unrolled.decoding.config import SamplingConfig, SearchConfig
    from unrolled.decoding.hypothesis import Hypothesis
    from unrolled.decoding.sampling import distribution, draw
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES)
