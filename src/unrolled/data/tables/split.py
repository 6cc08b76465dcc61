"""Split the lines of a table into cells."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

BLANKS = " "
"""Separator value that means any run of blanks."""
_LONGEST_CELL = 2**31 - 1  # csv takes a C long, which has 32 bits on Windows


class Form(NamedTuple):
    """Format of a table: separator of the cells, and whether cells may be quoted."""

    separator: str
    quoted: bool


class MalformedLineError(Exception):
    """Raised if a line does not fit the format of the table."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def split_rows(text: str, form: Form) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the number of its last line; blank lines are skipped.

    Raises:
        MalformedLineError: if a quoted cell does not end where a cell may end.
    """
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if form.quoted:
        yield from _split_quoted(text, form.separator)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _split_line(line, form.separator)


def _split_line(line: str, separator: str) -> list[str]:
    if not separator:
        return [line]
    if separator == BLANKS:
        return line.split()
    cells: list[str] = line.split(separator)
    return cells


def _split_quoted(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_LONGEST_CELL)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=separator != "\t")
    try:
        for cells in reader:
            if cells and not (len(cells) == 1 and not cells[0].strip()):
                yield reader.line_num, cells
    except csv.Error as error:
        raise MalformedLineError(reader.line_num, str(error)) from None


def is_quotable(separator: str) -> bool:
    """Return whether cells can be quoted with this separator: a tab or a single non-blank character."""
    return len(separator) == 1 and (separator == "\t" or not separator.isspace())
