"""Text files and folders, read strictly: what cannot be used is named, never skipped or guessed."""

import codecs
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unrolled.errors import DataError
from unrolled.reading import decode, read_bytes

UTF8: Final = "utf-8"


@dataclass(frozen=True)
class Document:
    """One file of text."""

    name: str
    text: str


def read_text(path: str | Path, encoding: str = UTF8) -> str:
    """Return the text of one file, unpacked if it ends with ``.gz``.

    Args:
        path: the file.
        encoding: of the text; a byte order mark of UTF-16 goes before it.

    Raises:
        DataError: if it is missing, a folder, unreadable, empty, binary, or not in that encoding.
    """
    raw = read_bytes(path)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if b"\0" in raw and not encoding.lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
        raise DataError(
            f"{path}: is binary (a zero byte at offset {raw.index(0)}), not text; if it is UTF-16 without a "
            "byte order mark, say so: --encoding utf-16-le"
        )
    text = decode(raw, path, encoding)
    if not text.strip():
        raise DataError(f"{path}: is empty; give a file with text")
    return text.replace("\r\n", "\n")


def read_documents(path: str | Path) -> list[Document]:
    """Return the text of a file, or of every file in a folder (recursively, by name, hidden ones left out).

    Raises:
        DataError: see :func:`read_text`; or the folder holds no file.
    """
    path = Path(path)
    if not os.path.isdir(path):
        return [Document(path.name, read_text(path))]
    inside = (p.relative_to(path) for p in sorted(path.rglob("*")) if p.is_file())
    names = [p for p in inside if not any(part.startswith(".") for part in p.parts)]
    if not names:
        raise DataError(f"{path}: the folder holds no files")
    return [Document(str(name), read_text(path / name)) for name in names]
