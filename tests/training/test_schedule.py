"""Learning rates by hand."""

import math

import pytest

from unrolled.training import OptimizerConfig
from unrolled.training.schedule import GRACE, Plateau, learning_rate


def rate(config, step=0, total=100, epoch=0, plateau=None, time=0.0):
    return learning_rate(config, step, total, epoch, plateau or Plateau(), time)


def test_constant():
    config = OptimizerConfig(lr=0.3, schedule="constant")
    assert [rate(config, step) for step in (0, 50, 99)] == [0.3, 0.3, 0.3]


def test_zaremba_holds_four_epochs_then_halves_each():
    config = OptimizerConfig("sgd", lr=1.0, schedule="step", decay=0.5, decay_after=4)
    found = [rate(config, epoch=epoch - 1) for epoch in range(1, 14)]
    assert found == [1, 1, 1, *(0.5**n for n in range(10))]


def test_step_without_a_full_epoch_decays_from_the_first():
    config = OptimizerConfig(lr=1.0, schedule="step", decay=0.1, decay_after=0)
    assert [rate(config, epoch=e) for e in range(3)] == pytest.approx([0.1, 0.01, 0.001])


def test_cosine_falls_from_lr_to_its_floor():
    config = OptimizerConfig(lr=2.0, schedule="cosine")
    found = [rate(config, step) for step in (0, 25, 50, 75, 100)]
    root = math.sqrt(0.5)
    assert found == pytest.approx([2.0, 1 + root, 1.0, 1 - root, 0.0], abs=1e-12)
    floored = OptimizerConfig(lr=2.0, schedule="cosine", lr_floor=0.1)
    assert [rate(floored, step) for step in (0, 50, 100)] == pytest.approx([2.0, 1.1, 0.2])


def test_cosine_goes_by_whichever_end_is_nearer():
    config = OptimizerConfig(lr=2.0, schedule="cosine", lr_floor=0.1)
    assert [rate(config, 0, None, time=t) for t in (0.0, 0.5, 1.0, 1.7)] == pytest.approx(
        [2.0, 1.1, 0.2, 0.2]
    )
    assert rate(config, 25, 100, time=GRACE + 0.5 * (1 - GRACE)) == pytest.approx(rate(config, 50))  # time
    assert rate(config, 100, 200, time=1.0) == rate(config, 100)
    assert rate(config, 50, 100, time=0.25) == rate(config, 50)  # the updates are ahead
    assert rate(config, 2, 100, time=GRACE) == rate(config, 2)  # a slow start does not count
    for kind in ("constant", "step", "plateau"):
        other = OptimizerConfig(lr=0.3, schedule=kind)
        assert rate(other, 7, None, time=0.9) == rate(other, 7)


def test_with_a_limit_of_time_warmup_is_a_factor_on_the_way_down():
    config = OptimizerConfig(lr=1.0, schedule="cosine", warmup=4)
    falling = OptimizerConfig(lr=1.0, schedule="cosine")
    for step, time in ((0, 0.0), (1, 0.1), (3, 0.3), (4, 0.4), (9, 0.9), (10, 1.0)):
        rise = min((step + 1) / 4, 1.0)
        assert rate(config, step, None, time=time) == rise * rate(falling, 0, None, time=time)
    assert rate(config, 2, None, time=1.0) == pytest.approx(0.0, abs=1e-12)  # longer than the training


def test_warmup_rises_evenly_to_lr_and_then_hands_over():
    config = OptimizerConfig(lr=1.0, schedule="cosine", warmup=4)
    assert [rate(config, step, 104) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert rate(config, 4, 104) == 1.0
    assert rate(config, 54, 104) == pytest.approx(0.5)
    flat = OptimizerConfig(lr=1.0, schedule="constant", warmup=2)
    assert [rate(flat, step) for step in range(4)] == [0.5, 1, 1, 1]


def test_a_warmup_longer_than_the_training_is_survived():
    config = OptimizerConfig(lr=1.0, schedule="cosine", warmup=50)
    assert rate(config, 9, 10) == pytest.approx(0.2)


def decays(scores, patience, decay=0.5):
    plateau, factors = Plateau(), []
    for score in scores:
        plateau.record_validation(score, decay, patience)
        factors.append(plateau.factor)
    return factors


def test_plateau_decays_when_validation_stops_improving():
    assert decays([3.0, 2.0, 2.5, 1.9, 1.9, 1.8], 0) == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_plateau_waits_for_its_patience_and_then_anew():
    scores = [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5, 2.0, 2.0]
    assert decays(scores, 2, 0.1) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01])


def test_plateau_is_the_factor_of_the_rate():
    config = OptimizerConfig(lr=0.8, schedule="plateau")
    assert rate(config, plateau=Plateau(factor=0.25)) == pytest.approx(0.2)
    constant = OptimizerConfig(lr=0.8, schedule="constant")
    assert rate(constant, plateau=Plateau(factor=0.25)) == 0.8
