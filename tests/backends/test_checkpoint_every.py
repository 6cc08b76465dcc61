"""Checkpoints: fewer states are kept, and results and gradients stay what they were."""

import math
import os
import subprocess
import sys

import pytest
import torch

import unrolled as ur
from numerics import (
    CASES,
    MORE_CASES,
    TORCH_BACKENDS,
    Case,
    all_masks,
    as_hidden,
    as_tuple,
    case_named,
    layer_state,
    make_layer,
    make_problem,
    needs_extension,
    uniform,
    weighted_sum,
    widened,
)
from parity import assert_near, outcome
from unrolled.backends import Requirements, choose
from unrolled.backends.compiled import get_checkpoint_interval
from unrolled.errors import BackendError, ConfigError

STEPS = 7
LENGTHS = [4, 7, 1, 6, 3]
EVERY = (1, 2, 3, STEPS, 50, "auto")


@needs_extension
@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", CASES + MORE_CASES, ids=str)
def test_results_and_gradients_are_those_without(case: Case, reverse: bool, every: int | str) -> None:
    problem = make_problem(widened(case, 17), steps=STEPS, batch=5, hidden_size=17)
    options: dict = {"reverse": reverse}
    if reverse:
        problem = all_masks(problem, 17)
        options["lengths"] = LENGTHS
    leaves = problem.leaves
    plain = outcome(problem.compiled(**options), leaves)
    kept = outcome(problem.compiled(checkpoint_every=every, **options), leaves)
    results = 1 + len(problem.state)
    assert all(torch.equal(a, b) for a, b in zip(kept[:results], plain[:results], strict=True))
    assert_near(kept[results:], plain[results:], within=1e-13)


@needs_extension
@pytest.mark.parametrize("every", [1, 5, "auto"])
@pytest.mark.parametrize("name", ["elman-tanh", "lstm-everything", "gru-after", "gru-before-layer-norm"])
def test_in_float32_too(name: str, every: int | str) -> None:
    case = widened(case_named(name), 33)
    problem = make_problem(case, steps=11, batch=14, hidden_size=33).to(torch.float32)
    leaves = problem.leaves
    plain = outcome(problem.compiled(), leaves)
    assert_near(outcome(problem.compiled(checkpoint_every=every), leaves), plain, within=1e-6)


@needs_extension
@pytest.mark.parametrize("every", [200, 520, 1000, "auto"])
def test_segments_longer_and_shorter_than_those_of_the_backward_pass(every: int | str) -> None:
    for name, batch in (("lstm", 1), ("gru-before", 3)):
        problem = make_problem(case_named(name), steps=1100, batch=batch)
        leaves = problem.leaves
        expected = outcome(problem.compiled(), leaves)
        assert_near(outcome(problem.compiled(checkpoint_every=every), leaves), expected, within=1e-12)


@needs_extension
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_stack_in_both_directions_with_checkpoints_is_the_stack_without(case: Case) -> None:
    results = []
    for every in (None, 3):
        layer = make_layer(case, num_layers=2, bidirectional=True, checkpoint_every=every)
        x = uniform(STEPS, 5, 2, seed=1).requires_grad_()
        states = [s.requires_grad_() for s in layer_state(layer, 5)]
        y, final = layer(x, as_hidden(tuple(states)), lengths=LENGTHS)
        assert layer.explain().paths == ["compiled"] * 2
        outputs = [y, *as_tuple(final)]
        leaves = [x, *states, *layer.parameters()]
        results.append([*outputs, *torch.autograd.grad(weighted_sum(outputs), leaves)])
    assert_near(*results, within=1e-12)


@needs_extension
def test_backward_may_run_twice() -> None:
    problem = make_problem(case_named("lstm"), steps=STEPS)
    y = problem.compiled(checkpoint_every=3).y
    first = torch.autograd.grad(y.sum(), problem.leaves, retain_graph=True)
    second = torch.autograd.grad(y.sum(), problem.leaves)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@needs_extension
