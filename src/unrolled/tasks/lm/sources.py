"""Texts of a language model: files, folders, patterns and data sets, or texts in memory."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unrolled.data import Document, open_texts
from unrolled.data.documents import Texts
from unrolled.data.path_lists import split_paths
from unrolled.errors import DataError
from unrolled.tasks.base.sources import is_path, resolve_path

MEMORY = "the text"
"""Name of a text in memory, in messages."""


def absolute_sources(source: str | Path) -> str:
    """Make the paths of a source absolute, so that a run resumes from any directory; see open_texts.

    Raises:
        DataError: if one is not a valid path.
    """
    if isinstance(source, Path):
        return resolve_path(str(source))
    return ",".join(_absolute(piece.strip()) for piece in split_paths(source)) if source else ""


def _absolute(piece: str) -> str:
    if piece.startswith("@"):
        return piece
    is_pattern = glob.has_magic(piece) and not os.path.lexists(piece)
    return os.path.abspath(piece) if is_pattern else resolve_path(piece)


def as_source(data: Any) -> str | None:
    """Return data given by name as one source string; None for texts in memory.

    Raises:
        DataError: if a short string is not the name of an existing file.
    """
    if isinstance(data, str) and "\n" not in data and _are_sources(data):
        return data
    if isinstance(data, list | tuple) and data and all(isinstance(part, Path) for part in data):
        return ",".join(map(str, data))
    return str(data) if is_path(data) else None


def _are_sources(data: str) -> bool:
    """Return whether a string is a list of existing paths, data sets or patterns that match files."""
    pieces = [piece.strip() for piece in split_paths(data)] if len(data) < 1 << 16 else []
    try:
        return bool(pieces) and all(
            p.startswith("@") or os.path.lexists(p) or glob.glob(p, recursive=True) for p in pieces
        )
    except ValueError:  # a null byte
        return False


def open_any(data: Any, encoding: str) -> Texts:
    """Return documents from a source, one text, or several texts.

    Raises:
        DataError: if they cannot be read, or are not texts.
    """
    source = as_source(data)
    return open_texts(source, encoding) if source is not None else Texts(from_memory(data), ())


def from_memory(data: Any) -> list[Document]:
    """Return one text, or each of several texts, as a document.

    Raises:
        DataError: if a value is not a text, or all texts are blank.
    """
    if hasattr(data, "columns"):
        raise DataError("a table is not a text: give the column that holds the texts, as frame['text']")
    texts = [data] if isinstance(data, str) else data
    if not isinstance(texts, Iterable) or isinstance(texts, bytes | dict):
        raise DataError(f"a text is needed, or a list of texts; got {type(data).__name__}")
    documents = []
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise DataError(
                f"text {number} is {text!r:.100} ({type(text).__name__}): give a text, a list of texts, or "
                "the path of a file"
            )
        if text.strip():
            documents.append(Document(f"text {number}", text.replace("\r\n", "\n")))
    if not documents:
        raise DataError("the text is empty: give a text with words")
    return documents


def source_name(data: Any) -> str:
    """Return the name of data for messages."""
    source = as_source(data)
    return MEMORY if source is None else source
