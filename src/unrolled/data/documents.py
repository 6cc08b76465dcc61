"""Read text documents from files, folders, patterns, public data sets or the standard library."""

import glob
import os
import platform
import sysconfig
from pathlib import Path
from typing import NamedTuple

from unrolled.data.catalogue.dataset import PLAIN
from unrolled.data.catalogue.lookup import locate
from unrolled.data.catalogue.text import STDLIB
from unrolled.data.files import UTF8, BinaryFileError, Document, read_encoded, text_files
from unrolled.data.path_lists import split_paths
from unrolled.errors import DataError, shorten_path
from unrolled.wording import counted

SHOWN = 5
"""Maximum number of empty or binary files that a note names."""


class Texts(NamedTuple):
    """Documents, and notes on how they were read, one line each."""

    documents: list[Document]
    notes: tuple[str, ...]


def open_documents(source: str | Path, encoding: str = UTF8) -> list[Document]:
    """Return the documents of :func:`open_texts`."""
    return open_texts(source, encoding).documents


def open_texts(source: str | Path, encoding: str = UTF8) -> Texts:
    """Read the documents of a source; see :func:`split_sources`. Each file is a document.

    Raises:
        DataError: if a name is unknown, a pattern matches no file, a file is missing or is not text in that
            encoding, or all files are empty.
    """
    documents: list[Document] = []
    notes: list[str] = []
    empty: list[str] = []
    binary: list[str] = []
    first_error: BinaryFileError | None = None
    for piece in split_sources(source):
        if piece == f"@{STDLIB}":
            documents += _standard_library()
            continue
        path = locate(piece, *PLAIN)
        names = text_files(path) if os.path.isdir(path) else None
        for name in [Path(path.name)] if names is None else names:
            file = path if names is None else path / name
            try:
                text, used_encoding = read_encoded(file, encoding)
            except BinaryFileError as error:
                if names is None:
                    raise
                first_error = first_error or error
                binary.append(str(file))
                continue
            if used_encoding != encoding:
                notes.append(f"{file}: read as {used_encoding}, by its byte order mark")
            elif _was_utf8(text, encoding):
                notes.append(f"{file}: read as {encoding}, though it is valid UTF-8 (--encoding)")
            if text.strip():
                documents.append(Document(str(name), text))
            else:
                empty.append(str(file))
    if not documents and first_error is not None:
        raise first_error
    if not documents:
        raise DataError(f"{empty[0]}: is empty; give a file with text")
    total = len(empty) + len(binary) + len(documents)
    left_out = (*_note_left_out("empty", empty, total), *_note_left_out("binary", binary, total))
    return Texts(documents, (*notes, *left_out))


def split_sources(source: str | Path) -> list[str]:
    """Return the files, folders and data sets of ``a.txt,b.txt``, ``books/*.txt`` or ``@name``.

    A comma or a wildcard in the name of an existing file is part of the name.

    Raises:
        DataError: if a pattern matches no file.
    """
    if isinstance(source, Path):
        return [str(source)]
    sources: list[str] = []
    for piece in (part.strip() for part in split_paths(source)):
        if piece.startswith("@") or os.path.lexists(piece) or not glob.has_magic(piece):
            sources.append(piece)
            continue
        matches = sorted(glob.glob(piece, recursive=True))
        if not matches:
            raise DataError(f"{shorten_path(piece)}: no file matches this pattern")
        sources += matches
    return sources


def _was_utf8(text: str, encoding: str) -> bool:
    """Return whether a text read in another encoding has non-ASCII characters and is valid UTF-8."""
    if text.isascii() or encoding.lower().startswith("utf"):
        return False
    try:
        text.encode(encoding).decode(UTF8)
    except UnicodeError:
        return False
    return True


def _note_left_out(reason: str, left_out: list[str], total: int) -> tuple[str, ...]:
    """Return a note that names the files left out as "empty" or "binary"; () if there are none."""
    if not left_out:
        return ()
    more = f" and {len(left_out) - SHOWN:,} more" if len(left_out) > SHOWN else ""
    names = ", ".join(map(shorten_path, left_out[:SHOWN]))
    verb = "is" if len(left_out) == 1 else "are"
    return (f"{len(left_out):,} of {counted(total, 'file')} {verb} {reason} and left out: {names}{more}",)


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
