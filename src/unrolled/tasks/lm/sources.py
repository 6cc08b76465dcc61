"""Texts for a language model: files, folders, patterns and data sets, or texts in memory."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unrolled.data import Document, open_texts
from unrolled.data.commas import split_paths
from unrolled.data.documents import Texts
from unrolled.errors import DataError
from unrolled.tasks.base.sources import is_path, resolved

MEMORY = "the text"
"""Name of a text in memory, for messages."""


def absolute_sources(source: str | Path) -> str:
    """Return the names of files as absolute paths, so that a run resumes from any folder; see open_texts.

    Raises:
        DataError: if one cannot be the name of a file.
    """
    if isinstance(source, Path):
        return resolved(str(source))
    return ",".join(_absolute(piece.strip()) for piece in split_paths(source)) if source else ""


def _absolute(piece: str) -> str:
    if piece.startswith("@"):
        return piece
    pattern = glob.has_magic(piece) and not os.path.lexists(piece)
    return os.path.abspath(piece) if pattern else resolved(piece)


def named(data: Any) -> str | None:
    """Return data that are given by name as one source; None if they are texts in memory.

    Raises:
        DataError: if a short text names nothing that exists.
    """
    if isinstance(data, str) and "\n" not in data and _are_sources(data):
        return data
    if isinstance(data, list | tuple) and data and all(isinstance(part, Path) for part in data):
        return ",".join(map(str, data))
    return str(data) if is_path(data) else None


def _are_sources(data: str) -> bool:
    """Tell whether a text is a list of names that exist, or patterns that fit some."""
    pieces = [piece.strip() for piece in split_paths(data)] if len(data) < 1 << 16 else []
    try:
        return bool(pieces) and all(
            p.startswith("@") or os.path.lexists(p) or glob.glob(p, recursive=True) for p in pieces
        )
    except ValueError:  # a null byte
        return False


def open_any(data: Any, encoding: str) -> Texts:
    """Return the documents of what a caller gives: names, one text, or several texts.

    Raises:
        DataError: if they cannot be read, or are no texts.
    """
    source = named(data)
    return open_texts(source, encoding) if source is not None else Texts(from_memory(data), ())


def from_memory(data: Any) -> list[Document]:
    """Return one text, or each of several, as a document.

    Raises:
        DataError: if something else is among them, or there is nothing but blanks.
    """
    if hasattr(data, "columns"):
        raise DataError("a table is no text: give the column that holds the texts, as frame['text']")
    texts = [data] if isinstance(data, str) else data
    if not isinstance(texts, Iterable) or isinstance(texts, bytes | dict):
        raise DataError(f"a text is needed, or a list of texts; got {type(data).__name__}")
    found = []
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise DataError(
                f"text {number} is {text!r:.100} ({type(text).__name__}): give a text, a list of texts, or "
                "the path of a file"
            )
        if text.strip():
            found.append(Document(f"text {number}", text.replace("\r\n", "\n")))
    if not found:
        raise DataError("the text is empty; give one with words in it")
    return found


def name_of(data: Any) -> str:
    """Return what to call data in a message."""
    source = named(data)
    return MEMORY if source is None else source
