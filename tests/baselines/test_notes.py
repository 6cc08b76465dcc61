"""Counting baselines of piano rolls, beside counting in words."""

import math

import numpy as np
import pytest

from unrolled.baselines import note_baselines


def test_by_hand():
    train = [np.array([[1], [1], [0], [1]], np.float32)]
    held_out = [np.array([[1], [0]], np.float32)]
    found = note_baselines(train, held_out)
    # second to fourth step: 1, 0, 1, so p = (2 + 1) / (3 + 2)
    assert found.frequency == pytest.approx(-math.log(1 - 3 / 5))
    # after a sounding step: 1, 0, so p = (1 + 1) / (2 + 2)
    assert found.previous == pytest.approx(-math.log(1 / 2))


def test_keys_add_up_and_steps_are_averaged():
    rng = np.random.default_rng(0)
    rolls = [(rng.random((n, 5)) < 0.3).astype(np.float32) for n in (9, 4, 7)]
    found = note_baselines(rolls[:2], rolls[2:])
    each = [note_baselines([r[:, [k]] for r in rolls[:2]], [rolls[2][:, [k]]]) for k in range(5)]
    assert found.frequency == pytest.approx(sum(e.frequency for e in each), rel=1e-5)
    assert found.previous == pytest.approx(sum(e.previous for e in each), rel=1e-5)
