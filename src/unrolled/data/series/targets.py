"""Which columns are forecast, and which are left out and why."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unrolled.data.series.cells import Cells, is_blank
from unrolled.data.series.joined import NAMES
from unrolled.data.series.numbers import holds_numbers
from unrolled.data.series.time_search import counts_rows
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

SHOWN = 8
RISING = 8
"""Rows from which on a column that rises evenly is one of the time."""
REPEATS = ("numbers the rows", "a part of the time", "rises evenly, as the time does")
"""Reasons not to forecast a column that still holds numbers."""


class Targets(NamedTuple):
    """The columns to forecast, and what is said of the others."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def find_targets(cells: Cells, index: pd.Index, free: Sequence[str]) -> Targets:
    """Return every column of numbers that tells more than the time does.

    Raises:
        DataError: if there is none.
    """
    left_out: list[tuple[str, str]] = []
    kept: list[str] = []
    for name in free:
        column = cells.column(name)
        reason = _reason(column, name, index)
        if reason:
            left_out.append((name, reason))
        else:
            kept.append(name)
    varying = [name for name in kept if cells.column(name).map(str).nunique() > 1]
    if varying:
        left_out += [(name, "constant") for name in kept if name not in varying]
        kept = varying
    if not kept:  # what repeats the time is better than nothing
        kept = [name for name, reason in left_out if reason in REPEATS]
        left_out = [pair for pair in left_out if pair[1] not in REPEATS]
    if not kept:
        said = ", ".join(f"{name!r} ({reason})" for name, reason in left_out)
        raise DataError(
            f"{cells.where}: has no column of numbers to forecast with the time"
            + (f"; there are {said}" if said else f"; there are {', '.join(map(repr, cells.names))}")
        )
    notes = []
    if len(kept) > 1 or left_out:
        what = "all columns of numbers are forecast" if len(kept) > 1 else "forecast is"
        shown = ", ".join(map(repr, kept[:SHOWN])) + (", …" if len(kept) > SHOWN else "")
        notes.append(f"{what}{':' if len(kept) > 1 else ''} {shown} (--target)")
    if left_out:
        shown = ", ".join(f"{name!r} ({reason})" for name, reason in left_out[:SHOWN])
        notes.append(f"left out: {shown}" + (", …" if len(left_out) > SHOWN else ""))
    return Targets(tuple(kept), tuple(notes))


def _reason(column: pd.Series, name: str, index: pd.Index) -> str:
    """Return why a column is not forecast; empty if it is."""
    if column.map(is_blank).all():
        return "empty"
    if counts_rows(column):
        return REPEATS[0]
    if not holds_numbers(column):
        return "no numbers"
    if len(column) > RISING and _rises_evenly(column):
        return REPEATS[2]
    if isinstance(index, pd.DatetimeIndex) and _is_of_time(column, name, index):
        return REPEATS[1]
    return ""


def _rises_evenly(column: pd.Series) -> bool:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(numbers).all():
        return False
    steps = np.diff(numbers)
    return bool(steps[0]) and bool((np.abs(steps - steps.mean()) < 1e-2 * abs(steps.mean())).all())


def _is_of_time(column: pd.Series, name: str, index: pd.DatetimeIndex) -> bool:
    """Tell whether a column repeats the year, month, day, hour, minute or weekday of the stamps."""
    part = next((p for p, names in NAMES.items() if name.strip().lower() in names), "")
    if not part and "week" in name.lower():
        return _equals(column, index.day_of_week) or _equals(column, index.day_of_week + 1)
    return bool(part) and _equals(column, getattr(index, part))


def _equals(column: pd.Series, part: pd.Index) -> bool:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return bool((numbers == part.to_numpy()).all())
