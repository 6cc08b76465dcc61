"""Markov chains and n-gram language models of any order."""

from unrolled.baselines.ngram.arpa import SumWarning, read_arpa, write_arpa
from unrolled.baselines.ngram.cache import UnigramCache
from unrolled.baselines.ngram.counts import NGramCounts, Texts, count_ngrams, longest_order
from unrolled.baselines.ngram.model import Growth, NGram
from unrolled.baselines.ngram.smoothing import SMOOTHINGS, DiscountWarning, Smoothing, estimate
from unrolled.baselines.ngram.table import NGramTable

__all__ = [
    "SMOOTHINGS",
    "DiscountWarning",
    "Growth",
    "NGram",
    "NGramCounts",
    "NGramTable",
    "Smoothing",
    "SumWarning",
    "Texts",
    "UnigramCache",
    "count_ngrams",
    "estimate",
    "longest_order",
    "read_arpa",
    "write_arpa",
]


def __dir__() -> list[str]:
    return sorted(__all__)
