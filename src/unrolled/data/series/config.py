"""Options of tables of series: which column is what, and what happens to what is uneven or missing."""

from dataclasses import dataclass
from typing import Literal

from unrolled.config import require


@dataclass(frozen=True)
class ColumnsConfig:
    """Which column of the table is what. What is left empty is found in the table, and said."""

    time: str = ""
    """Column of the time stamps; several that make one are joined by +: year+month+day+hour. Empty takes the
    index of a DataFrame if it holds time stamps, else the column that holds dates; without one, rows are
    steps where the table is a single column of numbers, or with --frequency rows."""

    time_format: str = ""
    """Form of the time stamps, as '%d-%m-%Y %H:%M' (strptime), or of their dates alone; s, ms, us or ns for
    unix time. Empty takes the form under which the stamps are ordered and even; two such forms are an
    error."""

    target: tuple[str, ...] = ()
    """Columns to forecast, each a series that shares the model; empty takes every column of numbers that is
    left."""

    series: str = ""
    """Column that names the series of a row, for several in one table (long form); several columns are joined
    by +. Empty takes the column that tells rows of one time stamp apart, if there is one."""

    known: tuple[str, ...] = ()
    """Covariates known ahead (prices, holidays): given for the steps that are forecast as well."""

    past: tuple[str, ...] = ()
    """Covariates known up to the present only; they need strategy=direct."""


@dataclass(frozen=True)
class TimeRulesConfig:
    """What happens to time stamps and values that are uneven or missing; all is counted and reported."""

    frequency: str = ""
    """Distance of steps, as pandas writes it (h, D, B, W, MS, ME, QS, YS), or M, Q, Y for months, quarters
    and years on the day of the first stamp; empty infers it from the stamps of all series; "rows" takes each
    row as one step, whatever the time between (trading days)."""

    timezone: str = ""
    """Time zone of the days and hours, as Europe/Berlin: stamps without a zone are local times of it, others
    are converted. Empty keeps the zone of the stamps, or takes the one in which they are even."""

    duplicates: Literal["auto", "error", "mean", "first", "last"] = "auto"
    """Of several rows with one time stamp: refuse, average, take the first or the last; auto averages them if
    they are at most one row in a hundred, or equal, else refuses."""

    missing: Literal["auto", "error", "interpolate", "forward"] = "auto"
    """A value that is empty or whose stamp is missing: refuse, draw a straight line between its neighbours,
    or take the value before it; auto draws lines if at most one step in twenty is missing and no gap is
    longer than a season or one step in a hundred, else refuses."""

    def __post_init__(self) -> None:
        require(self.frequency == self.frequency.strip(), f"frequency={self.frequency!r}: has spaces around")
