"""One cell of a row between separators, quoted or not."""

import re


def put_cell(text: str, separator: str, index: int, value: str) -> str:
    """Return the text of a row with another cell, quoted if the old one was, or must be.

    A cell past the last is appended. Between tabs a quotation mark is a character as any other.
    """
    sign = re.escape(separator)
    cell = "[^\t]*" if separator == "\t" else rf'"(?:[^"]|"")*"|[^{sign}]*'
    cells = list(re.finditer(rf"({cell})(?:{sign}|$)", text))
    old = cells[index] if index < len(cells) else None
    marks = () if separator == "\t" else (separator, '"', "\n")
    quoted = (old and separator != "\t" and old[1].startswith('"')) or any(mark in value for mark in marks)
    new = '"' + value.replace('"', '""') + '"' if quoted else value
    return f"{text}{separator}{new}" if old is None else text[: old.start(1)] + new + text[old.end(1) :]
