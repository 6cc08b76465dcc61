"""Reading bytes and text with size limits; ``.gz`` files are decompressed."""

import codecs
import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from unrolled.errors import DataError, UnrolledError

LONGEST_STREAM = 1 << 30
"""Largest number of bytes read from a pipe or a device, which may be endless."""
EXPANSION, ALWAYS = 100, 1 << 23
"""A ``.gz`` file may decompress to EXPANSION times its size, and always to ALWAYS bytes. Text compresses 2 to
10 times; a decompression bomb 1,000 times. A text in memory takes up to 70 bytes per byte of the file."""

FOREIGN = ("gb18030", "shift_jis", "euc-kr", "big5", "koi8-r", "cp1251")
SEARCHED = 1 << 16
"""Number of bytes that are checked to decide whether a text is mostly ASCII."""


def read_bytes(path: str | Path, error: type[UnrolledError] = DataError) -> bytes:
    """Return the content of a file; see :func:`open_file`."""
    with open_file(path, error) as file:
        return file.read()


@contextlib.contextmanager
def open_file(path: str | Path, error: type[UnrolledError] = DataError) -> Iterator[BinaryIO]:
    """Open a file for reading bytes; errors while it is open are raised as package errors that name it.

    Args:
        path: the file; it is decompressed if its name ends with ``.gz``.
        error: class of the errors to raise.

    Raises:
        UnrolledError: of that class, if the file is missing, a folder, unreadable, damaged, above the size
            limits, or does not fit into memory.
    """
    try:
        with open(path, "rb") as file:
            packed = str(path).endswith(".gz")
            yield _limit_size(path, file, error) if packed or not os.path.isfile(path) else file
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except IsADirectoryError:
        raise error(f"{path}: is a folder; give a file") from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as damage:
        raise error(f"{path}: is damaged, or not packed by gzip ({damage}); get it again") from None
    except OSError as failure:
        raise error(f"{path}: cannot be read ({failure.strerror or failure})") from failure
    except MemoryError:
        raise error(f"{path}: does not fit into memory") from None
    except ValueError as failure:
        if isinstance(failure, UnrolledError) or os.path.lexists(path):
            raise
        raise error(f"{str(path)!r}: is not the name of a file ({failure})") from None


def decode_utf8(raw: bytes, where: str | Path, error: type[UnrolledError] = DataError) -> str:
    """Decode UTF-8, without the byte order mark that some programs write.

    Raises:
        UnrolledError: of the class ``error``, with the first invalid byte and its line; or if the text does
            not fit into memory.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise error(
            f"{where}: is not UTF-8 (byte 0x{raw[wrong.start]:02x} on line {line}); give its encoding: "
            f"--encoding {' or '.join(fitting_encodings(raw))}"
        ) from None
    except MemoryError:
        raise error(f"{where}: does not fit into memory") from None


def marked_encoding(raw: bytes) -> str:
    """Return the encoding given by a byte order mark of UTF-16 or UTF-32, else ""."""
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def fitting_encodings(raw: bytes) -> list[str]:
    """Return common encodings other than UTF-8 that can decode the bytes, for error messages.

    Multi-byte and Cyrillic encodings are tried only if much of the text is not ASCII.
    """
    high = sum(byte >= 0x80 for byte in raw[:SEARCHED])
    foreign = FOREIGN if high > 0.2 * min(len(raw), SEARCHED) else ()
    fitting = [name for name in (*foreign, "cp1252") if _can_decode(raw, name)]
    return [*fitting, "latin-1"]


def _can_decode(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def decode(raw: bytes, where: str | Path, encoding: str) -> str:
    """Decode text in a given encoding; see :func:`decode_utf8`.

    Raises:
        DataError: if Python has no such text encoding, or the bytes are not valid in it.
    """
    try:
        name = codecs.lookup(encoding).name
        if name == "utf-8":
            return decode_utf8(raw, where)
        return raw.decode(name).removeprefix("\ufeff")
    except LookupError:
        raise DataError(
            f"--encoding {encoding}: is not an encoding of text; use utf-8, cp1252, latin-1 …"
        ) from None
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        fitting = ["utf-8"] if _can_decode(raw, "utf-8") else fitting_encodings(raw)
        raise DataError(
            f"{where}: is not {encoding} (byte 0x{raw[wrong.start]:02x} on line {line}); give its "
            f"encoding: --encoding {' or '.join(fitting)}"
        ) from None
    except MemoryError:
        raise DataError(f"{where}: does not fit into memory") from None


def _limit_size(path: str | Path, file: BinaryIO, error: type[UnrolledError]) -> BinaryIO:
    if not str(path).endswith(".gz"):
        limit = LONGEST_STREAM
        message = f"{path}: gives more than {limit >> 20:,} MiB; save it as a file first"
        return io.BufferedReader(_LimitedStream(file, limit, error(message)))
    limit = max(ALWAYS, EXPANSION * os.fstat(file.fileno()).st_size)
    message = (
        f"{path}: unpacks to more than {limit >> 20:,} MiB, {EXPANSION} times its size; if this is "
        "intended, unpack it first: gunzip"
    )
    return io.BufferedReader(_LimitedStream(gzip.GzipFile(fileobj=file), limit, error(message)))


class _LimitedStream(io.RawIOBase):
    """Stream that raises an error after a number of bytes."""

    def __init__(self, inner: Any, limit: int, error: UnrolledError) -> None:
        self._inner, self._remaining, self._error = inner, limit, error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._inner.readinto(buffer)
        self._remaining -= count
        if self._remaining < 0:
            raise self._error
        return count
