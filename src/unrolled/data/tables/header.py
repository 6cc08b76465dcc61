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

    It is one if its cells count from 0, as pandas numbers columns without names, and each column holds
    something else than whole numbers. Else it is none if it holds a number or a time, or if several columns
    lack a name; those whose cells are mostly empty need none. It is one if all of its cells are usual names;
    if a column of numbers or times begins with another word; or if no value is there twice and a column of
    classes begins with a word that is none of the classes. Otherwise it is a row like all others.

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
    if _counts(first, rest):
        return True
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


def lacks_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names all columns but the first, as R's ``write.table`` does.

    It is then one cell shorter than every other row, and the first cells of those differ, as names of
    rows. One cell above rows of two may be a title; two columns of whole numbers at the end may be one
    with a decimal comma.
    """
    width, rest = len(rows[0]), rows[1:]
    if (
        not rest
        or width < 2
        or any(len(row) != width + 1 for row in rest)
        or not any(row[-1].strip() for row in rest)
    ):
        return False
    if any(is_number(cell) or is_time(cell) or not cell.strip() for cell in rows[0]):
        return False
    if all(row[-1].strip().isdecimal() and row[-2].strip().lstrip("+-").isdecimal() for row in rest):
        return False
    return len({row[0] for row in rest}) == len(rest)


def _is_used(column: Sequence[str]) -> bool:
    """Tell whether at least half of the cells of a column hold something."""
    return sum(map(bool, column)) >= USED * len(column)


def _counts(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row counts the columns from 0; the first, of row names, may have no number."""
    places = [place for place, cell in enumerate(first) if cell]
    if len(first) < 2:
        return False
    if [first[place] for place in places] != [str(number) for number in range(len(places))]:
        return False
    return all(any(_broken(row[p]) for row in rest if p < len(row)) for p in places)


def _broken(cell: str) -> bool:
    """Tell whether a cell holds something else than a whole number."""
    return not is_missing(cell) and not cell.strip().lstrip("+-").isdecimal()


def _measured(column: Sequence[str]) -> bool:
    """Tell whether a column holds numbers or times alone."""
    there = [cell for cell in column if not is_missing(cell)]
    return bool(there) and all(is_number(c) or is_time(c) for c in there)


def _recurs(column: Sequence[str]) -> bool:
    return len(column) > 1 and len(set(column)) <= RECURRING * len(column)
