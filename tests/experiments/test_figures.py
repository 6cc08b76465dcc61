"""Means, deviations, and the format of metrics."""

import math

import pytest

from unrolled.experiments.metrics import Spread, get_metric_name, get_metric_scale


def test_mean_deviation_and_count():
    assert Spread.of([1.0, 2.0, 3.0]) == Spread(2.0, 1.0, 3)


@pytest.mark.parametrize("values", [[0.5], [math.inf, 1.0], [math.inf, math.inf]])
def test_without_two_finite_values_there_is_no_deviation(values):
    spread = Spread.of(values)
    assert math.isnan(spread.deviation)
    assert (spread.mean, spread.count) == (values[0], len(values))


def test_fractions_are_shown_as_percentages():
    assert [get_metric_scale(m) for m in ("accuracy", "span_f1", "mase", "bleu")] == [100, 100, 1, 1]
    assert get_metric_name("macro_f1") == "macro f1"
