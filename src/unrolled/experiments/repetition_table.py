"""Summary of a repetition: mean and deviation of each variant, and paired differences from the first."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.experiments.metrics import Spread
from unrolled.tasks.base.outcome import Outcome


@dataclass(frozen=True)
class Line:
    """Summary of one variant, compared with the first."""

    variant: str
    score: Spread
    """The metric over all trials."""
    difference: Spread | None
    """This variant minus the first, trial by trial; None for the first."""
    wins: int
    """Number of trials in which this variant is above the first."""
    seconds: float
    """Mean duration of a trial."""


def summarise(outcomes: Sequence[Outcome], metric: str) -> list[Line]:
    """Return one line per variant, in order of first appearance."""
    by_variant: dict[str, dict[int, Outcome]] = {}
    for outcome in outcomes:
        by_variant.setdefault(outcome.model, {})[outcome.seed] = outcome
    first = next(iter(by_variant.values()))
    lines = []
    for name, trials in by_variant.items():
        pairs = [(o.scores[metric], first[n].scores[metric]) for n, o in trials.items() if n in first]
        differences = [a - b for a, b in pairs]
        lines.append(
            Line(
                variant=name,
                score=Spread.of([o.scores[metric] for o in trials.values()]),
                difference=Spread.of(differences) if trials is not first and differences else None,
                wins=sum(d > 0 for d in differences),
                seconds=statistics.fmean(o.seconds for o in trials.values()),
            )
        )
    return lines
