"""The compiled loop equals the reference: outputs, final states and every gradient."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics import (
    CASES,
    MORE_CASES,
    Case,
    Problem,
    all_masks,
    case_named,
    make_problem,
    needs_extension,
    widened,
)
from parity import assert_near, assert_parity, outcome
from property_settings import examples

pytestmark = needs_extension

ALL_CASES = CASES + MORE_CASES
LENGTHS = [4, 7, 1, 7, 3]
RATES = {"zoneout_h": 0.3, "zoneout_c": 0.15}
OPTIONS = {
    "plain": {},
    "backward": {"reverse": True},
    "ragged": {"lengths": LENGTHS},
    "ragged backward": {"lengths": LENGTHS, "reverse": True},
}
FLOAT32_TOLERANCE = 2e-5
"""Tolerance of float32 against float64, for numbers of magnitude 1 after some steps."""


def make_sized_problem(
    case: Case, hidden: int, batch: int, inputs: int, steps: int, *, masked: bool = True
) -> Problem:
    case = widened(case, hidden)
    sizes = {"hidden_size": hidden, "batch": batch, "input_size": inputs, "steps": steps}
    problem = make_problem(case, seed=hidden + 10 * batch, **sizes)
    return all_masks(problem, hidden) if masked else problem


@pytest.mark.thin(13)
@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masks"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_every_cell(case: Case, options: dict, masked: bool) -> None:
    assert_parity(make_sized_problem(case, 17, 5, 3, 7, masked=masked), within=1e-11, **options)


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_zoneout_rates_instead_of_masks(case: Case) -> None:
    problem = make_sized_problem(case, 17, 5, 3, 7, masked=False)
    assert_parity(problem, within=1e-11, masks=RATES, lengths=LENGTHS, reverse=True)


@pytest.mark.parametrize("options", [OPTIONS["plain"], OPTIONS["ragged backward"]], ids=["plain", "ragged"])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_every_cell_in_float32(case: Case, options: dict) -> None:
    assert_parity(
        make_sized_problem(case, 33, 5, 18, 7).to(torch.float32), within=FLOAT32_TOLERANCE, **options
    )


@pytest.mark.parametrize(
    "masks", [("zoneout_h",), ("zoneout_c",), ("candidate",), ("zoneout_h", "zoneout_c")]
)
@pytest.mark.parametrize(
    "name", ["elman-tanh", "jordan", "lstm", "lstm-everything", "gru-after", "gru-before-layer-norm"]
)
def test_each_mask_alone(name: str, masks: tuple[str, ...]) -> None:
    problem = make_sized_problem(case_named(name), 9, 4, 3, 5)
    assert problem.masks is not None
    chosen_masks = {name: problem.masks[name] for name in masks if name in problem.masks}
    if chosen_masks:
        assert_parity(problem, within=1e-11, masks=chosen_masks)


def test_a_mask_together_with_a_rate() -> None:
    problem = make_sized_problem(case_named("lstm-projection"), 9, 4, 3, 5)
    assert problem.masks is not None
    for name, rate in RATES.items():
        assert_parity(problem, within=1e-11, masks=problem.masks | {name: rate})


# Sizes around those of vectors, tiles, panels, chunks and segments.

SIZES = (  # H, B, I, T
    (1, 1, 1, 1),
    (1, 97, 3, 3),
    (2, 13, 1, 2),
    (3, 50, 15, 1),
    (15, 2, 16, 5),
    (16, 48, 16, 4),
    (16, 1, 33, 1),
    (17, 14, 17, 3),
    (31, 12, 31, 2),
    (32, 49, 2, 2),
    (33, 97, 1, 2),
    (33, 3, 47, 5),
    (47, 13, 49, 1),
    (48, 96, 48, 2),
    (49, 1, 64, 3),
    (64, 48, 3, 2),
    (65, 50, 130, 2),
    (130, 1, 130, 5),
    (130, 2, 17, 3),
    (130, 97, 33, 2),
)
SIZE_CASES = (
    "elman-tanh",
    "jordan-narrow",
    "lstm",
    "lstm-everything",
    "gru-after",
    "gru-before",
    "gru-before-layer-norm",
)


@pytest.mark.thin(3)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", SIZE_CASES)
def test_odd_sizes(name: str, size: tuple[int, int, int, int]) -> None:
    assert_parity(make_sized_problem(case_named(name), *size), within=1e-10)


@pytest.mark.parametrize("size", [(47, 13, 17, 3), (130, 50, 33, 2), (33, 97, 1, 2), (15, 1, 31, 4)], ids=str)
@pytest.mark.parametrize("name", SIZE_CASES)
def test_odd_sizes_in_float32(name: str, size: tuple[int, int, int, int]) -> None:
    assert_parity(make_sized_problem(case_named(name), *size).to(torch.float32), within=FLOAT32_TOLERANCE)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", ["elman-tanh", "jordan", "lstm", "gru-before"])
def test_more_steps_than_a_segment_holds(name: str, batch: int) -> None:
    problem = make_sized_problem(case_named(name), 5, batch, 2, 530)
    assert_parity(problem, lengths=[530, 513, 512][:batch], checkpoint_every=None if batch == 1 else 520)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Problem, dict]:
    case = draw(st.sampled_from(ALL_CASES))
    hidden, batch = draw(st.integers(1, 40)), draw(st.integers(1, 30))
    steps = draw(st.integers(1, 9))
    problem = make_sized_problem(case, hidden, batch, draw(st.integers(1, 40)), steps)
    assert problem.masks is not None
    masks = {name: m for name, m in problem.masks.items() if draw(st.booleans())}
    options: dict = {"masks": masks, "reverse": draw(st.booleans())}
    if draw(st.booleans()):
        options["lengths"] = draw(st.lists(st.integers(1, steps), min_size=batch, max_size=batch))
    options["checkpoint_every"] = draw(st.sampled_from((None, None, 1, 2, 4, 100, "auto")))
    options["upstream"] = draw(st.sampled_from((("y",), ("h",), ("y", "h", "c"))))
    return problem, options


@examples(150)
@given(drawn_case=problems())
def test_any_size_with_any_options(drawn_case: tuple[Problem, dict]) -> None:
    problem, options = drawn_case
    assert_parity(problem, within=1e-10, **options)


# Gradients of only some results, and with respect to only some inputs.


@pytest.mark.parametrize("upstream", ["y", "h", "c", "yh", "yc", "hc"])
@pytest.mark.parametrize("name", ["lstm", "lstm-everything"])
def test_output_gradients_for_only_some_results(name: str, upstream: str) -> None:
    problem = make_sized_problem(case_named(name), 17, 5, 3, 7)
    assert_parity(problem, within=1e-11, upstream=tuple(upstream), lengths=LENGTHS)


@pytest.mark.parametrize("upstream", ["y", "h"])
@pytest.mark.parametrize("name", ["elman-relu", "jordan-wide", "gru-after", "gru-before"])
def test_output_gradients_for_only_the_output_or_the_state(name: str, upstream: str) -> None:
    problem = make_sized_problem(case_named(name), 17, 5, 3, 7)
    assert_parity(problem, within=1e-11, upstream=(upstream,), lengths=LENGTHS, reverse=True)


@pytest.mark.parametrize("checkpoint", [None, 3])
@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_a_gradient_for_a_single_input(case: Case, checkpoint: int | None) -> None:
    """Each gradient has the same bits, whether or not the other inputs are frozen."""
    problem = make_sized_problem(case, 17, 5, 3, 7)
    options = {"lengths": LENGTHS, "checkpoint_every": checkpoint}
    leaves = problem.leaves
    all_gradients = outcome(problem.compiled(**options), leaves)
    for i in range(len(leaves)):
        frozen = problem.of([leaf.detach().requires_grad_(k == i) for k, leaf in enumerate(leaves)])
        single_gradient = outcome(frozen.compiled(**options), [frozen.leaves[i]])
        assert torch.equal(single_gradient[-1], all_gradients[len(all_gradients) - len(leaves) + i]), i
        assert all(torch.equal(a, b) for a, b in zip(single_gradient[:-1], all_gradients, strict=False))


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_inference_gives_the_bits_of_training(case: Case) -> None:
    problem = make_sized_problem(case, 17, 5, 3, 7)
    with_gradients = problem.compiled(LENGTHS)
    with torch.no_grad():
        without_gradients = problem.compiled(LENGTHS)
    assert torch.equal(without_gradients.y, with_gradients.y)
    assert not without_gradients.y.requires_grad
    assert all(torch.equal(a, b) for a, b in zip(without_gradients.state, with_gradients.state, strict=True))


def test_backward_may_run_twice() -> None:
    problem = make_sized_problem(case_named("lstm-everything"), 17, 5, 3, 7)
    result = problem.compiled(LENGTHS)
    leaves = problem.leaves
    first = torch.autograd.grad(result.y.sum(), leaves, retain_graph=True)
    second = torch.autograd.grad(result.y.sum(), leaves)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_an_output_overwritten_under_no_grad_keeps_its_gradient() -> None:
    """Backward reads y; if y was changed, the pass is recomputed."""
    problem = make_sized_problem(case_named("gru-after"), 3, 2, 2, 3)
    expected = torch.autograd.grad(problem.compiled().y.sum(), problem.leaves)
    y = problem.compiled().y
    with torch.no_grad():
        y.zero_()
    assert_near(torch.autograd.grad(y.sum(), problem.leaves), expected, within=1e-12)
