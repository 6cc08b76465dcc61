"""The bytes of a file, unpacked if it ends with ``.gz``, within bounds."""

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
"""Bytes taken from what is not a regular file (a pipe, a device), which may never end."""
EXPANSION, ALWAYS = 100, 1 << 23
"""A ``.gz`` file may unpack to so many times its size, and to so many bytes in any case. Text is packed 2 to
10 times; a file made to fill the memory 1,000 times. A text in memory takes up to 70 bytes for each byte."""


def read_bytes(path: str | Path, error: type[UnrolledError] = DataError) -> bytes:
    """Return the content of a file; see :func:`open_file`."""
    with open_file(path, error) as file:
        return file.read()


@contextlib.contextmanager
def open_file(path: str | Path, error: type[UnrolledError] = DataError) -> Iterator[BinaryIO]:
    """Open a file to read bytes; what goes wrong while it is open is an error that names it.

    Args:
        path: the file; it is unpacked if it ends with ``.gz``.
        error: class of the errors to raise.

    Raises:
        UnrolledError: of that class, if it is missing, a folder, unreadable, damaged, much larger than
            meant, or does not fit into memory.
    """
    try:
        with open(path, "rb") as file:
            packed = str(path).endswith(".gz")
            yield _bounded(path, file, error) if packed or not os.path.isfile(path) else file
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except IsADirectoryError:
        raise error(f"{path}: is a folder, a file is needed here") from None
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
    """Return text in UTF-8, without the mark at its beginning that some programs write.

    Raises:
        UnrolledError: of the class ``error``, with the first byte that is wrong and its line; or if the text
            does not fit into memory.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise error(
            f"{where}: is not UTF-8 (byte 0x{raw[wrong.start]:02x} on line {line}); "
            "say how it is encoded, such as --encoding cp1252 or latin-1"
        ) from None
    except MemoryError:
        raise error(f"{where}: does not fit into memory") from None


def decode(raw: bytes, where: str | Path, encoding: str) -> str:
    """Return text in a given encoding; see :func:`decode_utf8`.

    Raises:
        DataError: if Python knows no such encoding of text, or the bytes are not written in it.
    """
    try:
        name = codecs.lookup(encoding).name
        if name == "utf-8":
            return decode_utf8(raw, where)
        return raw.decode(name).removeprefix("\ufeff")
    except LookupError:
        raise DataError(
            f"--encoding {encoding}: is not an encoding of text; utf-8, cp1252, latin-1 …"
        ) from None
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise DataError(
            f"{where}: is not {encoding} (byte 0x{raw[wrong.start]:02x} on line {line}); give its encoding: "
            "--encoding"
        ) from None
    except MemoryError:
        raise DataError(f"{where}: does not fit into memory") from None


def _bounded(path: str | Path, file: BinaryIO, error: type[UnrolledError]) -> BinaryIO:
    if not str(path).endswith(".gz"):
        limit = LONGEST_STREAM
        said = f"{path}: gives more than {limit >> 20:,} MiB; save it as a file first"
        return io.BufferedReader(_Bounded(file, limit, error(said)))
    limit = max(ALWAYS, EXPANSION * os.fstat(file.fileno()).st_size)
    said = (
        f"{path}: unpacks to more than {limit >> 20:,} MiB, {EXPANSION} times its size; if that is meant, "
        "unpack it first: gunzip"
    )
    return io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=file), limit, error(said)))


class _Bounded(io.RawIOBase):
    """A stream that raises an error beyond a number of bytes."""

    def __init__(self, inner: Any, limit: int, error: UnrolledError) -> None:
        self._inner, self._left, self._error = inner, limit, error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._inner.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise self._error
        return count
