"""Read files of word vectors: GloVe text, word2vec text and word2vec binary format.

Memory is allocated for the bytes actually read, not for the sizes that the header of the file claims.
"""

import re
from array import array
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError
from unrolled.reading import open_file
from unrolled.wording import counted

LONGEST_LINE = 1 << 20
LARGEST_VECTOR = 1 << 16
LONGEST_WORD = 1 << 12
CHUNK = 1 << 20

_NUMBERS = re.compile(rb"[0-9+\-.eE ]+")
_HEADER = re.compile(rb"\s*([0-9]{1,30})\s+([0-9]{1,30})\s*")


def load_vectors(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return the distinct words of a file, in file order, and their vectors (V, size).

    The first vector of a repeated word is used. A file whose name ends with ``.bin`` or ``.bin.gz`` is
    binary. A text whose first line is two whole numbers has a header.

    Raises:
        DataError: if the file is missing or has another format; the message names the line or the word.
    """
    with open_file(path) as file:
        reader = _VectorFileReader(path, file)
        if path.name.removesuffix(".gz").endswith(".bin"):
            reader.read_binary()
        else:
            reader.read_text()
    return reader.table()


class _VectorFileReader:
    """Reads the words and vectors of a file in one pass."""

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
            raise self._format_error(
                f"the vector of {list(self._words)[int(bad.argmax())]!r:.60} is not finite"
            )
        return list(self._words), values

    def read_text(self) -> None:
        line = self._read_line()
        if not line:
            raise DataError(f"{self._path}: is empty")
        header = _HEADER.fullmatch(line)
        count = int(header[1]) if header else None
        self._size = int(header[2]) if header else len(line.split(b" ")) - 1
        self._check_size()
        if header:
            line = self._read_line()
        while line and self._count != count:
            self._parse_line(line)
            line = self._read_line()
        if count is not None and (self._count < count or line.strip()):
            actual = "more" if line.strip() else f"{self._count:,}"
            raise self._format_error(
                f"its first line announces {counted(count, 'word')}, but it has {actual}"
            )

    def read_binary(self) -> None:
        header = _HEADER.fullmatch(self._read_line())
        if not header:
            raise self._format_error("its first line must be two numbers: words, and values per vector")
        count, self._size = int(header[1]), int(header[2])
        self._check_size()
        vector_bytes, buffer, place = 4 * self._size, b"", 0
        while self._count < count:
            if len(buffer) - place < LONGEST_WORD + vector_bytes:
                buffer, place = buffer[place:] + self._file.read(CHUNK + vector_bytes), 0
            space = buffer.find(b" ", place, place + LONGEST_WORD)
            end = space + 1 + vector_bytes
            name = f"word {self._count + 1:,}"
            if space < 0 or end > len(buffer):
                raise self._format_error(
                    f"it ends inside {name} of the {count:,} that its first line announces"
                )
            if self._add_word(buffer[place:space].lstrip(b"\n"), name):
                self._values.frombytes(buffer[space + 1 : end])
            place = end

    def _read_line(self) -> bytes:
        line = self._file.readline(LONGEST_LINE + 1)
        self._lines += 1
        if len(line) > LONGEST_LINE:
            raise self._format_error(f"line {self._lines} is longer than {LONGEST_LINE >> 20} MiB")
        return line.rstrip() or line[:1]

    def _parse_line(self, line: bytes) -> None:
        word, _, numbers = line.partition(b" ")
        fields = numbers.split(b" ")
        if len(fields) != self._size:
            raise self._format_error(
                f"line {self._lines} has {counted(len(fields), 'value')} instead of {self._size}"
            )
        try:
            if not _NUMBERS.fullmatch(numbers):
                raise ValueError
            values = list(map(float, fields))
        except ValueError:
            raise self._format_error(f"line {self._lines} has a value that is not a number") from None
        if self._add_word(word, f"line {self._lines}"):
            self._values.extend(values)

    def _add_word(self, raw: bytes, where: str) -> bool:
        """Count a word; return True if it occurs for the first time."""
        try:
            word = raw.decode()
        except UnicodeDecodeError:
            raise self._format_error(f"{where} is not UTF-8") from None
        before = len(self._words)
        self._words[word] = None
        self._count += 1
        return len(self._words) > before

    def _check_size(self) -> None:
        if not 1 <= self._size <= LARGEST_VECTOR:
            raise self._format_error(f"vectors of {self._size:,} values (must be 1 to {LARGEST_VECTOR:,})")

    def _format_error(self, what: str) -> DataError:
        return DataError(f"{self._path}: not word vectors in GloVe or word2vec format: {what}")
