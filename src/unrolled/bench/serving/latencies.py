"""Percentiles of many times in little memory."""

import math

SHORTEST = 1e-6
"""Seconds of the first bin; shorter times count as this."""
WIDTH = math.log(1.01)
"""Each bin is 1% wider than the one before it."""
BINS = round(math.log(1e9) / WIDTH)


class Latencies:
    """Times in bins of 1%, from 1 µs to 1000 s: the memory does not grow with their number."""

    def __init__(self) -> None:
        self._bins = [0] * (BINS + 1)
        self.count = 0
        """Number of times."""

    def add(self, seconds: float, weight: int = 1) -> None:
        """Add a time, which counts ``weight`` times."""
        place = int(math.log(seconds / SHORTEST) / WIDTH) if seconds > SHORTEST else 0
        self._bins[min(place, BINS)] += weight
        self.count += weight

    def percentile(self, which: float) -> float:
        """Return a percentile in seconds, to 1%; NaN if there are no times."""
        left = self.count * which / 100
        for place, number in enumerate(self._bins):
            left -= number
            if number and left <= 0:
                return SHORTEST * math.exp((place + 0.5) * WIDTH)
        return math.nan
