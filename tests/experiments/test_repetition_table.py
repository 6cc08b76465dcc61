"""Means, deviations and paired differences of variants."""

import math
import statistics

import pytest

from unrolled.experiments.repetition_plot import plot_repetition
from unrolled.experiments.repetition_table import summarise
from unrolled.tasks.base.outcome import Outcome


def make_trial(variant, number, accuracy):
    return Outcome(variant, number, {"accuracy": accuracy}, 2.0 * number)


def test_differences_are_paired_by_number():
    first, second = [0.5, 0.7, 0.6], [0.6, 0.65, 0.9]
    trials = [make_trial("a", n, v) for n, v in enumerate(first)]
    trials += [make_trial("b", n, v) for n, v in reversed(list(enumerate(second)))]
    a, b = summarise(trials, "accuracy")
    assert (a.variant, a.score.mean, a.score.deviation) == ("a", 0.6, pytest.approx(statistics.stdev(first)))
    assert a.difference is None
    differences = [y - x for x, y in zip(first, second, strict=True)]
    assert b.difference.mean == pytest.approx(statistics.fmean(differences))
    assert b.difference.deviation == pytest.approx(statistics.stdev(differences))
    assert (b.wins, b.difference.count, b.seconds) == (2, 3, 2.0)


@pytest.mark.draws
def test_one_trial_has_no_deviation(tmp_path):
    (line,) = summarise([make_trial("a", 1, 0.5)], "accuracy")
    assert math.isnan(line.score.deviation)
    assert plot_repetition([make_trial("a", 1, 0.5)], "accuracy", tmp_path / "a.png").stat().st_size > 3000
