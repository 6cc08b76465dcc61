"""Files of word vectors: GloVe's text, word2vec's text and word2vec's binary form.

The size of what is made goes by the bytes that are there, not by what the head of the file claims.
"""

import re
from array import array
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError
from unrolled.reading import open_file

LONGEST_LINE = 1 << 20
LARGEST_VECTOR = 1 << 16
LONGEST_WORD = 1 << 12
CHUNK = 1 << 20

_NUMBERS = re.compile(rb"[0-9+\-.eE ]+")
_HEAD = re.compile(rb"\s*([0-9]{1,30})\s+([0-9]{1,30})\s*")


def load_vectors(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return the words of a file in its order, without those that come again, and their vectors (V, size).

    A file whose name ends with ``.bin`` or ``.bin.gz`` is binary; a text that begins with two whole numbers
    has a head.

    Raises:
        DataError: if it is missing, or is not such a file, with the line or the word.
    """
    with open_file(path) as file:
        reader = _Reader(path, file)
        if path.name.removesuffix(".gz").endswith(".bin"):
            reader.read_binary()
        else:
            reader.read_text()
    return reader.table()


class _Reader:
    """Words and numbers of a file, read once."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._words: dict[str, None] = {}
        self._count = 0
        self._values = array("f")
        self._size = 0
        self._lines = 0

    def table(self) -> tuple[list[str], NDArray[np.float32]]:
        values = np.frombuffer(self._values, dtype=np.float32).reshape(len(self._words), self._size)
        bad = ~np.isfinite(values).all(axis=1)
        if bad.any():
            raise self._wrong(f"the vector of {list(self._words)[int(bad.argmax())]!r:.60} is not finite")
        return list(self._words), values

    def read_text(self) -> None:
        line = self._line()
        if not line:
            raise DataError(f"{self._path}: is empty")
        head = _HEAD.fullmatch(line)
        count = int(head[1]) if head else None
        self._size = int(head[2]) if head else len(line.split(b" ")) - 1
        self._check_size()
        if head:
            line = self._line()
        while line and self._count != count:
            self._take(line)
            line = self._line()
        if count is not None and (self._count < count or line.strip()):
            there = "more" if line.strip() else f"{self._count:,}"
            raise self._wrong(f"its first line tells of {count:,} words, and there are {there}")

    def read_binary(self) -> None:
        head = _HEAD.fullmatch(self._line())
        if not head:
            raise self._wrong("its first line is not the numbers of words and of values in a vector")
        count, self._size = int(head[1]), int(head[2])
        self._check_size()
        need, buffer, place = 4 * self._size, b"", 0
        while self._count < count:
            if len(buffer) - place < LONGEST_WORD + need:
                buffer, place = buffer[place:] + self._file.read(CHUNK + need), 0
            space = buffer.find(b" ", place, place + LONGEST_WORD)
            end = space + 1 + need
            name = f"word {self._count + 1:,}"
            if space < 0 or end > len(buffer):
                raise self._wrong(f"it ends within {name} of the {count:,} that its first line tells of")
            if self._is_new(buffer[place:space].lstrip(b"\n"), name):
                self._values.frombytes(buffer[space + 1 : end])
            place = end

    def _line(self) -> bytes:
        line = self._file.readline(LONGEST_LINE + 1)
        self._lines += 1
        if len(line) > LONGEST_LINE:
            raise self._wrong(f"line {self._lines} is longer than {LONGEST_LINE >> 20} MiB")
        return line.rstrip() or line[:1]

    def _take(self, line: bytes) -> None:
        word, _, numbers = line.partition(b" ")
        fields = numbers.split(b" ")
        if len(fields) != self._size:
            raise self._wrong(f"line {self._lines} has {len(fields)} values, and a vector {self._size}")
        try:
            if not _NUMBERS.fullmatch(numbers):
                raise ValueError
            values = list(map(float, fields))
        except ValueError:
            raise self._wrong(f"line {self._lines} holds what is not a number") from None
        if self._is_new(word, f"line {self._lines}"):
            self._values.extend(values)

    def _is_new(self, raw: bytes, where: str) -> bool:
        """Count a word; return whether it is there for the first time."""
        try:
            word = raw.decode()
        except UnicodeDecodeError:
            raise self._wrong(f"{where} is not UTF-8") from None
        before = len(self._words)
        self._words[word] = None
        self._count += 1
        return len(self._words) > before

    def _check_size(self) -> None:
        if not 1 <= self._size <= LARGEST_VECTOR:
            raise self._wrong(f"vectors of {self._size:,} values are not meant")

    def _wrong(self, what: str) -> DataError:
        return DataError(f"{self._path}: not word vectors in GloVe or word2vec format: {what}")
