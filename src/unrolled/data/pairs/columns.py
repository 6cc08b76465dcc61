"""Detection of the source and target columns of a table."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from unrolled.data.pairs.names import is_source, is_target, split_name
from unrolled.data.tables import Table, is_missing, is_number, is_time
from unrolled.errors import DataError

MIN_PREFIX = 8
"""Length of the common prefix from which a column is taken for references, such as addresses or licences."""
MIN_ROWS = 4
"""Number of rows from which a column is judged by its cells."""
SHOWN = 8
"""Number of columns that a message lists."""
MISSING = ("NAType", "NaTType")
"""Type names of pandas' missing values."""


class PairColumns(NamedTuple):
    """Indices of the source and target columns, and a note on how they were chosen."""

    source: int
    target: int
    notes: tuple[str, ...]


def choose_columns(table: Table, source: str, target: str) -> PairColumns:
    """Return the source and target columns.

    Given columns are used. Others are chosen by name (question and answer, article and summary); or, if
    exactly two columns hold text, by order: the first is the source.

    Raises:
        DataError: if a given column is missing, or more or fewer than two columns hold text.
    """
    user_places = [table.place(name) if name else None for name in (source, target)]
    places = [p for p in user_places if p is not None]
    if len(places) == 2:
        if places[0] == places[1]:
            raise DataError(f"{table.path}: source and target are one column, {source!r}; give two columns")
        return PairColumns(places[0], places[1], ())
    free = [i for i in range(len(table.names)) if i not in places]
    if len(places) == 1:
        other = _find_text_column(table, free, "source" if user_places[0] is None else "target")
        chosen = (other, places[0]) if user_places[0] is None else (places[0], other)
    else:
        chosen = _choose_by_name(table) or _choose_by_order(table, free)
    one, two = (_describe_column(table, place) for place in chosen)
    note = f"columns: source is {one}, target is {two} (--source-column, --target-column)"
    return PairColumns(*chosen, (note,))


def choose_source(table: Table, source: str) -> PairColumns:
    """Return the source column of a table that may lack targets; ``target`` of the result has no meaning.

    Raises:
        DataError: if a given column is missing, or the source column cannot be detected.
    """
    if len(table.names) == 1:
        return PairColumns(0, 0, ())
    if source:
        return PairColumns(table.place(source), 0, ())
    matches = [i for i, name in enumerate(table.names) if table.has_header and is_source(name)]
    place = matches[0] if len(matches) == 1 else _find_text_column(table, range(len(table.names)), "source")
    return PairColumns(place, 0, (f"columns: source is {_describe_column(table, place)} (--source-column)",))


def _choose_by_name(table: Table) -> tuple[int, int] | None:
    if not table.has_header:
        return None
    sides = [[i for i, name in enumerate(table.names) if belongs(name)] for belongs in (is_source, is_target)]
    sides = [side if len(side) == 1 else [i for i in side if not _is_metadata(table, i)] for side in sides]
    sides = [side if len(side) == 1 else _select_one_word_names(table, side) for side in sides]
    return (sides[0][0], sides[1][0]) if all(len(side) == 1 for side in sides) else None


def _select_one_word_names(table: Table, places: Sequence[int]) -> list[int]:
    """Return the columns with a name of one word (``src``, not ``src_prompt``); all if there are none."""
    return [i for i in places if len(split_name(table.names[i])) == 1] or list(places)


def _choose_by_order(table: Table, places: Sequence[int]) -> tuple[int, int]:
    texts = _find_text_columns(table, places, 2)
    if len(texts) != 2:
        raise DataError(
            f"{table.path}: {_count_text(len(texts))} of its {len(places)} columns hold text "
            f"({_list_columns(table, texts or places)}); choose two: --source-column, --target-column"
        )
    return texts[0], texts[1]


def _find_text_column(table: Table, places: Sequence[int], side: str) -> int:
    texts = _find_text_columns(table, places, 1)
    if len(texts) != 1:
        raise DataError(
            f"{table.path}: the {side} may be any of {_list_columns(table, texts or places)}; choose one: "
            f"--{side}-column"
        )
    return texts[0]


def _find_text_columns(table: Table, places: Sequence[int], count: int) -> list[int]:
    """Return the columns that hold text, ``count`` of them if possible.

    While there are too many, the column with the longest common prefix is left out: it holds references, such
    as addresses or licences.
    """
    if len(places) <= count:
        return list(places)
    texts = [place for place in places if not _is_metadata(table, place)]
    while len(texts) > count:
        prefixes = {place: _common_prefix_length(_get_filled_cells(table, place)) for place in texts}
        longest = max(texts, key=lambda place: prefixes[place])
        if prefixes[longest] < MIN_PREFIX:
            break
        texts.remove(longest)
    return texts


def _is_metadata(table: Table, place: int) -> bool:
    """Return whether a column cannot be a side of pairs: it holds numbers, dates, or a constant value."""
    cells = _get_filled_cells(table, place)
    if not all(isinstance(cell, str) for cell in cells):
        return True
    if all(is_number(c) or is_time(c) or is_missing(c) for c in cells):
        return True
    return len(cells) >= MIN_ROWS and len(set(cells)) == 1


def _common_prefix_length(cells: Sequence[str]) -> int:
    """Return the length of the common prefix of all cells."""
    if len(cells) < MIN_ROWS:
        return 0
    first, last = min(cells), max(cells)
    pairs = zip(first, last, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))


def _get_filled_cells(table: Table, place: int) -> list[Any]:
    return [row[place] for row in table.rows if not is_blank(row[place])]


def is_blank(cell: Any) -> bool:
    """Return whether a cell is empty or missing."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or type(cell).__name__ in MISSING or (isinstance(cell, float) and cell != cell)


def _describe_column(table: Table, place: int) -> str:
    return repr(table.names[place]) if table.has_header else f"column {place + 1}"


def _list_columns(table: Table, places: Sequence[int]) -> str:
    more = " …" if len(places) > SHOWN else ""
    return ", ".join(_describe_column(table, place) for place in places[:SHOWN]) + more


def _count_text(number: int) -> str:
    return {0: "none", 1: "only one"}.get(number, str(number))
