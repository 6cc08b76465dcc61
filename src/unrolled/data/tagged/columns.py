"""The word column and the tag column, given by name or number."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.errors import DataError, suggestion
from unrolled.wording import counted


@dataclass(frozen=True)
class Columns:
    """The word column and the tag column; "" means that the column is detected."""

    word: str = ""
    """Name of a column in CoNLL-U or in a header; or its number, from 1, or from -1 backwards."""
    tag: str = ""
    """Name or number of the tag column, in the same form."""


def find_column(column: str, names: Sequence[str], width: int, where: object, option: str) -> int:
    """Return the index of a column given by name or number.

    Args:
        column: name of the column; or its number, from 1, or from -1 backwards.
        names: names of the columns; empty if they have none.
        width: number of columns.
        where: the file, for error messages.
        option: the option that sets the column, for error messages.

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
        valid = f"named {', '.join(names)}" if names else f"numbered from 1 to {width}"
        hint = suggestion(column, names)
        raise DataError(f"{where}: has no column {column!r}; its columns are {valid} ({option}){hint}")
    index = number - 1 if number > 0 else width + number
    if not 0 <= index < width:
        raise DataError(f"{where}: has no column {column}, it has {counted(width, 'column')} ({option})")
    return index
