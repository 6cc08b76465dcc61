"""Which columns of a table hold source and target, where nobody says so."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from unrolled.data.pairs.names import is_source, is_target, parts_of
from unrolled.data.tables import Table, is_missing, is_number, is_time
from unrolled.errors import DataError

SHARED = 8
"""Characters that all cells of a column of references begin with, such as an address or a licence."""
ENOUGH = 4
"""Rows from which a column is judged by its cells."""
SHOWN = 8
MISSING = ("NAType", "NaTType")
"""Types of pandas' missing values."""


class Chosen(NamedTuple):
    """Where source and target are, and a note on how that was decided."""

    source: int
    target: int
    notes: tuple[str, ...]


def choose_columns(table: Table, source: str, target: str) -> Chosen:
    """Return the places of source and target.

    Columns that are given are taken. Else names decide (question and answer, article and summary), then the
    order, if two columns hold text: the first is the source.

    Raises:
        DataError: if a given column is missing, or more or fewer than two columns hold text.
    """
    given = [table.place(name) if name else None for name in (source, target)]
    places = [p for p in given if p is not None]
    if len(places) == 2:
        if places[0] == places[1]:
            raise DataError(f"{table.path}: source and target are one column, {source!r}; give two")
        return Chosen(places[0], places[1], ())
    free = [i for i in range(len(table.names)) if i not in places]
    if len(places) == 1:
        other = _one_text(table, free, "source" if given[0] is None else "target")
        found = (other, places[0]) if given[0] is None else (places[0], other)
    else:
        found = _by_name(table) or _by_order(table, free)
    one, two = (_shown(table, place) for place in found)
    note = f"columns: source is {one}, target is {two} (--source-column, --target-column)"
    return Chosen(*found, (note,))


def choose_source(table: Table, source: str) -> Chosen:
    """Return the place of the source in a table that need not have targets; ``target`` means nothing.

    Raises:
        DataError: if a given column is missing, or it cannot be told which one holds the sources.
    """
    if len(table.names) == 1:
        return Chosen(0, 0, ())
    if source:
        return Chosen(table.place(source), 0, ())
    named = [i for i, name in enumerate(table.names) if table.has_header and is_source(name)]
    place = named[0] if len(named) == 1 else _one_text(table, range(len(table.names)), "source")
    return Chosen(place, 0, (f"columns: source is {_shown(table, place)} (--source-column)",))


def _by_name(table: Table) -> tuple[int, int] | None:
    if not table.has_header:
        return None
    sides = [[i for i, name in enumerate(table.names) if belongs(name)] for belongs in (is_source, is_target)]
    sides = [side if len(side) == 1 else [i for i in side if not _is_note(table, i)] for side in sides]
    sides = [side if len(side) == 1 else _named_outright(table, side) for side in sides]
    return (sides[0][0], sides[1][0]) if all(len(side) == 1 for side in sides) else None


def _named_outright(table: Table, places: Sequence[int]) -> list[int]:
    """Return the columns with a name of one word: ``src`` where there is ``src_prompt`` too; else all."""
    return [i for i in places if len(parts_of(table.names[i])) == 1] or list(places)


def _by_order(table: Table, places: Sequence[int]) -> tuple[int, int]:
    texts = _texts(table, places, 2)
    if len(texts) != 2:
        raise DataError(
            f"{table.path}: {_count(len(texts))} of its {len(places)} columns hold text "
            f"({_listed(table, texts or places)}); say which are meant: --source-column, --target-column"
        )
    return texts[0], texts[1]


def _one_text(table: Table, places: Sequence[int], side: str) -> int:
    texts = _texts(table, places, 1)
    if len(texts) != 1:
        raise DataError(
            f"{table.path}: the {side} may be any of {_listed(table, texts or places)}; say which: "
            f"--{side}-column"
        )
    return texts[0]


def _texts(table: Table, places: Sequence[int], wanted: int) -> list[int]:
    """Return the columns that hold text.

    While there are too many, the one whose cells begin alike the longest is left out, as references do: an
    address, a licence.
    """
    if len(places) <= wanted:
        return list(places)
    texts = [place for place in places if not _is_note(table, place)]
    while len(texts) > wanted:
        shared = {place: _shared(_filled(table, place)) for place in texts}
        longest = max(texts, key=lambda place: shared[place])
        if shared[longest] < SHARED:
            break
        texts.remove(longest)
    return texts


def _is_note(table: Table, place: int) -> bool:
    """Return whether a column is no text of pairs: numbers, dates, one value for all."""
    cells = _filled(table, place)
    if not all(isinstance(cell, str) for cell in cells):
        return True
    if all(is_number(c) or is_time(c) or is_missing(c) for c in cells):
        return True
    return len(cells) >= ENOUGH and len(set(cells)) == 1


def _shared(cells: Sequence[str]) -> int:
    """Return with how many characters all cells of a column begin alike."""
    if len(cells) < ENOUGH:
        return 0
    first, last = min(cells), max(cells)
    pairs = zip(first, last, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))


def _filled(table: Table, place: int) -> list[Any]:
    return [row[place] for row in table.rows if not is_blank(row[place])]


def is_blank(cell: Any) -> bool:
    """Return whether a cell holds nothing."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or type(cell).__name__ in MISSING or (isinstance(cell, float) and cell != cell)


def _shown(table: Table, place: int) -> str:
    return repr(table.names[place]) if table.has_header else f"column {place + 1}"


def _listed(table: Table, places: Sequence[int]) -> str:
    more = " …" if len(places) > SHOWN else ""
    return ", ".join(_shown(table, place) for place in places[:SHOWN]) + more


def _count(number: int) -> str:
    return {0: "none", 1: "only one"}.get(number, str(number))
