"""Detect whether the first row of a table is a header."""

from collections.abc import Collection, Sequence

from unrolled.data.tables.values import is_missing, is_number, is_time

LONGEST_NAME = 60
RECURRING = 0.5
"""A column is categorical if its distinct values are at most this fraction of its rows."""
USED = 0.5
"""Minimum fraction of filled cells for a column to need a name."""


def is_header(rows: Sequence[Sequence[str]], usual: Collection[str] = ()) -> bool:
    """Return whether the first row is a header.

    The rules, in this order:

    - It is not a header if all its cells are empty, or if several columns have no name (columns that are
      mostly empty need none).
    - It is if its cells count from 0, as pandas names unnamed columns, and no column below contains only
      whole numbers.
    - It is not if it contains a number, a time or a text of more than 60 characters.
    - It is if all its cells are usual names, or if a column of numbers or times begins with another word.
    - It is if its values are distinct and a categorical column begins with a word that is not one of its
      categories.
    - Otherwise it is a data row.

    Args:
        rows: rows of the table, the first included.
        usual: lower-case names that columns of such tables usually have.
    """
    first, below = [cell.strip() for cell in rows[0]], rows[1:]
    filled = [cell for cell in first if cell]
    columns = [[row[i].strip() for row in below if i < len(row)] for i in range(len(first))]
    unnamed = [column for cell, column in zip(first, columns, strict=True) if not cell and _is_used(column)]
    if not filled or len(unnamed) > 1:
        return False  # the column of row names may have no name
    if _is_numbered(first, below):
        return True
    if any(is_number(c) or is_time(c) or len(c) > LONGEST_NAME for c in filled):
        return False
    if all(cell.lower() in usual for cell in filled):
        return True
    if any(cell and _holds_quantities(column) for cell, column in zip(first, columns, strict=True)):
        return True
    if len(set(filled)) < len(filled):
        return False
    categorical = [
        (cell, column)
        for cell, column in zip(first, columns, strict=True)
        if cell and _is_categorical(column)
    ]
    return bool(categorical) and all(cell not in column for cell, column in categorical)


def is_header_without_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row names all columns except the first, as R's ``write.table`` does.

    Then it is one cell shorter than all other rows, whose first cells are distinct row names. The answer is
    no for a single cell above rows of two, which may be a title, and for two columns of whole numbers at the
    end, which may be one column with a decimal comma.
    """
    width, below = len(rows[0]), rows[1:]
    if (
        not below
        or width < 2
        or any(len(row) != width + 1 for row in below)
        or not any(row[-1].strip() for row in below)
    ):
        return False
    if any(is_number(cell) or is_time(cell) or not cell.strip() for cell in rows[0]):
        return False
    if all(row[-1].strip().isdecimal() and row[-2].strip().lstrip("+-").isdecimal() for row in below):
        return False
    return len({row[0] for row in below}) == len(below)


def _is_used(column: Sequence[str]) -> bool:
    """Return whether at least half of the cells of a column are filled."""
    return sum(map(bool, column)) >= USED * len(column)


def _is_numbered(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row numbers the columns from 0; a column of row names may have no number."""
    filled = [column for column, cell in enumerate(first) if cell]
    if len(first) < 2:
        return False
    if [first[column] for column in filled] != [str(number) for number in range(len(filled))]:
        return False
    return all(any(_is_not_whole(row[c]) for row in below if c < len(row)) for c in filled)


def _is_not_whole(cell: str) -> bool:
    """Return whether a cell is neither missing nor a whole number."""
    return not is_missing(cell) and not cell.strip().lstrip("+-").isdecimal()


def _holds_quantities(column: Sequence[str]) -> bool:
    """Return whether all filled cells of a column are numbers or times."""
    filled = [cell for cell in column if not is_missing(cell)]
    return bool(filled) and all(is_number(c) or is_time(c) for c in filled)


def _is_categorical(column: Sequence[str]) -> bool:
    return len(column) > 1 and len(set(column)) <= RECURRING * len(column)
