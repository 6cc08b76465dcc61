"""Threads: concurrent callers, several threads per pass, and teams that split the units of a row."""

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
SPLITTABLE = (  # cells whose units a team of threads can split
    Case("elman", case_named("elman-relu").cell),
    case_named("lstm"),
    case_named("lstm-peepholes"),
    case_named("lstm-no-bias"),
    case_named("gru-after"),
)
PRECISIONS = pytest.mark.parametrize("bfloat16", [False, True], ids=["full", "bfloat16"])


def make_sized_problem(case: Case, hidden: int, batch: int, inputs: int, steps: int) -> Problem:
    sizes = {"hidden_size": hidden, "batch": batch, "input_size": inputs, "steps": steps}
    return all_masks(make_problem(widened(case, hidden), **sizes), hidden)


def make_lengths(batch: int, steps: int) -> list[int]:
    return [1 + (5 * b + 2) % steps for b in range(batch)]


# Teams of one thread: each thread gets some rows.


@pytest.mark.thin(3)
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("case", CASES + MORE_CASES, ids=str)
def test_rows_are_distributed_to_threads(case: Case, threads: int, set_threads: SetThreads) -> None:
    problem = make_sized_problem(case, 17, 7, 3, 6)
    set_threads(threads)
    assert_parity(problem, within=1e-11)
    assert_parity(problem, within=1e-11, lengths=make_lengths(7, 6), reverse=True, checkpoint_every=4)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 49, 97])
@pytest.mark.parametrize("name", ["elman-tanh", "lstm-everything", "gru-before"])
def test_any_number_of_rows_for_four_threads(name: str, batch: int, set_threads: SetThreads) -> None:
    problem = make_sized_problem(case_named(name), 17, batch, 3, 5)
    set_threads(4)
    assert_parity(problem, within=1e-11, lengths=make_lengths(batch, 5))
    assert_parity(problem.to(torch.float32), within=2e-5)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("name", ["lstm", "gru-before", "jordan"])
def test_the_same_number_of_threads_gives_the_same_bits(
    name: str, threads: int, set_threads: SetThreads
) -> None:
    problem = make_sized_problem(case_named(name), 130, 6, 33, 5).to(torch.float32)
    set_threads(threads)
    leaves, lengths = problem.leaves, make_lengths(6, 5)
    first, *others = (outcome(problem.compiled(lengths), leaves) for _ in range(3))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ["lstm", "gru-after", "gru-before", "elman-layer-norm"])
def test_one_thread_and_two_agree(name: str, set_threads: SetThreads) -> None:
    problem = make_sized_problem(case_named(name), 130, 6, 33, 5)
    results = []
    for threads in (1, 2):
        set_threads(threads)
        results.append(outcome(problem.compiled(), problem.leaves))
    assert torch.equal(results[0][0], results[1][0])  # a row gives the same bits on every thread
    assert_near(*results, within=1e-12)


# Teams that split the units of few rows.


@pytest.mark.thin(13)
@pytest.mark.parametrize(("batch", "threads"), [(1, 2), (1, 3), (1, 4), (2, 4), (3, 4), (1, 8)])
@pytest.mark.parametrize("case", SPLITTABLE, ids=str)
def test_threads_split_the_units_of_few_rows(
    case: Case, batch: int, threads: int, set_threads: SetThreads
) -> None:
    hidden = 190 if case.name == "elman" else 130
    problem = make_sized_problem(case, hidden, batch, 17, 4)
    set_threads(threads)
    assert_parity(problem, within=1e-10)
    options = {"lengths": make_lengths(batch, 4), "reverse": True, "checkpoint_every": 2}
    assert_parity(problem.to(torch.float32), within=5e-5, **options)


@pytest.mark.parametrize("case", SPLITTABLE, ids=str)
def test_split_rows_give_the_same_bits_each_time(case: Case, set_threads: SetThreads) -> None:
    problem = make_sized_problem(case, 190, 1, 17, 20).to(torch.float32)
    set_threads(2)
    first, *others = (outcome(problem.compiled(), problem.leaves) for _ in range(5))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.skipif(core is None or not core.has_bfloat16(), reason="this processor has no AVX512_BF16")
