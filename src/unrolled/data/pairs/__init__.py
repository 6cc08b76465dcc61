"""Parallel text: pairs of source and target texts, from files or from memory."""

from unrolled.data.pairs.files import PairForm, Sources, read_pairs, read_sources
from unrolled.data.pairs.folders import PairFolder, is_folder, open_folder
from unrolled.data.pairs.memory import pairs_of, sources_of, texts_of
from unrolled.data.pairs.pairs import Pairs, text_lines, tidy

__all__ = [
    "PairFolder",
    "PairForm",
    "Pairs",
    "Sources",
    "is_folder",
    "open_folder",
    "pairs_of",
    "read_pairs",
    "read_sources",
    "sources_of",
    "text_lines",
    "texts_of",
    "tidy",
]
