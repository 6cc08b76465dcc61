"""Readers of files and public data sets, and batching."""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

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

_HOMES = {
    "documents": ("open_documents", "open_texts"),
    "files": ("Document", "read_documents", "read_text"),
    "labelled": ("Labelled", "read_labelled"),
    "pair_batches": ("EncodedPairs", "PairBatch", "SourceBatch", "pad_sources"),
    "pairs": (
        "PairForm",
        "Pairs",
        "Sources",
        "build_pairs",
        "build_sources",
        "read_pairs",
        "read_sources",
        "split_lines",
        "strip_text",
    ),
    "sentences": ("Sentences",),
    "stream": ("IGNORE", "Chunk", "TokenStream", "join_documents"),
}

_RENAMED = {
    "pairs_of": "build_pairs",
    "sources_of": "build_sources",
    "text_lines": "split_lines",
    "tidy": "strip_text",
}

if TYPE_CHECKING:
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
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES, renamed=_RENAMED)
