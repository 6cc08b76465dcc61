"""Presets: each is a configuration at every distance, and goes by it."""

import math

import pytest

from unrolled.errors import ConfigError
from unrolled.synthetic.presets import PRESETS, preset
from unrolled.synthetic.problems import PROBLEMS

ALL = [(problem, name) for problem in PRESETS for name in PRESETS[problem]]


@pytest.mark.parametrize(("problem", "name"), ALL)
def test_every_preset_at_every_distance(problem, name) -> None:
    usual = preset(problem, name)
    assert usual.problem == problem
    assert usual.make_problem().distance == PROBLEMS[problem].distance
    for distance in (1, 2, 10, 11, 5000):
        if (problem, distance) != ("adding", 1):
            assert preset(problem, name, distance).make_problem().distance == distance
    with pytest.raises(ConfigError, match=r"distance=0: must be at least"):
        preset(problem, name, 0)


def test_what_bridges_the_distance_goes_by_it() -> None:
    assert preset("recall", "lstm", 321).cell.chrono == 321
    assert preset("recall", "lstm-forget-bias").cell.forget_bias == pytest.approx(math.log(200), abs=0.01)
    assert preset("copy", "lstm", 10).practice.grow_from == 0
    assert preset("copy", "lstm", 11).practice.grow_from == 10


def test_the_default_is_the_first() -> None:
    assert preset("adding") == preset("adding", "gru")
    assert preset("adding").cell.cell == "gru"


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"preset 'irn': recall has lstm, .*\(did you mean 'irnn'\?\)"):
        preset("recall", "irn")
