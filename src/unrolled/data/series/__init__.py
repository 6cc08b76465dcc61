"""Time series: reading from tables, time stamps, frequencies and gaps."""

from unrolled.arrays import Numbers
from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.config import ColumnsConfig, TimeRulesConfig
from unrolled.data.series.series import Series, SeriesNotes

__all__ = ["ColumnsConfig", "Numbers", "Series", "SeriesNotes", "TimeAxis", "TimeRulesConfig"]
