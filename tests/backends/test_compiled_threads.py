"""Threads: several callers at once, several threads a pass, and teams that share the units of a row."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

import unrolled as ur
from numerics import (
    CASES,
    MORE_CASES,
    Case,
    Problem,
    all_masks,
    case_named,
    make_problem,
    needs_extension,
    uniform,
    widened,
)
from parity import assert_near, assert_parity, outcome
from unrolled.extension import core

pytestmark = needs_extension

SetThreads = Callable[[int], None]
SPLIT = (  # cells whose units a team of threads can share, and an H that is_table_cheaper it
    Case("elman", case_named("elman-relu").cell),
    case_named("lstm"),
    case_named("lstm-peepholes"),
    case_named("lstm-no-bias"),
    case_named("gru-after"),
)
BITS = pytest.mark.parametrize("bfloat16", [False, True], ids=["full", "bfloat16"])


def problem_of(case: Case, hidden: int, batch: int, inputs: int, steps: int) -> Problem:
    sizes = {"hidden_size": hidden, "batch": batch, "input_size": inputs, "steps": steps}
    return all_masks(make_problem(widened(case, hidden), **sizes), hidden)


def lengths_of(batch: int, steps: int) -> list[int]:
    return [1 + (5 * b + 2) % steps for b in range(batch)]


# Teams of one thread: rows are dealt out.


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("case", CASES + MORE_CASES, ids=str)
def test_rows_are_dealt_to_the_threads(case: Case, threads: int, set_threads: SetThreads) -> None:
    problem = problem_of(case, 17, 7, 3, 6)
    set_threads(threads)
    assert_parity(problem, within=1e-11)
    assert_parity(problem, within=1e-11, lengths=lengths_of(7, 6), reverse=True, checkpoint_every=4)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 49, 97])
@pytest.mark.parametrize("name", ["elman-tanh", "lstm-everything", "gru-before"])
def test_any_number_of_rows_for_four_threads(name: str, batch: int, set_threads: SetThreads) -> None:
    problem = problem_of(case_named(name), 17, batch, 3, 5)
    set_threads(4)
    assert_parity(problem, within=1e-11, lengths=lengths_of(batch, 5))
    assert_parity(problem.to(torch.float32), within=2e-5)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("name", ["lstm", "gru-before", "jordan"])
def test_the_same_number_of_threads_gives_the_same_bits(
    name: str, threads: int, set_threads: SetThreads
) -> None:
    problem = problem_of(case_named(name), 130, 6, 33, 5).to(torch.float32)
    set_threads(threads)
    leaves, lengths = problem.leaves, lengths_of(6, 5)
    first, *others = (outcome(problem.compiled(lengths), leaves) for _ in range(3))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ["lstm", "gru-after", "gru-before", "elman-layer-norm"])
def test_one_thread_and_two_agree(name: str, set_threads: SetThreads) -> None:
    problem = problem_of(case_named(name), 130, 6, 33, 5)
    results = []
    for threads in (1, 2):
        set_threads(threads)
        results.append(outcome(problem.compiled(), problem.leaves))
    assert torch.equal(results[0][0], results[1][0])  # a row is computed alike on whichever thread
    assert_near(*results, within=1e-12)


# Teams that share the units of few rows.


@pytest.mark.parametrize(("batch", "threads"), [(1, 2), (1, 3), (1, 4), (2, 4), (3, 4), (1, 8)])
@pytest.mark.parametrize("case", SPLIT, ids=str)
def test_few_rows_are_shared_by_threads(
    case: Case, batch: int, threads: int, set_threads: SetThreads
) -> None:
    hidden = 190 if case.name == "elman" else 130
    problem = problem_of(case, hidden, batch, 17, 4)
    set_threads(threads)
    assert_parity(problem, within=1e-10)
    options = {"lengths": lengths_of(batch, 4), "reverse": True, "checkpoint_every": 2}
    assert_parity(problem.to(torch.float32), within=5e-5, **options)


@pytest.mark.parametrize("case", SPLIT, ids=str)
def test_shared_rows_give_the_same_bits_each_time(case: Case, set_threads: SetThreads) -> None:
    problem = problem_of(case, 190, 1, 17, 20).to(torch.float32)
    set_threads(2)
    first, *others = (outcome(problem.compiled(), problem.leaves) for _ in range(5))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.skipif(core is None or not core.has_bfloat16(), reason="this processor has no AVX512_BF16")
@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("case", SPLIT, ids=str)
def test_shared_rows_in_bfloat16_are_those_of_one_thread(
    case: Case, threads: int, set_threads: SetThreads
) -> None:
    problem = problem_of(case, 190, 1, 17, 4).to(torch.float32)
    alone = outcome(problem.compiled(bfloat16=True), problem.leaves)
    set_threads(threads)
    shared = outcome(problem.compiled(bfloat16=True), problem.leaves)
    assert_near(shared, alone, within=1e-5)


@pytest.mark.parametrize("name", ["lstm-projection", "lstm-layer-norm", "gru-before", "jordan"])
def test_cells_that_mix_their_units_in_a_step_are_not_shared(name: str, set_threads: SetThreads) -> None:
    set_threads(4)
    assert_parity(problem_of(case_named(name), 130, 1, 17, 4), within=1e-10)


# Callers at the same time.


def passes(problem: Problem, times: int) -> list[list[Tensor]]:
    return [outcome(problem.compiled(), problem.leaves) for _ in range(times)]


@pytest.mark.parametrize("threads", [1, 2])
def test_callers_at_the_same_time_get_the_bits_they_get_alone(threads: int, set_threads: SetThreads) -> None:
    set_threads(threads)
    names = ["elman-tanh", "jordan-narrow", "lstm", "lstm-everything", "gru-after", "gru-before"]
    problems = [
        problem_of(case_named(name), 33 + i, 5 + i, 9, 6).to(torch.float32) for i, name in enumerate(names)
    ]
    expected = [passes(problem, 1)[0] for problem in problems]
    with ThreadPoolExecutor(len(problems)) as pool:
        jobs = [pool.submit(passes, problem, 15) for problem in problems]
        for job, alone in zip(jobs, expected, strict=True):
            for result in job.result(timeout=120):
                assert all(torch.equal(a, b) for a, b in zip(result, alone, strict=True))


def test_one_layer_may_be_called_by_several_threads() -> None:
    layer = ur.LSTM(9, 33, 2, bidirectional=True)
    inputs = [uniform(6, 1 + i, 9, seed=i, dtype=torch.float32) for i in range(6)]
    expected = [layer(x)[0] for x in inputs]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(5):
            ours = list(pool.map(lambda x: layer(x)[0], inputs))
            assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_other_threads_run_during_a_pass() -> None:
    layer = ur.LSTM(64, 256)
    x = torch.zeros(400, 16, 64)
    counted, stop = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1

    with torch.no_grad():
        layer(x[:2])
        counter = threading.Thread(target=count)
        counter.start()
        before = counted
        layer(x)
        during = counted - before
        stop.set()
        counter.join()
    assert during > 1000


def _run_in_child(results: "multiprocessing.Queue[list[float]]", layer: torch.nn.Module, x: Tensor) -> None:
    y, _ = layer(x)
    results.put(y[0, 0].tolist())


def test_a_child_forked_after_threads_were_used_does_not_wait_for_them(set_threads: SetThreads) -> None:
    """A forked child has none of its parent's threads; torch's own layers wait for them without end."""
    set_threads(2)
    layer = ur.LSTM(8, 16)
    x = uniform(6, 4, 8, seed=1, dtype=torch.float32)
    with torch.no_grad():
        y, _ = layer(x)
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        child = context.Process(target=_run_in_child, args=(results, layer, x), daemon=True)
        child.start()
        found = results.get(timeout=60)
        child.join(60)
    assert child.exitcode == 0
    torch.testing.assert_close(torch.tensor(found), y[0, 0])
