"""Parallel text: pairs of source and target texts, from files or from memory."""

from unrolled.data.pairs.files import PairForm, Sources, read_pairs, read_sources
from unrolled.data.pairs.folders import PairFolder, is_folder, open_folder
from unrolled.data.pairs.in_memory import build_pairs, build_sources, check_texts
from unrolled.data.pairs.pairs import Pairs, split_lines, strip_text
from unrolled.renamed import renamed_names

__all__ = [
    "PairFolder",
    "PairForm",
    "Pairs",
    "Sources",
    "build_pairs",
    "build_sources",
    "check_texts",
    "is_folder",
    "open_folder",
    "read_pairs",
    "read_sources",
    "split_lines",
    "strip_text",
]

__getattr__ = renamed_names(
    __name__,
    {
        "pairs_of": "build_pairs",
        "sources_of": "build_sources",
        "text_lines": "split_lines",
        "texts_of": "check_texts",
        "tidy": "strip_text",
    },
)
