"""Read text files and folders strictly: an unusable file is an error that names it, never skipped."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unrolled.errors import DataError
from unrolled.reading import decode, marked_encoding, read_bytes
from unrolled.short_repr import short_repr

UTF8: Final = "utf-8"


class BinaryFileError(DataError):
    """Raised if a file contains a null byte, which only text in UTF-16 or UTF-32 may contain."""


@short_repr
@dataclass(frozen=True)
class Document:
    """A text file: its name and its content."""

    name: str
    text: str


def read_text(path: str | Path, encoding: str = UTF8) -> str:
    """Return the text of a file; ``.gz`` is decompressed.

    Args:
        path: the file.
        encoding: encoding of the text; a byte order mark of UTF-16 or UTF-32 overrides it.

    Raises:
        DataError: if the file is missing, a folder, unreadable, empty, binary, or in another encoding.
    """
    text, _ = read_encoded(path, encoding)
    if not text.strip():
        raise DataError(f"{path}: is empty; give a file with text")
    return text


def read_encoded(path: str | Path, encoding: str = UTF8) -> tuple[str, str]:
    """Return the text of a file, which may be empty, and the encoding used to read it.

    Raises:
        DataError: see :func:`read_text`.
    """
    raw = read_bytes(path)
    encoding = marked_encoding(raw) or encoding
    if _is_binary(raw, encoding):
        raise BinaryFileError(
            f"{path}: is binary (a zero byte at offset {raw.index(0)}), not text; if it is UTF-16 without a "
            "byte order mark, give its encoding: --encoding utf-16-le"
        )
    return decode(raw, path, encoding).replace("\r\n", "\n"), encoding


def _is_binary(raw: bytes, encoding: str) -> bool:
    """Return whether the bytes contain a null byte; only text in UTF-16 or UTF-32 may contain one."""
    return b"\0" in raw and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def read_documents(path: str | Path) -> list[Document]:
    """Return the document in a file, or one for every file in a folder; see :func:`text_files`.

    Raises:
        DataError: see :func:`read_text`; or if the folder contains no files.
    """
    path = Path(path)
    if not os.path.isdir(path):
        return [Document(path.name, read_text(path))]
    return [Document(str(name), read_text(path / name)) for name in text_files(path)]


def text_files(folder: Path) -> list[Path]:
    """Return the files in a folder and its subfolders, sorted, as paths relative to the folder.

    Hidden files and files in hidden folders are left out.

    Raises:
        DataError: if there are no files.
    """
    files = (p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file())
    names = [p for p in files if not any(part.startswith(".") for part in p.parts)]
    if not names:
        raise DataError(f"{folder}: the folder contains no files")
    return names
