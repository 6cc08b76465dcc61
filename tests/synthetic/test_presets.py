"""Presets: each is a valid configuration at every distance and adapts to it."""

import math

import pytest

from unrolled.errors import ConfigError
from unrolled.synthetic.presets import PRESETS, load_preset
from unrolled.synthetic.problems import PROBLEMS

ALL = [(problem, name) for problem in PRESETS for name in PRESETS[problem]]


@pytest.mark.parametrize(("problem", "name"), ALL)
def test_every_preset_is_valid_at_every_distance(problem, name) -> None:
    default = load_preset(problem, name)
    assert default.problem == problem
    assert default.make_problem().distance == PROBLEMS[problem].distance
    for distance in (1, 2, 10, 11, 5000):
        if (problem, distance) != ("adding", 1):
            assert load_preset(problem, name, distance).make_problem().distance == distance
    with pytest.raises(ConfigError, match=r"distance=0: must be at least"):
        load_preset(problem, name, 0)


def test_initialisation_and_growth_follow_the_distance() -> None:
    assert load_preset("recall", "lstm", 321).cell.chrono == 321
    assert load_preset("recall", "lstm-forget-bias").cell.forget_bias == pytest.approx(
        math.log(200), abs=0.01
    )
    assert load_preset("copy", "lstm", 10).practice.grow_from == 0
    assert load_preset("copy", "lstm", 11).practice.grow_from == 10


def test_the_first_preset_is_the_default() -> None:
    assert load_preset("adding") == load_preset("adding", "gru")
    assert load_preset("adding").cell.cell == "gru"


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"preset 'irn': recall has lstm, .*\(did you mean 'irnn'\?\)"):
        load_preset("recall", "irn")
