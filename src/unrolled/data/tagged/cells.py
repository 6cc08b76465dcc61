"""Replacing one cell in a row of separated, possibly quoted, cells."""

import re


def put_cell(text: str, separator: str, index: int, value: str) -> str:
    """Return the text of a row with one cell replaced.

    The new cell is quoted if the old one was, or if it has to be. An index past the last cell appends one. In
    rows separated by tabs, quotation marks have no special meaning.
    """
    escaped = re.escape(separator)
    cell = "[^\t]*" if separator == "\t" else rf'"(?:[^"]|"")*"|[^{escaped}]*'
    cells = list(re.finditer(rf"({cell})(?:{escaped}|$)", text))
    old = cells[index] if index < len(cells) else None
    marks = () if separator == "\t" else (separator, '"', "\n")
    quoted = (old and separator != "\t" and old[1].startswith('"')) or any(mark in value for mark in marks)
    new = '"' + value.replace('"', '""') + '"' if quoted else value
    return f"{text}{separator}{new}" if old is None else text[: old.start(1)] + new + text[old.end(1) :]
