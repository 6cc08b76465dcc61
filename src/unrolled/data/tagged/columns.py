"""The columns of the word and of its tag: by name, or by number."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.errors import DataError, suggestion


@dataclass(frozen=True)
class Columns:
    """Columns of the word and of its tag; empty is detected."""

    word: str = ""
    """A column's name in CoNLL-U or in a header, or its number from 1, or from -1 backwards."""
    tag: str = ""


def find_column(column: str, names: Sequence[str], width: int, where: object, option: str) -> int:
    """Return the index of a column that is given by name or number.

    Args:
        column: its name, or its number from 1, or from -1 backwards.
        names: of the columns; empty if they have none.
        width: number of columns.
        where: the file, for the message.
        option: that names the column, for the message.

    Raises:
        DataError: if there is no such column.
    """
    lowered = [name.lower() for name in names]
    if column.lower() in lowered:
        return lowered.index(column.lower())
    try:
        number = int(column)
    except ValueError:
        number = 0
    if not number:
        known = f"named {', '.join(names)}" if names else f"numbered from 1 to {width}"
        near = suggestion(column, names)
        raise DataError(f"{where}: has no column {column!r}; its columns are {known} ({option}){near}")
    index = number - 1 if number > 0 else width + number
    if not 0 <= index < width:
        raise DataError(f"{where}: has no column {column}, it has {width} ({option})")
    return index
