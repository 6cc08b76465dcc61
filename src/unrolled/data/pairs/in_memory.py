"""Pairs from memory: lists of pairs, sources with targets, or a DataFrame."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unrolled.data.pairs.columns import choose_source, is_blank
from unrolled.data.pairs.files import PairForm, Sources, pairs_from_table
from unrolled.data.pairs.pairs import Pairs, clean
from unrolled.data.tables import Table
from unrolled.errors import DataError

NAME = "pairs from memory"
SHAPES = "give sources and targets, two sequences of texts, or a list of (source, target), or a DataFrame"


def build_pairs(data: Any, targets: Any = None, form: PairForm | None = None) -> Pairs:
    """Return pairs from memory, numbered from 1.

    Args:
        data: sources if ``targets`` are given; else (source, target) pairs or a DataFrame.
        targets: a text for each source.
        form: columns of a DataFrame, and how missing sides (None, NaN, blank texts) are handled.

    Raises:
        DataError: if the data have another shape, or a side is missing and ``form.missing`` is "error".
    """
    form = form or PairForm()
    if isinstance(data, Pairs):
        return data
    if targets is not None:
        return clean(_zip_sides(data, targets), form.missing)
    if _is_frame(data):
        return clean(_read_frame(data, form), form.missing)
    if not isinstance(data, Iterable) or isinstance(data, str | bytes):
        raise DataError(f"{SHAPES}; these data are {_describe(data)}")
    pairs = [_check_pair(number, pair) for number, pair in enumerate(data, 1)]
    return clean(_number_pairs([s for s, _ in pairs], [t for _, t in pairs]), form.missing)


def build_sources(texts: Any, form: PairForm) -> Sources:
    """Return sources from memory: a sequence of texts, or the source column of a DataFrame.

    Raises:
        DataError: if the data have another shape.
    """
    if not _is_frame(texts):
        return Sources(check_texts(texts), None)
    table = _frame_to_table(texts)
    place, _, notes = choose_source(table, form.source_column)
    return Sources(check_texts([row[place] for row in table.rows]), table, notes)


def check_texts(texts: Any, name: str = "texts") -> list[str]:
    """Return a sequence of texts as a list; None and NaN become "".

    Raises:
        DataError: if the argument is not a sequence of texts.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable) or _is_frame(texts):
        raise DataError(f"{name}: a sequence of texts is needed, got {_describe(texts)}")
    items = list(texts)
    for number, text in enumerate(items, 1):
        if not is_blank(text) and not isinstance(text, str):
            raise DataError(f"{name}: number {number} is {text!r:.80} where a text is needed")
    return ["" if is_blank(text) else str(text) for text in items]


def _zip_sides(sources: Any, targets: Any) -> Pairs:
    sides = check_texts(sources, "sources"), check_texts(targets, "targets")
    if len(sides[0]) != len(sides[1]):
        raise DataError(f"{len(sides[0]):,} sources and {len(sides[1]):,} targets: each source needs one")
    return _number_pairs(*sides)


def _number_pairs(sources: list[str], targets: list[str]) -> Pairs:
    return Pairs(sources, targets, list(range(1, len(sources) + 1)), NAME)


def _check_pair(number: int, pair: Any) -> tuple[str, str]:
    """Return one pair.

    Raises:
        DataError: if it is not two texts, as for a list of texts without targets.
    """
    sides = list(pair) if isinstance(pair, Iterable) and not isinstance(pair, str | bytes | dict) else []
    if len(sides) != 2 or not all(is_blank(text) or isinstance(text, str) for text in sides):
        raise DataError(
            f"pair {number}: a source and a target are needed, two texts, got {pair!r:.80}; {SHAPES}"
        )
    source, target = ("" if is_blank(text) else str(text) for text in sides)
    return source, target


def _is_frame(data: Any) -> bool:
    return hasattr(data, "columns") and hasattr(data, "itertuples")


def _read_frame(frame: Any, form: PairForm) -> Pairs:
    return pairs_from_table(_frame_to_table(frame), NAME, form)


def _frame_to_table(frame: Any) -> Table:
    rows = [list(row) for row in frame.itertuples(index=False, name=None)]
    return Table(
        Path("the DataFrame"), list(map(str, frame.columns)), True, rows, list(range(1, len(rows) + 1))
    )


def _describe(data: Any) -> str:
    shape = getattr(data, "shape", None)
    size = f" of shape {tuple(shape)}" if shape is not None else ""
    return f"{type(data).__name__}{size}" if size or not isinstance(data, str) else f"the text {data!r:.60}"