@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("case", SPLITTABLE, ids=str)
def test_split_rows_in_bfloat16_equal_one_thread(case: Case, threads: int, set_threads: SetThreads) -> None:
    problem = make_sized_problem(case, 190, 1, 17, 4).to(torch.float32)
    one_thread = outcome(problem.compiled(bfloat16=True), problem.leaves)
    set_threads(threads)
    shared = outcome(problem.compiled(bfloat16=True), problem.leaves)
    assert_near(shared, one_thread, within=1e-5)


@pytest.mark.parametrize("name", ["lstm-projection", "lstm-layer-norm", "gru-before", "jordan"])
def test_cells_that_mix_their_units_are_not_split(name: str, set_threads: SetThreads) -> None:
    set_threads(4)
    assert_parity(make_sized_problem(case_named(name), 130, 1, 17, 4), within=1e-10)


# Concurrent callers.


def run_passes(problem: Problem, times: int) -> list[list[Tensor]]:
    return [outcome(problem.compiled(), problem.leaves) for _ in range(times)]


@pytest.mark.parametrize("threads", [1, 2])
def test_concurrent_callers_get_the_same_bits(threads: int, set_threads: SetThreads) -> None:
    set_threads(threads)
    names = ["elman-tanh", "jordan-narrow", "lstm", "lstm-everything", "gru-after", "gru-before"]
    problems = [
        make_sized_problem(case_named(name), 33 + i, 5 + i, 9, 6).to(torch.float32)
        for i, name in enumerate(names)
    ]
    expected = [run_passes(problem, 1)[0] for problem in problems]
    with ThreadPoolExecutor(len(problems)) as pool:
        jobs = [pool.submit(run_passes, problem, 15) for problem in problems]
        for job, expected_result in zip(jobs, expected, strict=True):
            for result in job.result(timeout=120):
                assert all(torch.equal(a, b) for a, b in zip(result, expected_result, strict=True))


def test_one_layer_may_be_called_by_several_threads() -> None:
    layer = ur.LSTM(9, 33, 2, bidirectional=True)
    inputs = [uniform(6, 1 + i, 9, seed=i, dtype=torch.float32) for i in range(6)]
    expected = [layer(x)[0] for x in inputs]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(5):
            actual = list(pool.map(lambda x: layer(x)[0], inputs))
            assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


def test_other_threads_run_during_a_pass() -> None:
    layer = ur.LSTM(64, 256)
    x = torch.zeros(400, 16, 64)
    count_so_far, stop = 0, threading.Event()

    def count() -> None:
        nonlocal count_so_far
        while not stop.is_set():
            count_so_far += 1

    with torch.no_grad():
        layer(x[:2])
        counter = threading.Thread(target=count)
        counter.start()
        count_before = count_so_far
        layer(x)
        count_during = count_so_far - count_before
        stop.set()
        counter.join()
    assert count_during > 1000


def _run_in_child(results: "multiprocessing.Queue[list[float]]", layer: torch.nn.Module, x: Tensor) -> None:
    y, _ = layer(x)
    results.put(y[0, 0].tolist())


def test_a_forked_child_does_not_wait_for_threads(set_threads: SetThreads) -> None:
    """A forked child has none of its parent's threads; torch's own layers would wait for them forever."""
    set_threads(2)
    layer = ur.LSTM(8, 16)
    x = uniform(6, 4, 8, seed=1, dtype=torch.float32)
    with torch.no_grad():
        y, _ = layer(x)
        context = multiprocessing.get_context("fork")
        results = context.Queue()
        child = context.Process(target=_run_in_child, args=(results, layer, x), daemon=True)
        child.start()
        child_output = results.get(timeout=60)
        child.join(60)
    assert child.exitcode == 0
    torch.testing.assert_close(torch.tensor(child_output), y[0, 0])
