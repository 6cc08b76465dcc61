"""Timing of two calls alternately, so that other load on the machine affects both equally."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

Call = Callable[[], object]
Rate = Callable[[], float]
"""Measures some work and returns its GFLOP/s."""
Clock = Callable[[], float]

MIN_SECONDS = 0.05
"""Shortest measurement, in seconds. Shorter calls are repeated within one measurement."""
PAIRS = 9
"""Fewest pairs for a median that may be published."""


@dataclass(frozen=True)
class Pairs:
    """Seconds per call of each side, one value per pair of measurements."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    repeats: tuple[int, int]
    """Calls per measurement of each side."""
    ceiling: tuple[float, ...] = ()
    """GFLOP/s of the machine's fastest matrix product, measured between the two sides of each pair."""


def alternate(
    ours: Call,
    theirs: Call,
    pairs: int = PAIRS,
    *,
    min_seconds: float = MIN_SECONDS,
    equal_calls: bool = False,
    ceiling: Rate | None = None,
    clock: Clock = time.perf_counter,
) -> Pairs:
    """Warm both sides up, then time them alternately. The order is swapped from pair to pair.

    Args:
        ours: one call of this package.
        theirs: the same work by the peer.
        pairs: number of measurements of each side.
        min_seconds: shortest measurement.
        equal_calls: call both sides equally often, for sides whose work changes from call to call.
        ceiling: function to call between the two sides of each pair; None: no call.
        clock: returns seconds and never decreases.
    """
    repeats = _warm_up((ours, theirs), min_seconds, clock)
    if equal_calls:
        repeats = (max(repeats), max(repeats))
    sides = [(ours, repeats[0]), (theirs, repeats[1])]
    seconds: list[list[float]] = [[], []]
    rates: list[float] = []
    for pair in range(pairs):
        for side in (0, 1) if pair % 2 == 0 else (1, 0):
            seconds[side].append(_time(*sides[side], clock))
            if ceiling and len(rates) == pair:
                rates.append(ceiling())
    return Pairs(tuple(seconds[0]), tuple(seconds[1]), repeats, tuple(rates))


def _warm_up(sides: tuple[Call, Call], min_seconds: float, clock: Clock) -> tuple[int, int]:
    """Double the calls until the slower side takes long enough. Returns the repeats for each side."""
    for call in sides:
        call()  # the first call compiles, allocates and starts threads
    count = 1
    while True:
        seconds = [_time(call, count, clock) for call in sides]
        if count * max(seconds) >= min_seconds:
            break
        count *= 2
    ours, theirs = (max(1, math.ceil(min_seconds / max(s, 1e-9))) for s in seconds)
    return ours, theirs


def _time(call: Call, repeats: int, clock: Clock) -> float:
    """Return the seconds per call, measured over ``repeats`` calls."""
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def ratio_of_pairs(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """Return how many times faster our side is. Above 1, it takes less time than the peer.

    This is the median of the ratios of the pairs: the two sides of a pair run at almost the same time.
    """
    return median(b / a for a, b in zip(ours, theirs, strict=True))


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean. For example, that of 2 and ½ is 1."""
    logs = [math.log(v) for v in values]
    return math.exp(math.fsum(logs) / len(logs))
