"""How the steps of a series are told apart in time, and how those to come are named."""

from dataclasses import dataclass
from typing import Any, Literal

from unrolled.extras import extra

ROWS = "rows"


@dataclass(frozen=True)
class TimeAxis:
    """The steps of a series in time; with the stamps of the past it says those to come."""

    frequency: str = ROWS
    """As ``--frequency`` takes it; rows: the steps to come have no time stamps."""
    season: int = 1
    """Steps of the usual season."""
    shown: Literal["stamps", "periods", "steps"] = "stamps"
    """As the time of the table was given: time stamps, periods of pandas, or whole numbers."""
    period: str = ""
    """Frequency of periods, as pandas writes it."""
    step: int = 1
    """Distance of whole numbers."""

    def stamps(self, index: Any, end: int) -> Any:
        """Return the stamps of the first ``end`` steps; NaT where one is unknown.

        Args:
            index: the stamps that are there, DatetimeIndex or Index of whole numbers.
            end: may lie beyond them.
        """
        with extra("forecast", "a forecaster"):
            import numpy as np
            import pandas as pd

            from unrolled.data.series.frequency import parse_frequency

        if end <= len(index):
            return index[:end]
        more = np.arange(1, end - len(index) + 1)
        if self.shown == "steps":
            return index.append(pd.Index(index[-1] + self.step * more))
        if self.frequency == ROWS:
            return index.append(pd.DatetimeIndex([pd.NaT] * len(more), tz=index.tz))
        return parse_frequency(self.frequency).stamps(index[0], end)

    def show(self, stamps: Any) -> Any:
        """Return stamps of steps to come in the form in which the table gave its own.

        They are named "time"; where no stamp is known, numbers from 1 are named "step".
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
