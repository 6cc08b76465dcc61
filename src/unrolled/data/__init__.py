"""Readers of files and public data sets, and what cuts them into batches."""

from unrolled.data.datasets import open_documents
from unrolled.data.files import Document, read_documents, read_text
from unrolled.data.labelled import Labelled, read_labelled
from unrolled.data.sentences import Sentences
from unrolled.data.stream import IGNORE, Chunk, TokenStream, join_documents

__all__ = [
    "IGNORE",
    "Chunk",
    "Document",
    "Labelled",
    "Sentences",
    "TokenStream",
    "join_documents",
    "open_documents",
    "read_documents",
    "read_labelled",
    "read_text",
]
