"""Time series on an even grid, and counts of the changes made to its rows."""

from dataclasses import dataclass, field
from typing import Any

from unrolled.arrays import Numbers
from unrolled.data.series.axis import TimeAxis
from unrolled.data.series.config import TimeRulesConfig
from unrolled.short_repr import short_repr
from unrolled.wording import counted


@dataclass(frozen=True)
class SeriesNotes:
    """Counts of problems in the rows of a series and of the changes made."""

    rows: int = 0
    out_of_order: int = 0
    """Rows that are earlier than the row before them."""
    duplicates: int = 0
    """Rows that repeat a time stamp."""
    gaps: int = 0
    """Time stamps of the grid without a row."""
    missing: int = 0
    """Empty numbers in existing rows."""
    filled: int = 0
    """Numbers filled by the rule for missing values."""
    cut: int = 0
    """Rows without a target left out at both ends."""

    def describe(self, rules: TimeRulesConfig) -> list[str]:
        """Return one line for each kind of problem; [] for a clean series."""
        notes = []
        if self.out_of_order:
            notes.append(f"{with_verb(self.out_of_order, 'row', past=True)} out of order: sorted")
        if self.duplicates:
            mean = "averaged (--duplicates error refuses them)"
            actions = {"auto": mean, "mean": "averaged", "first": "the first kept", "last": "the last kept"}
            repeat = "repeats" if self.duplicates == 1 else "repeat"
            action = actions.get(rules.duplicates, "")
            notes.append(f"{counted(self.duplicates, 'row')} {repeat} a time stamp: {action}")
        if self.gaps:
            notes.append(f"{with_verb(self.gaps, 'time stamp')} missing")
        if self.missing:
            notes.append(f"{with_verb(self.missing, 'number')} empty")
        if self.filled:
            lines = "straight lines between neighbours"
            methods = {"auto": f"{lines} (--missing error refuses them)", "interpolate": lines}
            notes.append(
                f"{counted(self.filled, 'number')} filled by {methods.get(rules.missing, 'the value before')}"
            )
        if self.cut:
            notes.append(f"{counted(self.cut, 'row')} without a target at the ends: left out")
        return notes


@short_repr
@dataclass(frozen=True, eq=False)
class Series:
    """Time series of T observed steps on an even grid, with covariates.

    ``index`` has the time stamps or whole numbers of N ≥ T steps. For the steps from T on, the known
    covariates are given, but not the target.
    """

    name: str
    index: Any
    target: Numbers
    """Observed values, (T,)."""
    known: Numbers
    """Known covariates, (N, number of known covariates)."""
    past: Numbers
    """Past covariates, (T, number of past covariates)."""
    notes: SeriesNotes = field(default_factory=SeriesNotes)
    axis: TimeAxis = field(default_factory=TimeAxis)

    @property
    def steps(self) -> int:
        """T: number of steps with an observed target."""
        return len(self.target)

    def stamps(self, end: int) -> Any:
        """Return the time stamps of the first ``end`` steps; NaT for future steps without a frequency."""
        return self.axis.stamps(self.index, end)

    def future(self, steps: int) -> Any:
        """Return the index of the next ``steps`` steps, in the form of the time in the table."""
        return self.axis.show(self.stamps(self.steps + steps)[self.steps :])

    def steps_up_to(self, stamp: Any) -> int:
        """Return the number of observed steps at or before a time stamp; see :meth:`steps_before`."""
        return int((self.index[: self.steps] <= self._to_timestamp(stamp)).sum())

    def steps_before(self, stamp: Any) -> int:
        """Return the number of observed steps before a time stamp; without a zone it is local time.

        Raises:
            ValueError: if ``stamp`` is not a time stamp, or not a whole number for a series of numbered
            steps.
        """
        return int((self.index[: self.steps] < self._to_timestamp(stamp)).sum())

    def _to_timestamp(self, stamp: Any) -> Any:
        import pandas as pd

        if self.axis.shown == "steps":
            return int(stamp)
        timestamp = pd.Timestamp(str(stamp) if isinstance(stamp, pd.Period) else stamp)
        zone = self.index.tz
        if zone is None:
            return timestamp.tz_localize(None)
        return timestamp.tz_convert(zone) if timestamp.tz is not None else timestamp.tz_localize(zone)


def with_verb(count: int, noun: str, *, past: bool = False) -> str:
    """Return a count, its noun and the verb: "1 row is", "2 rows were"."""
    verbs = ("was", "were") if past else ("is", "are")
    return f"{counted(count, noun)} {verbs[count != 1]}"
