"""A series of numbers on an even grid of time, and what was done to its rows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.config import TimeRulesConfig
from unrolled.short_repr import short_repr
from unrolled.wording import counted

Numbers = NDArray[np.float64]


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
        notes = []
        if self.out_of_order:
            notes.append(f"{_with_verb(self.out_of_order, 'row')} out of order: sorted")
        if self.duplicates:
            mean = "averaged (--duplicates error refuses them)"
            did = {"auto": mean, "mean": "averaged", "first": "the first kept", "last": "the last kept"}
            repeat = "repeats" if self.duplicates == 1 else "repeat"
            notes.append(
                f"{counted(self.duplicates, 'row')} {repeat} a time stamp: {did.get(rules.duplicates, '')}"
            )
        if self.gaps:
            notes.append(f"{_with_verb(self.gaps, 'time stamp', now=True)} missing")
        if self.missing:
            notes.append(f"{_with_verb(self.missing, 'number', now=True)} empty")
        if self.filled:
            lines = "straight lines between neighbours"
            did = {"auto": f"{lines} (--missing error refuses them)", "interpolate": lines}
            notes.append(
                f"{counted(self.filled, 'number')} filled by {did.get(rules.missing, 'the value before')}"
            )
        if self.cut:
            notes.append(f"{counted(self.cut, 'row')} without a target at the ends: left out")
        return notes


@short_repr
@dataclass(frozen=True, eq=False)
class Series:
    """One series on an even grid of T observed steps, and known covariates that may reach beyond.

    ``index`` holds the time stamps of N ≥ T steps, or their whole numbers; the steps from T on are those
    whose known covariates are given and whose target is not.
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
    axis: TimeAxis = field(default_factory=TimeAxis)

    @property
    def steps(self) -> int:
        """T: the number of steps whose target was observed."""
        return len(self.target)

    def stamps(self, end: int) -> Any:
        """Return the time stamps of the first ``end`` steps; NaT beyond a table without a frequency."""
        return self.axis.stamps(self.index, end)

    def future(self, steps: int) -> Any:
        """Return the index of the ``steps`` after the last observed one, in the form of the table's own."""
        return self.axis.show(self.stamps(self.steps + steps)[self.steps :])

    def steps_up_to(self, stamp: Any) -> int:
        """Return how many observed steps are not later than a time stamp; see :meth:`steps_before`."""
        return int((self.index[: self.steps] <= self._moment(stamp)).sum())

    def steps_before(self, stamp: Any) -> int:
        """Return how many observed steps are earlier than a time stamp, local where it has no zone.

        Raises:
            ValueError: if it is no time stamp, or no whole number for a series of numbered steps.
        """
        return int((self.index[: self.steps] < self._moment(stamp)).sum())

    def _moment(self, stamp: Any) -> Any:
        import pandas as pd

        if self.axis.shown == "steps":
            return int(stamp)
        moment = pd.Timestamp(str(stamp) if isinstance(stamp, pd.Period) else stamp)
        zone = self.index.tz
        if zone is None:
            return moment.tz_localize(None)
        return moment.tz_convert(zone) if moment.tz is not None else moment.tz_localize(zone)


def _with_verb(count: int, noun: str, *, now: bool = False) -> str:
    verbs = ("is", "are") if now else ("was", "were")
    return f"{counted(count, noun)} {verbs[count != 1]}"
