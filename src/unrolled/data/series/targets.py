"""Choose the columns to forecast; note which columns are left out and why."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unrolled.data.series.cells import Cells, is_blank
from unrolled.data.series.joined_times import NAMES
from unrolled.data.series.numbers import holds_numbers
from unrolled.data.series.time_search import is_row_number
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

SHOWN = 8
RISING = 8
"""A column that rises evenly over more rows than this repeats the time."""
REPEATS = ("numbers the rows", "a part of the time", "rises evenly, as the time does")
"""Reasons to leave out a column of numbers: it repeats the time."""


class Targets(NamedTuple):
    """Columns to forecast, and notes on the columns left out."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def find_targets(cells: Cells, index: pd.Index, free: Sequence[str]) -> Targets:
    """Return all columns of numbers that do not only repeat the time.

    Raises:
        DataError: if there is no column of numbers.
    """
    left_out: list[tuple[str, str]] = []
    targets: list[str] = []
    for name in free:
        column = cells.column(name)
        reason = _reason_to_leave_out(column, name, index)
        if reason:
            left_out.append((name, reason))
        else:
            targets.append(name)
    varying = [name for name in targets if cells.column(name).map(str).nunique() > 1]
    if varying:
        left_out += [(name, "constant") for name in targets if name not in varying]
        targets = varying
    if not targets:  # columns that repeat the time are better than nothing
        targets = [name for name, reason in left_out if reason in REPEATS]
        left_out = [pair for pair in left_out if pair[1] not in REPEATS]
    if not targets:
        reasons = ", ".join(f"{name!r} ({reason})" for name, reason in left_out)
        raise DataError(
            f"{cells.where}: has no column of numbers to forecast besides the time"
            + (f"; there are {reasons}" if reasons else f"; there are {', '.join(map(repr, cells.names))}")
        )
    notes = []
    if len(targets) > 1 or left_out:
        what = "all columns of numbers are forecast:" if len(targets) > 1 else "the column to forecast is"
        shown = ", ".join(map(repr, targets[:SHOWN])) + (", …" if len(targets) > SHOWN else "")
        notes.append(f"{what} {shown} (--target)")
    if left_out:
        shown = ", ".join(f"{name!r} ({reason})" for name, reason in left_out[:SHOWN])
        notes.append(f"left out: {shown}" + (", …" if len(left_out) > SHOWN else ""))
    return Targets(tuple(targets), tuple(notes))


def _reason_to_leave_out(column: pd.Series, name: str, index: pd.Index) -> str:
    """Return why a column is not forecast; "" if it is."""
    if column.map(is_blank).all():
        return "empty"
    if is_row_number(column):
        return REPEATS[0]
    if not holds_numbers(column):
        return "no numbers"
    if len(column) > RISING and _rises_evenly(column):
        return REPEATS[2]
    if isinstance(index, pd.DatetimeIndex) and _repeats_time(column, name, index):
        return REPEATS[1]
    return ""


def _rises_evenly(column: pd.Series) -> bool:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(numbers).all():
        return False
    steps = np.diff(numbers)
    return bool(steps[0]) and bool((np.abs(steps - steps.mean()) < 1e-2 * abs(steps.mean())).all())


def _repeats_time(column: pd.Series, name: str, index: pd.DatetimeIndex) -> bool:
    """Return whether a column repeats the year, month, day, hour, minute or weekday of the time stamps."""
    part = next((p for p, names in NAMES.items() if name.strip().lower() in names), "")
    if not part and "week" in name.lower():
        return _equals(column, index.day_of_week) or _equals(column, index.day_of_week + 1)
    return bool(part) and _equals(column, getattr(index, part))


def _equals(column: pd.Series, part: pd.Index) -> bool:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return bool((numbers == part.to_numpy()).all())
