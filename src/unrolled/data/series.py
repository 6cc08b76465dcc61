"""Series of numbers in time: which columns hold them, and what is known of each."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.config import require
from unrolled.short_repr import short_repr

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnsConfig:
    """Which column of the table is what."""

    time: str = ""
    """Column of the time stamps; empty takes the first column of a file, the index of a DataFrame."""

    time_format: str = ""
    """Form of the time stamps, as '%d-%m-%Y %H:%M' (strptime); empty is ISO 8601 and nothing else, since
    01-02-2003 does not say which number is the month."""

    target: tuple[str, ...] = ()
    """Columns to forecast, each a series of its own; empty takes the only column that is left."""

    series: str = ""
    """Column that names the series of a row, for several in one table (long form)."""

    known: tuple[str, ...] = ()
    """Covariates known ahead (prices, holidays): given for the steps that are forecast as well."""

    past: tuple[str, ...] = ()
    """Covariates known up to the present only; they need strategy=direct."""


@dataclass(frozen=True)
class TimeRulesConfig:
    """What happens to time stamps and values that are not as they should be; all is counted and reported."""

    frequency: str = ""
    """Distance of steps, as pandas writes it (h, D, B, W, MS, ME, QS, YS); empty infers it from the stamps;
    "rows" takes each row as one step, whatever lies between (trading days)."""

    duplicates: Literal["error", "mean", "first", "last"] = "error"
    """Of several rows with one time stamp: refuse, average, take the first or the last."""

    missing: Literal["error", "interpolate", "forward"] = "error"
    """A value that is empty or whose stamp is missing: refuse, draw a straight line between its neighbours,
    or take the value before it."""

    def __post_init__(self) -> None:
        require(self.frequency == self.frequency.strip(), f"frequency={self.frequency!r}: has spaces around")


@dataclass(frozen=True)
class SeriesNotes:
    """What was found in the rows of a series, and what was done about it."""

    rows: int = 0
    out_of_order: int = 0
    """Rows earlier than the row before them."""
    duplicates: int = 0
    """Rows beyond the first of their time stamp."""
    gaps: int = 0
    """Stamps that the frequency asks for and no row has."""
    missing: int = 0
    """Empty numbers in the rows that are there."""
    filled: int = 0
    """Numbers made by the rule for missing values."""
    cut: int = 0
    """Rows left out at both ends, where the target is empty."""

    def describe(self, rules: TimeRulesConfig) -> list[str]:
        """Say in words what is not as it should be; nothing for a clean series."""
        said = []
        if self.out_of_order:
            said.append(f"{self.out_of_order:,} rows were out of order: sorted")
        if self.duplicates:
            did = {"mean": "averaged", "first": "the first kept", "last": "the last kept"}
            said.append(f"{self.duplicates:,} rows repeat a time stamp: {did.get(rules.duplicates, '')}")
        if self.gaps:
            said.append(f"{self.gaps:,} time stamps are missing")
        if self.missing:
            said.append(f"{self.missing:,} numbers are empty")
        if self.filled:
            did = {"interpolate": "straight lines between neighbours", "forward": "the value before"}
            said.append(f"{self.filled:,} numbers filled by {did.get(rules.missing, '')}")
        if self.cut:
            said.append(f"{self.cut:,} rows without a target at the ends: left out")
        return said


@short_repr
@dataclass(frozen=True, eq=False)
class Series:
    """One series on an even grid of T observed steps, and known covariates that may reach beyond.

    ``index`` holds N ≥ T time stamps (a DatetimeIndex with its frequency, without one for "rows"); the steps
    from T on are those whose known covariates are given and whose target is not.
    """

    name: str
    index: Any
    target: Numbers
    """(T,)"""
    known: Numbers
    """(N, number of known covariates)"""
    past: Numbers
    """(T, number of past covariates)"""
    notes: SeriesNotes = field(default_factory=SeriesNotes)

    @property
    def steps(self) -> int:
        """T: the number of steps whose target was observed."""
        return len(self.target)

    def stamps(self, end: int) -> Any:
        """Return the time stamps of the first ``end`` steps; NaT beyond a table without a frequency."""
        import pandas as pd

        if self.index.freq is not None:
            return pd.date_range(self.index[0], periods=end, freq=self.index.freq)
        beyond = max(0, end - len(self.index))
        return self.index[:end].append(pd.DatetimeIndex([pd.NaT] * beyond))
