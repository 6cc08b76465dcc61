"""Trials as figures: mean and deviation of each variant, and paired differences."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.experiments.trial import Trial


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over trials."""

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Measure values; the deviation of one value is not a number."""
        deviation = statistics.stdev(values) if len(values) > 1 else math.nan
        return cls(statistics.fmean(values), deviation, len(values))


@dataclass(frozen=True)
class Line:
    """One variant beside the first."""

    variant: str
    score: Spread
    difference: Spread | None
    """This one minus the first, trial by trial; None for the first."""
    wins: int
    """Trials in which this one is above the first."""
    seconds: float
    """Mean time of a trial."""


def summarise_trials(trials: Sequence[Trial], metric: str) -> list[Line]:
    """Return a line for each variant, in the order in which they first appear."""
    by_variant: dict[str, dict[int, Trial]] = {}
    for trial in trials:
        by_variant.setdefault(trial.variant, {})[trial.number] = trial
    first = next(iter(by_variant.values()))
    lines = []
    for name, found in by_variant.items():
        pairs = [(t.scores[metric], first[n].scores[metric]) for n, t in found.items() if n in first]
        differences = [a - b for a, b in pairs]
        lines.append(
            Line(
                variant=name,
                score=Spread.of([t.scores[metric] for t in found.values()]),
                difference=Spread.of(differences) if found is not first and differences else None,
                wins=sum(d > 0 for d in differences),
                seconds=statistics.fmean(t.seconds for t in found.values()),
            )
        )
    return lines
