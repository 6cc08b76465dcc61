"""A few random cases of ``make cases``, and a check that they detect wrong numbers."""

import math
import sys
from collections.abc import Callable

import pytest

import random_cases
from numerics import KERNEL_SETS, needs_extension
from random_cases import difference, draw

pytestmark = needs_extension
CASES_PER_TEST = 8


@pytest.fixture(autouse=True)
def _restore_settings(use_kernels: Callable[[str], None], set_threads: Callable[[int], None]) -> None:
    """Restore kernel set and threads, which cases change."""


@pytest.mark.parametrize("first", range(0, 4 * CASES_PER_TEST, CASES_PER_TEST))
def test_cases_agree_with_the_reference(first: int) -> None:
    for case in map(draw, range(first, first + CASES_PER_TEST)):
        assert difference(case) <= 1, case


def test_every_option_is_drawn() -> None:
    cases = [draw(seed) for seed in range(400)]
    assert {case.kernels for case in cases} == set(KERNEL_SETS)
    assert {"float64", "float32"} <= {case.arithmetic for case in cases}
    assert {0, 1} <= {case.sizes[1] for case in cases}
    assert all(1 in {case.sizes[axis] for case in cases} for axis in range(4))
    assert {True, False} == {case.lengths is None for case in cases}
    assert {True, False} == {case.training for case in cases}
    assert {1, 2, 3, 4} == {case.threads for case in cases}
    assert {None, 1, "auto"} <= {case.checkpoint_every for case in cases}
    assert draw(3) == draw(3)


@pytest.mark.parametrize("error", [1e-6, math.nan])
def test_a_wrong_number_is_detected(error: float, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    run = random_cases._run

    def run_with_error(case, **options):
        results = run(case, **options)
        if options["backend"] == "compiled":
            results[-1].view(-1)[0] += error
        return results

    monkeypatch.setattr(random_cases, "_run", run_with_error)
    seed = next(s for s in range(99) if draw(s).arithmetic == "float64" and not draw(s).options["skip"])
    assert difference(draw(seed)) > 1
    monkeypatch.setattr(sys, "argv", ["random_cases.py", "--cases", "1", "--seed", str(seed)])
    assert random_cases.main() == 1
    captured = capsys.readouterr()
    assert f"seed={seed}" in captured.err
    assert f"1 cases from seed {seed}, 1 differ" in captured.out
