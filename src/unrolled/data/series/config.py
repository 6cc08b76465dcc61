"""Options for tables of series: roles of the columns, and handling of uneven or missing data."""

from dataclasses import dataclass
from typing import Literal

from unrolled.config import require


@dataclass(frozen=True)
class ColumnsConfig:
    """Roles of the columns. Empty options are detected in the table and noted."""

    time: str = ""
    """Column of the time stamps. Join several columns by +, such as year+month+day+hour. Empty: the index of
    a DataFrame if it has time stamps, else the column with dates. Without one, each row is a step if the
    table is a single column of numbers, or with --frequency rows."""

    time_format: str = ""
    """Format of the time stamps or of their dates, such as '%d-%m-%Y %H:%M' (strptime); s, ms, us or ns for
    unix time. Empty: the format in which the time stamps are ordered and evenly spaced; two such formats are
    an error."""

    target: tuple[str, ...] = ()
    """Columns to forecast; each is a series, and all share the model. Empty: all columns of numbers without
    another role."""

    series: str = ""
    """Column that names the series of each row, in tables with several series (long format). Join several
    columns by +. Empty: the column that distinguishes rows with the same time stamp, if any."""

    known: tuple[str, ...] = ()
    """Covariates known in advance (prices, holidays): also needed in the data for the steps to forecast."""

    past: tuple[str, ...] = ()
    """Covariates known only up to the present; they require strategy=direct."""


@dataclass(frozen=True)
class TimeRulesConfig:
    """Handling of uneven or missing time stamps and values; all changes are counted and reported."""

    frequency: str = ""
    """Distance between steps, in the notation of pandas (h, D, B, W, MS, ME, QS, YS), or M, Q, Y for months,
    quarters and years on the day of the first time stamp. Empty: inferred from the time stamps of all
    series. "rows": each row is one step, whatever the time between them (trading days)."""

    timezone: str = ""
    """Time zone of the days and hours, such as Europe/Berlin: time stamps without a zone are local times in
    it, others are converted. Empty: the zone of the time stamps, or the one in which they are evenly
    spaced."""

    duplicates: Literal["auto", "error", "mean", "first", "last"] = "auto"
    """Several rows with the same time stamp: raise an error, average them, or keep the first or the last.
    auto: average them if they are at most one row in a hundred, or equal; otherwise raise an error."""

    missing: Literal["auto", "error", "interpolate", "forward"] = "auto"
    """Missing values and time stamps: raise an error, interpolate linearly, or repeat the value before
    (forward). auto: interpolate if at most one step in twenty is missing and no gap is longer than a season,
    three steps or one step in a hundred, whichever is longest; otherwise raise an error."""

    def __post_init__(self) -> None:
        require(
            self.frequency == self.frequency.strip(),
            f"frequency={self.frequency!r}: must not begin or end with spaces",
        )
