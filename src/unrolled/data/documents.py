"""Documents of text: files, folders, patterns, public data sets, or the standard library."""

import glob
import os
import platform
import sysconfig
from pathlib import Path
from typing import NamedTuple

from unrolled.data.catalogue.dataset import PLAIN
from unrolled.data.catalogue.lookup import locate
from unrolled.data.catalogue.text import STDLIB
from unrolled.data.commas import split_paths
from unrolled.data.files import UTF8, BinaryFileError, Document, read_encoded, text_files
from unrolled.errors import DataError, shown_path

SHOWN = 5
"""Empty or binary files that a note names."""


class Texts(NamedTuple):
    """Documents, and what was taken for what: one line each."""

    documents: list[Document]
    notes: tuple[str, ...]


def open_documents(source: str | Path, encoding: str = UTF8) -> list[Document]:
    """Return the documents of :func:`open_texts`."""
    return open_texts(source, encoding).documents


def open_texts(source: str | Path, encoding: str = UTF8) -> Texts:
    """Read the documents of a source; see :func:`split_sources`. Each file is a document.

    Raises:
        DataError: if a name is unknown, a pattern fits no file, a file is not available or not text in that
            encoding, or all are empty.
    """
    documents: list[Document] = []
    notes: list[str] = []
    empty: list[str] = []
    binary: list[str] = []
    refused: BinaryFileError | None = None
    for piece in split_sources(source):
        if piece == f"@{STDLIB}":
            documents += _standard_library()
            continue
        path = locate(piece, *PLAIN)
        inside = text_files(path) if os.path.isdir(path) else None
        for name in [Path(path.name)] if inside is None else inside:
            file = path if inside is None else path / name
            try:
                text, used = read_encoded(file, encoding)
            except BinaryFileError as error:
                if inside is None:
                    raise
                refused = refused or error
                binary.append(str(file))
                continue
            if used != encoding:
                notes.append(f"{file}: read as {used}, by its byte order mark")
            elif _was_utf8(text, encoding):
                notes.append(f"{file}: read as {encoding}, though it is valid UTF-8 (--encoding)")
            if text.strip():
                documents.append(Document(str(name), text))
            else:
                empty.append(str(file))
    if not documents and refused is not None:
        raise refused
    if not documents:
        raise DataError(f"{empty[0]}: is empty; give a file with text")
    files = len(empty) + len(binary) + len(documents)
    left_out = (*_left_out("empty", empty, files), *_left_out("binary", binary, files))
    return Texts(documents, (*notes, *left_out))


def split_sources(source: str | Path) -> list[str]:
    """Return the files, folders and data sets of ``a.txt,b.txt``, ``books/*.txt`` or ``@name``.

    A comma or a sign of a pattern in the name of a file that exists is part of the name.

    Raises:
        DataError: if a pattern fits no file.
    """
    if isinstance(source, Path):
        return [str(source)]
    found: list[str] = []
    for piece in (part.strip() for part in split_paths(source)):
        if piece.startswith("@") or os.path.lexists(piece) or not glob.has_magic(piece):
            found.append(piece)
            continue
        matches = sorted(glob.glob(piece, recursive=True))
        if not matches:
            raise DataError(f"{shown_path(piece)}: no file fits this pattern")
        found += matches
    return found


def _was_utf8(text: str, encoding: str) -> bool:
    """Tell whether a text that was read in another encoding is valid UTF-8 with more than ASCII in it."""
    if text.isascii() or encoding.lower().startswith("utf"):
        return False
    try:
        text.encode(encoding).decode(UTF8)
    except UnicodeError:
        return False
    return True


def _left_out(what: str, left_out: list[str], files: int) -> tuple[str, ...]:
    """Return a note on files of a kind, empty or binary, that are no documents; none if there are none."""
    if not left_out:
        return ()
    more = f" and {len(left_out) - SHOWN:,} more" if len(left_out) > SHOWN else ""
    names = ", ".join(map(shown_path, left_out[:SHOWN]))
    return (f"{len(left_out):,} of {files:,} files are {what} and left out: {names}{more}",)


def _standard_library() -> list[Document]:
    """Return the top-level modules of the interpreter's standard library."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    documents = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.strip():
            documents.append(Document(path.name, text))
    if not documents:
        raise DataError(
            f"{folder}: this Python {platform.python_version()} has no library source; give --data"
        )
    return documents
