"""Learning rate schedules against values computed by hand."""

import math

import pytest

from unrolled.training import OptimizerConfig
from unrolled.training.schedule import GRACE, Plateau, learning_rate


def lr_at(config, step=0, total=100, epoch=0, plateau=None, time=0.0):
    return learning_rate(config, step, total, epoch, plateau or Plateau(), time)


def test_constant():
    config = OptimizerConfig(lr=0.3, schedule="constant")
    assert [lr_at(config, step) for step in (0, 50, 99)] == [0.3, 0.3, 0.3]


def test_step_schedule_of_zaremba_et_al():
    config = OptimizerConfig("sgd", lr=1.0, schedule="step", decay=0.5, decay_after=4)
    rates = [lr_at(config, epoch=epoch - 1) for epoch in range(1, 14)]
    assert rates == [1, 1, 1, *(0.5**n for n in range(10))]


def test_step_schedule_with_decay_after_zero():
    config = OptimizerConfig(lr=1.0, schedule="step", decay=0.1, decay_after=0)
    assert [lr_at(config, epoch=e) for e in range(3)] == pytest.approx([0.1, 0.01, 0.001])


def test_cosine_falls_from_lr_to_its_floor():
    config = OptimizerConfig(lr=2.0, schedule="cosine")
    rates = [lr_at(config, step) for step in (0, 25, 50, 75, 100)]
    half_root = math.sqrt(0.5)
    assert rates == pytest.approx([2.0, 1 + half_root, 1.0, 1 - half_root, 0.0], abs=1e-12)
    floored = OptimizerConfig(lr=2.0, schedule="cosine", lr_floor=0.1)
    assert [lr_at(floored, step) for step in (0, 50, 100)] == pytest.approx([2.0, 1.1, 0.2])


def test_cosine_follows_the_nearer_limit():
    config = OptimizerConfig(lr=2.0, schedule="cosine", lr_floor=0.1)
    assert [lr_at(config, 0, None, time=t) for t in (0.0, 0.5, 1.0, 1.7)] == pytest.approx(
        [2.0, 1.1, 0.2, 0.2]
    )
    assert lr_at(config, 25, 100, time=GRACE + 0.5 * (1 - GRACE)) == pytest.approx(lr_at(config, 50))  # time
    assert lr_at(config, 100, 200, time=1.0) == lr_at(config, 100)
    assert lr_at(config, 50, 100, time=0.25) == lr_at(config, 50)  # the step limit is nearer
    assert lr_at(config, 2, 100, time=GRACE) == lr_at(config, 2)  # the grace period ignores a slow start
    for schedule in ("constant", "step", "plateau"):
        other = OptimizerConfig(lr=0.3, schedule=schedule)
        assert lr_at(other, 7, None, time=0.9) == lr_at(other, 7)


def test_with_a_time_limit_warmup_scales_the_cosine():
    config = OptimizerConfig(lr=1.0, schedule="cosine", warmup=4)
    falling = OptimizerConfig(lr=1.0, schedule="cosine")
    for step, time in ((0, 0.0), (1, 0.1), (3, 0.3), (4, 0.4), (9, 0.9), (10, 1.0)):
        warmup_factor = min((step + 1) / 4, 1.0)
        assert lr_at(config, step, None, time=time) == warmup_factor * lr_at(falling, 0, None, time=time)
    assert lr_at(config, 2, None, time=1.0) == pytest.approx(0.0, abs=1e-12)  # warmup is longer than training


def test_warmup_is_linear_and_then_the_schedule_starts():
    config = OptimizerConfig(lr=1.0, schedule="cosine", warmup=4)
    assert [lr_at(config, step, 104) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert lr_at(config, 4, 104) == 1.0
    assert lr_at(config, 54, 104) == pytest.approx(0.5)
    constant = OptimizerConfig(lr=1.0, schedule="constant", warmup=2)
    assert [lr_at(constant, step) for step in range(4)] == [0.5, 1, 1, 1]


def test_warmup_may_exceed_the_training():
    config = OptimizerConfig(lr=1.0, schedule="cosine", warmup=50)
    assert lr_at(config, 9, 10) == pytest.approx(0.2)


def plateau_factors(scores, patience, decay=0.5):
    plateau, factors = Plateau(), []
    for score in scores:
        plateau.record_validation(score, decay, patience)
        factors.append(plateau.factor)
    return factors


def test_plateau_decays_when_validation_stops_improving():
    assert plateau_factors([3.0, 2.0, 2.5, 1.9, 1.9, 1.8], 0) == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_plateau_waits_for_its_patience_each_time():
    scores = [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5, 2.0, 2.0]
    assert plateau_factors(scores, 2, 0.1) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01])


def test_plateau_factor_applies_only_to_its_schedule():
    config = OptimizerConfig(lr=0.8, schedule="plateau")
    assert lr_at(config, plateau=Plateau(factor=0.25)) == pytest.approx(0.2)
    constant = OptimizerConfig(lr=0.8, schedule="constant")
    assert lr_at(constant, plateau=Plateau(factor=0.25)) == 0.8
