"""Checkpointing reduces the saved states without changing results and gradients."""

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
INTERVALS = (1, 2, 3, STEPS, 50, "auto")


@pytest.mark.thin(13)
@needs_extension
@pytest.mark.parametrize("checkpoint_every", INTERVALS)
@pytest.mark.parametrize("reverse", [False, True], ids=["left-to-right", "right-to-left"])
@pytest.mark.parametrize("case", CASES + MORE_CASES, ids=str)
def test_results_and_gradients_equal_those_without_checkpoints(
    case: Case, reverse: bool, checkpoint_every: int | str
) -> None:
    problem = make_problem(widened(case, 17), steps=STEPS, batch=5, hidden_size=17)
    options: dict = {"reverse": reverse}
    if reverse:
        problem = all_masks(problem, 17)
        options["lengths"] = LENGTHS
    leaves = problem.leaves
    without_checkpoints = outcome(problem.compiled(**options), leaves)
    with_checkpoints = outcome(problem.compiled(checkpoint_every=checkpoint_every, **options), leaves)
    num_outputs = 1 + len(problem.state)
    assert all(
        torch.equal(a, b)
        for a, b in zip(with_checkpoints[:num_outputs], without_checkpoints[:num_outputs], strict=True)
    )
    assert_near(with_checkpoints[num_outputs:], without_checkpoints[num_outputs:], within=1e-13)


@needs_extension
@pytest.mark.parametrize("checkpoint_every", [1, 5, "auto"])
@pytest.mark.parametrize("name", ["elman-tanh", "lstm-everything", "gru-after", "gru-before-layer-norm"])
def test_checkpoints_in_float32(name: str, checkpoint_every: int | str) -> None:
    case = widened(case_named(name), 33)
    problem = make_problem(case, steps=11, batch=14, hidden_size=33).to(torch.float32)
    leaves = problem.leaves
    without_checkpoints = outcome(problem.compiled(), leaves)
    assert_near(
        outcome(problem.compiled(checkpoint_every=checkpoint_every), leaves), without_checkpoints, within=1e-6
    )


@needs_extension
@pytest.mark.parametrize("checkpoint_every", [200, 520, 1000, "auto"])
def test_intervals_longer_and_shorter_than_backward_segments(checkpoint_every: int | str) -> None:
    for name, batch in (("lstm", 1), ("gru-before", 3)):
        problem = make_problem(case_named(name), steps=1100, batch=batch)
        leaves = problem.leaves
        expected = outcome(problem.compiled(), leaves)
        assert_near(
            outcome(problem.compiled(checkpoint_every=checkpoint_every), leaves), expected, within=1e-12
        )


@needs_extension
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bidirectional_stack_with_checkpoints(case: Case) -> None:
    results = []
    for checkpoint_every in (None, 3):
        layer = make_layer(case, num_layers=2, bidirectional=True, checkpoint_every=checkpoint_every)
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
def test_checkpoints_reduce_the_saved_tensors() -> None:
    """Count the numbers saved for the backward pass."""
    saved_numbers = {}
    for checkpoint_every in (None, 10, "auto"):
        problem = make_problem(case_named("lstm"), steps=400, batch=2, hidden_size=8).to(torch.float32)
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=sizes: s.append(t.numel()) or t, lambda t: t
        ):
            problem.compiled(checkpoint_every=checkpoint_every)
        saved_numbers[checkpoint_every] = sum(sizes)
    assert saved_numbers[10] < saved_numbers[None] / 3
    assert saved_numbers["auto"] < saved_numbers[10]


def test_auto_is_the_square_root_of_the_steps() -> None:
    for steps in (1, 2, 3, 4, 9, 10, 99, 100, 101, 100_000):
        interval = get_checkpoint_interval("auto", steps)
        assert interval == math.ceil(math.sqrt(steps))
    assert get_checkpoint_interval(None, 100) == 0
    assert get_checkpoint_interval(7, 100) == 7
    assert get_checkpoint_interval(700, 100) == 100


@pytest.mark.parametrize("checkpoint_every", [0, -1, True, False, 2.0, "always", "", math.nan])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_an_invalid_checkpoint_every_is_refused(kind: str, checkpoint_every: object) -> None:
    with pytest.raises(
        ConfigError, match=f"checkpoint_every={checkpoint_every!r}: give a positive number of steps"
    ):
        getattr(ur, kind)(2, 3, checkpoint_every=checkpoint_every)


@pytest.mark.parametrize("backend", TORCH_BACKENDS)
def test_other_backends_refuse_checkpoints_only_in_training(backend: str) -> None:
    layer = ur.LSTM(2, 3, backend=backend, checkpoint_every=5)
    x = torch.zeros(4, 1, 2)
    with pytest.raises(BackendError, match=rf"run on {backend} \(requested\); use checkpoint_every=None"):
        layer(x)
    with torch.no_grad():
        layer(x)
    assert layer.explain().paths == [backend]


def test_checkpoints_without_the_extension_are_refused(no_extension: None) -> None:
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
def test_a_single_step_with_checkpoints() -> None:
    layer = ur.GRU(2, 3, checkpoint_every=4)
    layer(torch.zeros(1, 1, 2))[0].sum().backward()
    assert layer.explain().paths == ["compiled"]


TRAINING_STEP_SCRIPT = """
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
# Raise the peak by the sizes of x.grad and y beforehand, so that they are not counted.
in_advance = [torch.ones(steps, 1, 64), torch.ones(steps, 1, 128)]
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


def measure_added_megabytes(steps: int, checkpoint_every: str) -> float:
    """Return by how many MiB a training step raises the peak memory.

    x, y and their gradients are not counted.
    """
    process = subprocess.run(
        [sys.executable, "-c", TRAINING_STEP_SCRIPT, str(steps), checkpoint_every],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.returncode == 0, process.stderr
    return float(process.stdout)


@pytest.mark.slow
@needs_extension
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of memory is read from /proc")
def test_a_hundred_thousand_steps_add_little_memory() -> None:
    """Without checkpoints, an LSTM saves 5 vectors of 128 floats per step.

    That is 49 MiB for 20,000 steps, and 244 MiB for 100,000.
    """
    assert measure_added_megabytes(20_000, "none") > 40
    assert measure_added_megabytes(100_000, "auto") < 100
