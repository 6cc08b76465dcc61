"""Tables with a time column, read strictly: what cannot be used is named by file, line and column."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.data.catalogue.dataset import SERIES
from unrolled.data.catalogue.lookup import locate
from unrolled.data.files import read_text
from unrolled.data.grid import even_grid
from unrolled.data.series import ColumnsConfig, Series, TimeRulesConfig
from unrolled.errors import DataError, suggestion
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

HEADER_LINES = 2
"""The line of the first row of a file, counted from 1."""
EARLIEST, LATEST = 1, 9000
"""Years of time stamps: Python's calendar ends with 9999, and steps beyond the last stamp are forecast."""


def open_series(
    source: "str | Path | pd.DataFrame | pd.Series[Any]", columns: ColumnsConfig, rules: TimeRulesConfig
) -> list[Series]:
    """Read every series of a CSV file, a data set by name, or a DataFrame.

    Raises:
        DataError: if the table, a column, a stamp or a number cannot be used as it is.
    """
    if isinstance(source, pd.Series):
        source = source.to_frame("value" if source.name is None else source.name)
    if not isinstance(source, str | Path | pd.DataFrame):
        raise DataError(
            "series are given as a CSV file, or as a DataFrame or Series of pandas, not as "
            f"{type(source).__name__}"
        )
    if isinstance(source, pd.DataFrame):
        frame, where = source, "the DataFrame"
        if not columns.time:
            frame = _index_as_column(frame)
    else:
        frame, where = _read_csv(locate(source, SERIES)), str(source)
    reader = _Reader(frame, where, columns)
    return [
        even_grid(name, f"{where}: series {name!r}", rows, rules, reader.known, reader.past)
        for name, rows in reader.each()
    ]


def _read_csv(path: Path) -> pd.DataFrame:
    text = read_text(path)
    try:
        frame = pd.read_csv(io.StringIO(text), dtype=str, skipinitialspace=True, skip_blank_lines=False)
    except (ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors
        said = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{path}: is not a table of comma-separated values ({said})") from None
    if not len(frame.columns) or not isinstance(frame.index, pd.RangeIndex):
        few = "is empty" if not len(frame.columns) else "names fewer columns than the rows have"
        raise DataError(f"{path}: its first line {few}; it must name every column")
    return frame


def _index_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    index = frame.index
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(
            "the DataFrame: its index holds no time stamps (it is a "
            f"{type(index).__name__}); name the column that does: time=…"
        )
    name = index.name or "time"
    return frame.set_axis(index.rename(name)).reset_index()


class _Reader:
    """The columns of a table that are asked for, as time stamps and numbers."""

    def __init__(self, frame: pd.DataFrame, where: str, columns: ColumnsConfig) -> None:
        if not len(frame):
            raise DataError(f"{where}: holds no rows")
        self.frame, self.where, self.columns = frame, where, columns
        names = [str(c) for c in frame.columns]
        self.time = columns.time or names[0]
        self.known, self.past = list(columns.known), list(columns.past)
        series = [columns.series] if columns.series else []
        asked = [self.time, *series, *columns.target, *self.known, *self.past]
        for name in asked:
            if names.count(name) != 1:
                found = "twice" if name in names else "not"
                raise DataError(
                    f"{where}: column {name!r} is {found} there{suggestion(name, names)}; "
                    f"there are {', '.join(names)}"
                )
        if self.time in columns.target:
            raise DataError(
                f"{where}: column {self.time!r} is the target, and none is named for the time stamps; name "
                "theirs: time=…"
            )
        left = [n for n in names if n not in asked]
        self.target = list(columns.target) or left
        if len(self.target) != 1 and not columns.target:
            if not left:
                raise DataError(
                    f"{where}: has nothing to forecast beside its time column; there are "
                    f"{', '.join(map(repr, names))} (cells of a file are separated by commas)"
                )
            raise DataError(
                f"{where}: which column to forecast? Give target: one or more of {', '.join(left)}"
            )
        for name in self.known + self.past:
            if name in self.target:
                raise DataError(f"{where}: column {name!r} is both the target and a covariate of itself")

    def each(self) -> list[tuple[str, pd.DataFrame]]:
        """Return the rows of each series: "target" and the covariates, by time stamp in the file's order."""
        numbers = {name: self._numbers(name) for name in [*self.target, *self.known, *self.past]}
        stamps = self._stamps()
        labels = self._labels()
        places = labels.groupby(labels).indices
        found = []
        for label in labels.unique():
            mine = places[label]
            for target in self.target:
                rows = {"target": numbers[target][mine]}
                rows |= {name: numbers[name][mine] for name in self.known + self.past}
                name = " ".join(filter(None, (label, target if label == "" or len(self.target) > 1 else "")))
                found.append((name, pd.DataFrame(rows, index=stamps[mine])))
        return found

    def _labels(self) -> "pd.Series[str]":
        if not self.columns.series:
            return pd.Series([""] * len(self.frame))
        labels = self.frame[self.columns.series]
        if labels.isna().any():
            line = self._line(labels.isna())
            raise DataError(f"{self.where}, {line}: column {self.columns.series!r} names no series")
        return labels.astype(str).reset_index(drop=True)

    def _stamps(self) -> pd.DatetimeIndex:
        column, form = self.frame[self.time], self.columns.time_format
        if pd.api.types.is_datetime64_any_dtype(column):
            stamps = pd.to_datetime(column, utc=True)
        else:
            written = column.astype(str)
            stamps = pd.to_datetime(written, format=form or "ISO8601", errors="coerce", utc=True)
        bad = stamps.isna()
        if bad.any():
            asked = f"of the form {form!r}" if form else "an ISO 8601 time (2003-12-31, 2003-12-31 13:00)"
            raise DataError(
                f"{self.where}, {self._line(bad)}: {column[bad].iloc[0]!r} in column {self.time!r} is not "
                f"{asked}; give its form, such as time_format='%d-%m-%Y %H:%M'"
            )
        index = pd.DatetimeIndex(stamps).tz_localize(None)
        outside = (index.year < EARLIEST) | (index.year > LATEST)
        if outside.any():
            raise DataError(
                f"{self.where}, {self._line(outside)}: {column[outside].iloc[0]!r} in column {self.time!r} "
                f"is not in the years {EARLIEST} to {LATEST}; leave the row out, or say when it was"
            )
        return index

    def _numbers(self, name: str) -> Any:
        column = self.frame[name]
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.isnan(values) & column.notna().to_numpy() | np.isinf(values)
        if bad.any():
            raise DataError(
                f"{self.where}, {self._line(bad)}: {column[bad].iloc[0]!r} in column {name!r} is not a "
                "number (an empty field is a missing one)"
            )
        return values

    def _line(self, bad: Any) -> str:
        row = int(np.argmax(np.asarray(bad)))
        return f"row {row}" if self.where == "the DataFrame" else f"line {row + HEADER_LINES}"


def names_of(series: Sequence[Series]) -> list[str]:
    """Return the names of series."""
    return [s.name for s in series]
