"""Readers of files and public data sets, and batching."""

from unrolled.data.documents import open_documents, open_texts
from unrolled.data.files import Document, read_documents, read_text
from unrolled.data.labelled import Labelled, read_labelled
from unrolled.data.pair_batches import EncodedPairs, PairBatch, SourceBatch, pad_sources
from unrolled.data.pairs import (
    PairForm,
    Pairs,
    Sources,
    pairs_of,
    read_pairs,
    read_sources,
    sources_of,
    text_lines,
    tidy,
)
from unrolled.data.sentences import Sentences
from unrolled.data.stream import IGNORE, Chunk, TokenStream, join_documents

__all__ = [
    "IGNORE",
    "Chunk",
    "Document",
    "Labelled",
    "EncodedPairs",
    "PairBatch",
    "PairForm",
    "Pairs",
    "Sentences",
    "SourceBatch",
    "Sources",
    "TokenStream",
    "join_documents",
    "open_documents",
    "open_texts",
    "pad_sources",
    "pairs_of",
    "read_documents",
    "read_labelled",
    "read_pairs",
    "read_sources",
    "read_text",
    "sources_of",
    "text_lines",
    "tidy",
]


def __dir__() -> list[str]:
    return sorted(__all__)
