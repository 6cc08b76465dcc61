"""Whether the first row of a table names its columns."""

from collections.abc import Collection, Sequence

from unrolled.data.tables.values import is_missing, is_number, is_time

LONGEST_NAME = 60
RECURRING = 0.5
"""A column whose kinds of values are at most this share of its rows is one of classes."""
USED = 0.5
"""Share of the rows that fill a column, at least, for it to need a name."""


def names_columns(rows: Sequence[Sequence[str]], usual: Collection[str] = ()) -> bool:
    """Tell whether the first row is a header.

    It is none if it holds a number or a time, or if several columns lack a name; those whose cells are mostly
    empty need none. It is one if all of its cells are usual names; if a column of numbers or times begins
    with another word; or if no value is there twice and a column of classes begins with a word that is none
    of the classes. Otherwise it is a row like all others.

    Args:
        rows: of the table, the first included.
        usual: names in lower case that columns of such tables usually have.
    """
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    filled = [cell for cell in first if cell]
    columns = [[row[i].strip() for row in rest if i < len(row)] for i in range(len(first))]
    unnamed = [column for cell, column in zip(first, columns, strict=True) if not cell and _is_used(column)]
    if not filled or len(unnamed) > 1:
        return False  # one column, of row names, may lack its own
    if any(is_number(c) or is_time(c) or len(c) > LONGEST_NAME for c in filled):
        return False
    if all(cell.lower() in usual for cell in filled):
        return True
    if any(cell and _measured(column) for cell, column in zip(first, columns, strict=True)):
        return True
    if len(set(filled)) < len(filled):
        return False
    classes = [
        (cell, column) for cell, column in zip(first, columns, strict=True) if cell and _recurs(column)
    ]
    return bool(classes) and all(cell not in column for cell, column in classes)


def _is_used(column: Sequence[str]) -> bool:
    """Tell whether at least half of the cells of a column hold something."""
    return sum(map(bool, column)) >= USED * len(column)


def _measured(column: Sequence[str]) -> bool:
    """Tell whether a column holds numbers or times alone."""
    there = [cell for cell in column if not is_missing(cell)]
    return bool(there) and all(is_number(c) or is_time(c) for c in there)


def _recurs(column: Sequence[str]) -> bool:
    return len(column) > 1 and len(set(column)) <= RECURRING * len(column)
