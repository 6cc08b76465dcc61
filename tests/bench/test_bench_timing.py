"""The two sides are timed alternately after equal warm-up, long enough, and summarised by medians."""

import pytest

from unrolled.bench.timing import alternate, geometric_mean, ratio_of_pairs


class Machine:
    """Two sides with given durations on a simulated clock, and a log of the calls."""

    def __init__(self, ours: list[float], theirs: list[float]) -> None:
        self.now, self.log = 0.0, []
        self._seconds = {"o": list(ours), "t": list(theirs)}

    def clock(self) -> float:
        return self.now

    def side(self, name: str):
        def call() -> None:
            self.log.append(name)
            remaining = self._seconds[name]
            self.now += remaining.pop(0) if len(remaining) > 1 else remaining[0]

        return call

    def alternate(self, pairs: int, **options: object):
        return alternate(self.side("o"), self.side("t"), pairs, clock=self.clock, **options)


def test_the_order_is_swapped_every_pair():
    machine = Machine([1.0], [1.0])
    measured = machine.alternate(4)
    assert "".join(machine.log) == "ot" + "ot" + "ot" + "to" + "ot" + "to"  # first calls, warm-up, pairs
    assert measured.repeats == (1, 1)
    assert measured.ours == measured.theirs == (1.0,) * 4


def test_the_ceiling_is_measured_between_the_sides_of_each_pair():
    machine = Machine([1.0], [1.0])
    rates = iter([10.0, 20.0, 30.0])

    def ceiling() -> float:
        machine.log.append("c")
        return next(rates)

    measured = machine.alternate(3, ceiling=ceiling)
    assert measured.ceiling == (10.0, 20.0, 30.0)
    assert "".join(machine.log).endswith("oct" + "tco" + "oct")
    assert measured.ours == (1.0,) * 3


def test_short_calls_are_repeated_until_a_measurement_is_long_enough():
    machine = Machine([0.001], [0.004])
    measured = machine.alternate(3, min_seconds=0.05)
    assert measured.repeats == (50, 13)
    assert measured.ours == pytest.approx((0.001,) * 3)
    assert measured.theirs == pytest.approx((0.004,) * 3)


def test_both_sides_are_warmed_up_equally_often():
    machine = Machine([0.001], [0.02])
    measured = machine.alternate(0, min_seconds=0.05)
    assert measured.ours == ()
    assert machine.log.count("o") == machine.log.count("t") == 1 + 1 + 2 + 4


def test_equal_calls_calls_both_sides_equally_often():
    machine = Machine([0.001], [0.004])
    measured = machine.alternate(3, min_seconds=0.05, equal_calls=True)
    assert measured.repeats == (50, 50)
    assert machine.log.count("o") == machine.log.count("t")


def test_the_slow_first_call_is_not_measured():
    machine = Machine([100.0, 1.0], [100.0, 2.0])
    measured = machine.alternate(2, min_seconds=0.5)
    assert measured.ours == (1.0, 1.0)
    assert measured.theirs == (2.0, 2.0)


def test_the_ratio_is_the_median_over_pairs():
    assert ratio_of_pairs([1.0, 1.0, 50.0], [2.0, 3.0, 90.0]) == 2.0
    assert ratio_of_pairs([2.0, 4.0], [3.0, 3.0]) == 1.125


def test_geometric_mean():
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1.0)
    assert geometric_mean([1.0, 10.0, 100.0]) == pytest.approx(10.0)
