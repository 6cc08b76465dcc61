"""Time series: reading from tables, time stamps, frequencies and gaps."""

from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.config import ColumnsConfig, TimeRulesConfig
from unrolled.data.series.series import Numbers, Series, SeriesNotes

__all__ = ["ColumnsConfig", "Numbers", "Series", "SeriesNotes", "TimeAxis", "TimeRulesConfig"]
