"""Lines of a file, kept byte for byte, and their fields."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.data.files import UTF8
from unrolled.errors import DataError
from unrolled.reading import decode, marked_encoding, read_bytes

BOM = "\ufeff"
_BLANKS = re.compile(r"([ \t]+)")


@dataclass(frozen=True)
class Lines:
    """The lines of a text; joined by line breaks they give the exact text."""

    name: str
    lines: list[str]
    mark: str = ""
    """The byte order mark, if the file starts with one."""
    end: str = "\n"
    """Line break: a line feed, or a carriage return in files of old Macs."""

    def bodies(self) -> list[str]:
        """Return the lines without trailing carriage returns."""
        return [line.removesuffix("\r") for line in self.lines]

    def replace_lines(self, changed: Mapping[int, str | None]) -> str:
        """Return the text with some lines replaced, by index; None removes a line."""
        new_lines = []
        for index, line in enumerate(self.lines):
            body = changed.get(index, line)
            if body is not None:
                new_lines.append(body if body is line else body + ("\r" if line.endswith("\r") else ""))
        return self.mark + self.end.join(new_lines)


def read_lines(path: Path, encoding: str = UTF8) -> Lines:
    """Return the lines of a file.

    Raises:
        DataError: if the file cannot be read, is empty or binary, or is not in that encoding.
    """
    name, raw = str(path), read_bytes(path)
    encoding = marked_encoding(raw) or encoding
    if b"\0" in raw and not encoding.lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
        raise DataError(f"{name}: is binary (a zero byte at offset {raw.index(0)}), not text")
    text = decode(raw, name, encoding)
    if not text.strip():
        raise DataError(f"{name}: is empty; give a file with text")
    mark = BOM if raw.startswith(codecs.BOM_UTF8) else ""
    end = "\n" if "\n" in text else "\r" if "\r" in text else "\n"
    return Lines(name, text.split(end), mark, end)


def is_blank(line: str) -> bool:
    """Return whether a line has no words: it is empty, or only white space and byte order marks."""
    return not line.strip(" \t\r\ufeff") or line.isspace()


def split_fields(line: str, *, tabs: bool) -> list[str]:
    """Split a line into fields, at tabs or at blanks.

    Other white space, such as a no-break space, belongs to a word.
    """
    if tabs:
        return [field.strip(" ") for field in line.split("\t")]
    return [field for field in _BLANKS.split(line)[::2] if field]


def put_field(line: str, index: int, value: str, *, tabs: bool) -> str:
    """Return a line with one field replaced; an index past the last field appends one."""
    if tabs:
        fields = line.split("\t")
        if index >= len(fields):
            return f"{line.rstrip(' ')}\t{value}"
        fields[index] = value
        return "\t".join(fields)
    parts = _BLANKS.split(line)
    filled = [i for i in range(0, len(parts), 2) if parts[i]]
    if index >= len(filled):
        return f"{line} {value}"
    parts[filled[index]] = value
    return "".join(parts)
