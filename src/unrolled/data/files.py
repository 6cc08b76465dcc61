"""Text files and folders, read strictly: what cannot be used is named, never skipped or guessed."""

from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import DataError


@dataclass(frozen=True)
class Document:
    """One file of text."""

    name: str
    text: str


def read_text(path: str | Path, encoding: str = "utf-8-sig") -> str:
    """Return the text of one file, in UTF-8 unless told otherwise.

    Raises:
        DataError: if it is missing, a folder, unreadable, empty, binary, or not in that encoding.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: is a folder, a file is needed here")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if b"\0" in raw:
        raise DataError(
            f"{path}: is binary (a zero byte at offset {raw.index(0)}), not text; "
            "if it is UTF-16, convert it: iconv -f utf-16 -t utf-8"
        )
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}: is not UTF-8 (byte 0x{raw[error.start]:02x} on line {line}); "
            "convert it, for example: iconv -f latin1 -t utf-8"
        ) from None
    if not text.strip():
        raise DataError(f"{path}: is empty; give a file with text")
    return text.replace("\r\n", "\n")


def read_documents(path: str | Path) -> list[Document]:
    """Return the text of a file, or of every file in a folder (recursively, by name, hidden ones left out).

    Raises:
        DataError: see :func:`read_text`; or the folder holds no file.
    """
    path = Path(path)
    if not path.is_dir():
        return [Document(path.name, read_text(path))]
    inside = (p.relative_to(path) for p in sorted(path.rglob("*")) if p.is_file())
    names = [p for p in inside if not any(part.startswith(".") for part in p.parts)]
    if not names:
        raise DataError(f"{path}: the folder holds no files")
    return [Document(str(name), read_text(path / name)) for name in names]
