"""Readers of files and public data sets, and batching."""

from unrolled.data.documents import open_documents, open_texts
from unrolled.data.files import Document, read_documents, read_text
from unrolled.data.labelled import Labelled, read_labelled
from unrolled.data.pair_batches import EncodedPairs, PairBatch, SourceBatch, pad_sources
from unrolled.data.pairs import (
    PairForm,
    Pairs,
    Sources,
    build_pairs,
    build_sources,
    read_pairs,
    read_sources,
    split_lines,
    strip_text,
)
from unrolled.data.sentences import Sentences
from unrolled.data.stream import IGNORE, Chunk, TokenStream, join_documents
from unrolled.renamed import renamed_names

__all__ = [
    "IGNORE",
    "Chunk",
    "Document",
    "EncodedPairs",
    "Labelled",
    "PairBatch",
    "PairForm",
    "Pairs",
    "Sentences",
    "SourceBatch",
    "Sources",
    "TokenStream",
    "build_pairs",
    "build_sources",
    "join_documents",
    "open_documents",
    "open_texts",
    "pad_sources",
    "read_documents",
    "read_labelled",
    "read_pairs",
    "read_sources",
    "read_text",
    "split_lines",
    "strip_text",
]

__getattr__ = renamed_names(
    __name__,
    {
        "pairs_of": "build_pairs",
        "sources_of": "build_sources",
        "text_lines": "split_lines",
        "tidy": "strip_text",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
