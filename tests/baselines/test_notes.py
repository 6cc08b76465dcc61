"""Counting baselines of piano rolls, compared with hand-computed results."""

import math

import numpy as np
import pytest

from unrolled.baselines import note_baselines


def test_hand_computed_losses():
    train = [np.array([[1], [1], [0], [1]], np.float32)]
    held_out = [np.array([[1], [0]], np.float32)]
    baselines = note_baselines(train, held_out)
    # second to fourth step: 1, 0, 1, so p = (2 + 1) / (3 + 2)
    assert baselines.frequency == pytest.approx(-math.log(1 - 3 / 5))
    # after a sounding step: 1, 0, so p = (1 + 1) / (2 + 2)
    assert baselines.previous == pytest.approx(-math.log(1 / 2))


def test_keys_add_up_and_steps_are_averaged():
    rng = np.random.default_rng(0)
    rolls = [(rng.random((n, 5)) < 0.3).astype(np.float32) for n in (9, 4, 7)]
    baselines = note_baselines(rolls[:2], rolls[2:])
    by_key = [note_baselines([r[:, [k]] for r in rolls[:2]], [rolls[2][:, [k]]]) for k in range(5)]
    assert baselines.frequency == pytest.approx(sum(e.frequency for e in by_key), rel=1e-5)
    assert baselines.previous == pytest.approx(sum(e.previous for e in by_key), rel=1e-5)
