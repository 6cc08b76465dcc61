"""The variants of a repetition: mean and deviation of each, and paired differences from the first."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.experiments.figures import Spread
from unrolled.tasks.base.outcome import Outcome


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


def summarise(outcomes: Sequence[Outcome], metric: str) -> list[Line]:
    """Return a line for each variant, in the order in which they first appear."""
    by_variant: dict[str, dict[int, Outcome]] = {}
    for outcome in outcomes:
        by_variant.setdefault(outcome.model, {})[outcome.seed] = outcome
    first = next(iter(by_variant.values()))
    lines = []
    for name, found in by_variant.items():
        pairs = [(o.scores[metric], first[n].scores[metric]) for n, o in found.items() if n in first]
        differences = [a - b for a, b in pairs]
        lines.append(
            Line(
                variant=name,
                score=Spread.of([o.scores[metric] for o in found.values()]),
                difference=Spread.of(differences) if found is not first and differences else None,
                wins=sum(d > 0 for d in differences),
                seconds=statistics.fmean(o.seconds for o in found.values()),
            )
        )
    return lines
