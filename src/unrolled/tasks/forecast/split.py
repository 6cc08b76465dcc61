"""A series with the ends of its training and held-out parts."""

from dataclasses import dataclass

from unrolled.tasks.forecast.data import PreparedSeries


@dataclass(frozen=True, eq=False)
class Split:
    """A series and the ends of its parts.

    Training: [0, train_end). Held out: [train_end, valid_end). Test: the rest.
    """

    series: PreparedSeries
    train_end: int
    valid_end: int

    def origins(self, start: int, stop: int, horizon: int, stride: int) -> range:
        """Return the origins (first steps) of the forecasts that lie within [start, stop)."""
        return range(max(start, self.earliest), stop - horizon + 1, stride)

    @property
    def earliest(self) -> int:
        """The first origin for which the network has an input row.

        A recursive network reads the row of the origin itself, a direct one only the rows before it.
        """
        return self.series.first + (0 if self.series.recursive else 1)
