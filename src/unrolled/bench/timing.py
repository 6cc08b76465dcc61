"""Two calls timed in turn, so that whatever else the machine does meets both alike."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

Call = Callable[[], object]
Rate = Callable[[], float]
"""Does some work of its own and returns the GFLOP/s."""
Clock = Callable[[], float]

AT_LEAST = 0.05
"""Seconds that one measurement lasts; shorter calls are repeated inside it."""
PAIRS = 9
"""Fewest pairs from which a median is taken as a figure."""


@dataclass(frozen=True)
class Pairs:
    """Seconds a call of each side, one value a pair."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    repeats: tuple[int, int]
    """Calls inside one measurement of each side."""
    ceiling: tuple[float, ...] = ()
    """GFLOP/s of the machine's fastest matrix product, measured in the middle of each pair."""


def alternate(
    ours: Call,
    theirs: Call,
    pairs: int = PAIRS,
    *,
    at_least: float = AT_LEAST,
    equal_calls: bool = False,
    ceiling: Rate | None = None,
    clock: Clock = time.perf_counter,
) -> Pairs:
    """Warm both up, then time them in turn; the order within a pair is swapped every time.

    Args:
        ours: one call of this package.
        theirs: the same work by the peer.
        pairs: number of measurements of each.
        at_least: seconds that one measurement lasts.
        equal_calls: make as many calls of one as of the other, for sides that change as they are called.
        ceiling: measured between the two sides of each pair; None leaves it out.
        clock: seconds, always rising.
    """
    repeats = _warm_up((ours, theirs), at_least, clock)
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


def _warm_up(sides: tuple[Call, Call], at_least: float, clock: Clock) -> tuple[int, int]:
    """Call both equally often until the slower one has lasted long enough; return the repeats of each."""
    for call in sides:
        call()  # the first one compiles, allocates and starts threads
    count = 1
    while True:
        seconds = [_time(call, count, clock) for call in sides]
        if count * max(seconds) >= at_least:
            break
        count *= 2
    ours, theirs = (max(1, math.ceil(at_least / max(s, 1e-9))) for s in seconds)
    return ours, theirs


def _time(call: Call, repeats: int, clock: Clock) -> float:
    """Return the seconds of one call, from so many in a row."""
    began = clock()
    for _ in range(repeats):
        call()
    return (clock() - began) / repeats


def ratio_of_pairs(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """Return how many times faster ours is: above 1 it takes less time than the peer.

    The median of the pairs' own ratios: the two sides of a pair met the same minute of the machine.
    """
    return median(b / a for a, b in zip(ours, theirs, strict=True))


def geometric_mean(values: Iterable[float]) -> float:
    """Return the mean of ratios: 2 and ½ make 1."""
    logs = [math.log(v) for v in values]
    return math.exp(math.fsum(logs) / len(logs))
