"""Text files and folders, read strictly: what cannot be used is named, never skipped or guessed."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unrolled.errors import DataError
from unrolled.reading import decode, marked_encoding, read_bytes
from unrolled.short_repr import short_repr

UTF8: Final = "utf-8"


class BinaryFileError(DataError):
    """A file that is no text in any encoding of one byte a character."""


@short_repr
@dataclass(frozen=True)
class Document:
    """One file of text."""

    name: str
    text: str


def read_text(path: str | Path, encoding: str = UTF8) -> str:
    """Return the text of one file, unpacked if it ends with ``.gz``.

    Args:
        path: the file.
        encoding: of the text; a byte order mark of UTF-16 or UTF-32 goes before it.

    Raises:
        DataError: if it is missing, a folder, unreadable, empty, binary, or not in that encoding.
    """
    text, _ = read_encoded(path, encoding)
    if not text.strip():
        raise DataError(f"{path}: is empty; give a file with text")
    return text


def read_encoded(path: str | Path, encoding: str = UTF8) -> tuple[str, str]:
    """Return the text of one file, which may be empty, and the encoding that it was read in.

    Raises:
        DataError: see :func:`read_text`.
    """
    raw = read_bytes(path)
    encoding = marked_encoding(raw) or encoding
    if _is_binary(raw, encoding):
        raise BinaryFileError(
            f"{path}: is binary (a zero byte at offset {raw.index(0)}), not text; if it is UTF-16 without a "
            "byte order mark, say so: --encoding utf-16-le"
        )
    return decode(raw, path, encoding).replace("\r\n", "\n"), encoding


def _is_binary(raw: bytes, encoding: str) -> bool:
    """Tell whether bytes hold a zero, which no text has but in encodings of several bytes a character."""
    return b"\0" in raw and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def read_documents(path: str | Path) -> list[Document]:
    """Return the text of a file, or of every file in a folder; see :func:`text_files`.

    Raises:
        DataError: see :func:`read_text`; or the folder holds no file.
    """
    path = Path(path)
    if not os.path.isdir(path):
        return [Document(path.name, read_text(path))]
    return [Document(str(name), read_text(path / name)) for name in text_files(path)]


def text_files(folder: Path) -> list[Path]:
    """Return the files in a folder and below, by name, without hidden ones; the paths begin in the folder.

    Raises:
        DataError: if there is none.
    """
    inside = (p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file())
    names = [p for p in inside if not any(part.startswith(".") for part in p.parts)]
    if not names:
        raise DataError(f"{folder}: the folder holds no files")
    return names
