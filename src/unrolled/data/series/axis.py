"""Time axis of a series, and the index of its future steps."""

from dataclasses import dataclass
from typing import Any, Literal

from unrolled.extras import extra

ROWS = "rows"


@dataclass(frozen=True)
class TimeAxis:
    """Time axis of a series; extends its time stamps to future steps."""

    frequency: str = ROWS
    """Value of ``--frequency``; "rows": future steps have no time stamps."""
    season: int = 1
    """Steps per season."""
    shown: Literal["stamps", "periods", "steps"] = "stamps"
    """Form of the time in the table: time stamps, pandas periods or whole numbers."""
    period: str = ""
    """Frequency of the periods, in the notation of pandas."""
    step: int = 1
    """Distance between whole numbers."""

    def stamps(self, index: Any, end: int) -> Any:
        """Return the time stamps of the first ``end`` steps; NaT for unknown ones.

        Args:
            index: known time stamps, DatetimeIndex or Index of whole numbers.
            end: number of steps; may be larger than ``len(index)``.
        """
        with extra("forecast", "a forecaster"):
            import numpy as np
            import pandas as pd

            from unrolled.data.series.frequency import parse_frequency

        if end <= len(index):
            return index[:end]
        offsets = np.arange(1, end - len(index) + 1)
        if self.shown == "steps":
            return index.append(pd.Index(index[-1] + self.step * offsets))
        if self.frequency == ROWS:
            return index.append(pd.DatetimeIndex([pd.NaT] * len(offsets), tz=index.tz))
        return parse_frequency(self.frequency).stamps(index[0], end)

    def at(self, index: Any, positions: Any) -> Any:
        """Return the time stamps at positions of the grid that begins with ``index``; NaT for unknown ones.

        Args:
            index: known time stamps, from the first on.
            positions: whole numbers, increasing.
        """
        with extra("forecast", "a forecaster"):
            import pandas as pd

            from unrolled.data.series.frequency import parse_frequency

        if self.shown == "steps":
            return pd.Index(index[0] + self.step * positions)
        if self.frequency == ROWS:
            return pd.DatetimeIndex([pd.NaT] * len(positions), tz=index.tz)
        return parse_frequency(self.frequency).at(index[0], positions)

    def show(self, stamps: Any) -> Any:
        """Return the index of future steps in the form of the table's time.

        It is named "time", or "step" if it consists of numbers: those that continue the numbers of the table,
        or numbers from 1 if the time stamps are unknown.
        """
        with extra("forecast", "a forecaster"):
            import pandas as pd

        if self.shown == "steps":
            first = int(stamps[0])
            return pd.RangeIndex(first, first + self.step * len(stamps), self.step, name="step")
        if stamps.hasnans:
            return pd.RangeIndex(1, len(stamps) + 1, name="step")
        if self.shown == "periods":
            return stamps.to_period(self.period).rename("time")
        return stamps.rename("time")