def test_less_is_kept() -> None:
    """The operator's results beyond y and the states are what waits for the backward pass."""
    kept = {}
    for every in (None, 10, "auto"):
        problem = make_problem(case_named("lstm"), steps=400, batch=2, hidden_size=8).to(torch.float32)
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=sizes: s.append(t.numel()) or t, lambda t: t
        ):
            problem.compiled(checkpoint_every=every)
        kept[every] = sum(sizes)
    assert kept[10] < kept[None] / 3
    assert kept["auto"] < kept[10]


def test_auto_is_about_the_root_of_the_steps() -> None:
    for steps in (1, 2, 3, 4, 9, 10, 99, 100, 101, 100_000):
        chosen = get_checkpoint_interval("auto", steps)
        assert chosen == math.ceil(math.sqrt(steps))
    assert get_checkpoint_interval(None, 100) == 0
    assert get_checkpoint_interval(7, 100) == 7
    assert get_checkpoint_interval(700, 100) == 100


@pytest.mark.parametrize("every", [0, -1, True, False, 2.0, "always", "", math.nan])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_number_of_steps_that_cannot_be_is_an_error_that_names_it(kind: str, every: object) -> None:
    with pytest.raises(ConfigError, match=f"checkpoint_every={every!r}: give a positive number of steps"):
        getattr(ur, kind)(2, 3, checkpoint_every=every)


@pytest.mark.parametrize("backend", TORCH_BACKENDS)
def test_a_path_that_keeps_everything_refuses_in_training_and_runs_in_inference(backend: str) -> None:
    layer = ur.LSTM(2, 3, backend=backend, checkpoint_every=5)
    x = torch.zeros(4, 1, 2)
    with pytest.raises(BackendError, match=rf"run on {backend} \(requested\); use checkpoint_every=None"):
        layer(x)
    with torch.no_grad():
        layer(x)
    assert layer.explain().paths == [backend]


def test_auto_refuses_where_there_is_no_compiled_loop(no_extension: None) -> None:
    message = (
        r"checkpoint_every needs the compiled loop, but the layer would run on aten \(the compiled extension"
    )
    with pytest.raises(BackendError, match=message):
        ur.LSTM(2, 3, checkpoint_every="auto")(torch.zeros(4, 1, 2))
    with pytest.raises(BackendError, match="would run on reference"):
        ur.LSTM(2, 3, checkpoint_every="auto", skip=2)(torch.zeros(4, 1, 2))
    with pytest.raises(BackendError, match="would run on aten"):
        choose("auto", case_named("lstm").cell, Requirements(checkpoint=True, device="cuda"))


@needs_extension
def test_a_single_step_with_checkpoints_runs_too() -> None:
    layer = ur.GRU(2, 3, checkpoint_every=4)
    layer(torch.zeros(1, 1, 2))[0].sum().backward()
    assert layer.explain().paths == ["compiled"]


LONG_STEP = """
import sys
import torch, unrolled

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024

torch.manual_seed(0)
steps = int(sys.argv[1])
layer = unrolled.LSTM(64, 128, checkpoint_every="auto" if sys.argv[2] == "auto" else None)
warm = torch.zeros(8, 1, 64, requires_grad=True)
layer(warm)[0].sum().backward()
layer.zero_grad()
in_advance = [torch.ones(steps, 1, 64), torch.ones(steps, 1, 128)]  # the gradient of x, and y
x = torch.randn(steps, 1, 64, requires_grad=True)
dy = torch.randn(steps, 1, 128)
before = peak()
del in_advance
y, _ = layer(x)
y.backward(dy)
assert layer.explain().paths == ["compiled"]
assert x.grad.isfinite().all() and layer.weight_hh_l0.grad.isfinite().all()
print(peak() - before)
"""


def added_megabytes(steps: int, checkpoints: str) -> float:
    """Return what one step of training adds to the peak beyond x, y and their gradients."""
    done = subprocess.run(
        [sys.executable, "-c", LONG_STEP, str(steps), checkpoints],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.slow
@needs_extension
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of memory is read from /proc")
def test_a_hundred_thousand_steps_add_little_memory() -> None:
    """Without checkpoints there are 5 · 128 numbers a step: 244 MiB, or 49 for a fifth of the steps."""
    assert added_megabytes(20_000, "none") > 40
    assert added_megabytes(100_000, "auto") < 100
