"""How many threads a training run takes, and how idle threads wait."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from unrolled import cores, threads
from unrolled.threads import choose_threads, describe_waiting, set_thread_waiting
from unrolled.training import TrainingConfig
from unrolled.training.seeding import resolve_threads

VARIABLES = (*threads.WAITING, threads.THREADS)


@pytest.fixture
def unset(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def machine(monkeypatch, unset):
    """``machine(usable, busy, torch_threads)`` fakes the number of cores and torch's number of threads."""

    def set_up(usable, busy, torch_threads):
        monkeypatch.setattr(threads, "usable_cores", lambda: usable)
        monkeypatch.setattr(threads, "busy_elsewhere", lambda: busy)
        monkeypatch.setattr(torch, "get_num_threads", lambda: torch_threads)

    return set_up


# -- the number of threads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usable", "busy", "torch_threads", "expected"),
    [
        (2.0, 0.0, 2, 2),
        (2.0, 0.3, 2, 2),
        (2.0, 1.0, 2, 1),
        (2.0, 2.0, 2, 1),  # at least one
        (0.5, 0.0, 2, 1),
        (2.5, 0.0, 8, 3),
        (8.0, 2.9, 8, 5),
        (8.0, 0.0, 1, 1),  # torch's own setting is never exceeded
        (8.0, 4.0, 2, 2),
    ],
)
def test_no_more_threads_than_free_cores(machine, usable, busy, torch_threads, expected):
    machine(usable, busy, torch_threads)
    assert choose_threads().count == expected


def test_the_reason_gives_the_numbers_of_cores(machine):
    machine(8.0, 2.9, 8)
    assert str(choose_threads()).startswith("5 threads (of 8 usable cores 2.9 are busy with other work); ")
    machine(2.0, 1.0, 2)
    assert str(choose_threads()).startswith("1 thread (")


def test_an_explicit_number_of_threads_is_kept(machine, monkeypatch):
    machine(2.0, 2.0, 2)
    assert choose_threads(5) == threads.ThreadChoice(5, "as configured")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert choose_threads() == threads.ThreadChoice(2, "OMP_NUM_THREADS is set")


def test_a_resumed_run_keeps_its_number_of_threads(machine):
    machine(2.0, 1.0, 2)
    config, choice = resolve_threads(TrainingConfig(seed=3))
    assert choice.count == 1
    assert config == TrainingConfig(seed=3, threads=1)
    machine(2.0, 0.0, 2)  # the other work is gone; the resumed run keeps its number of threads
    assert resolve_threads(config)[0] == config


# -- waiting -----------------------------------------------------------------------------------------


def test_idle_threads_sleep_soon_unless_the_user_has_set_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    environ = {"PATH": "x"}
    set_thread_waiting(environ)
    assert environ == {"PATH": "x"} | threads.SHORT_SPIN
    for user_setting in ({"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "99"}, {"KMP_BLOCKTIME": "0"}):
        environ = dict(user_setting)
        set_thread_waiting(environ)
        assert environ == user_setting


def test_nothing_is_set_once_torch_is_loaded():
    assert "torch" in sys.modules
    environ = {}
    set_thread_waiting(environ)
    assert environ == {}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "spin (OMP_WAIT_POLICY is not set)"),
        (threads.SHORT_SPIN, "soon sleep (GOMP_SPINCOUNT=5000, OMP_WAIT_POLICY=PASSIVE)"),
        (
            {"OMP_WAIT_POLICY": "active", "OMP_NUM_THREADS": "3"},
            "follow the environment (OMP_WAIT_POLICY=active)",
        ),
    ],
)
def test_the_waiting_policy_is_described(environ, words):
    assert describe_waiting(environ) == f"waiting threads {words}"


@pytest.mark.parametrize("policy", [None, "ACTIVE"])
def test_the_command_line_sets_the_waiting_policy_before_torch_is_loaded(process, policy):
    environ = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    done = process("info", env=environ | ({"OMP_WAIT_POLICY": policy} if policy else {}))
    assert done.status == 0, done.err
    expected = (
        f"follow the environment (OMP_WAIT_POLICY={policy})"
        if policy
        else "soon sleep (GOMP_SPINCOUNT=5000, "
    )
    assert f"waiting threads {expected}" in done.out
    assert "a training that starts now uses " in done.out


def test_importing_the_command_line_does_not_load_openmp():
    script = (
        "from unrolled.cli import main; import sys; print('torch' in sys.modules, open(sys.argv[1]).read())"
    )
    maps = "/proc/self/maps"
    if not os.path.exists(maps):
        pytest.skip("what a process has loaded is read from /proc")
    done = subprocess.run([sys.executable, "-c", script, maps], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("False ")
    assert "omp.so" not in done.stdout


# -- cores -------------------------------------------------------------------------------------------


@pytest.fixture
def groups(monkeypatch, tmp_path):
    """``groups(own_group, {folder: cpu.max})`` writes a tree of control groups."""
    root = tmp_path / "cgroup"
    monkeypatch.setattr(cores, "CONTROL_GROUPS", root)
    monkeypatch.setattr(cores, "PROCESS_GROUP", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)), raising=False)

    def write_groups(own_group, limits):
        (tmp_path / "own").write_text(f"3:cpuset:/other\n0::{own_group}\n")
        for folder, limit in limits.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / "cpu.max").write_text(limit + "\n")

    return write_groups


@pytest.mark.parametrize(
    ("own", "limits", "expected"),
    [
        ("/", {}, 4.0),
        ("/", {"": "max 100000"}, 4.0),
        ("/", {"": "150000 100000"}, 1.5),
        ("/a/b", {"": "max 100000", "a": "50000 100000", "a/b": "max 100000"}, 0.5),
        ("/a/b", {"a": "300000 100000", "a/b": "200000 100000"}, 2.0),
        ("/named/by/the/host", {"": "100000 100000"}, 1.0),
        ("/", {"": "900000 100000"}, 4.0),
    ],
)
def test_affinity_and_quotas_bound_the_cores(groups, own, limits, expected):
    groups(own, limits)
    assert cores.usable_cores() == expected


def test_systems_without_affinity_or_quotas(monkeypatch, tmp_path):
    monkeypatch.setattr(cores, "PROCESS_GROUP", tmp_path / "none")
    monkeypatch.setattr(cores, "STAT", tmp_path / "none")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores.usable_cores() == os.cpu_count()
    assert cores.busy_elsewhere() == 0.0


def stat(busy):
    """Return a /proc/stat in which core n has spent ``busy[n]`` ticks in user mode."""
    cores_ = "".join(f"cpu{n} {u} 1 2 900 800 3 4 5 0 0\n" for n, u in enumerate(busy))
    return f"cpu  9 9 9 9 9 9 9 9 0 0\n{cores_}intr 5 0 0\nctxt 6\n"


def test_busy_cores_are_counted_without_this_process(monkeypatch, tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    path = tmp_path / "stat"
    path.write_text(stat([0, 0, 0]))
    clock = iter([100.0, 101.0])
    used = iter([7.0, 7.25])

    def sleep(seconds):  # during this second, cores 0 and 2 work; core 2 is not available to us
        path.write_text(stat([ticks * 3 // 4, 0, ticks]))

    monkeypatch.setattr(cores, "STAT", path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    clocks = {"perf_counter": lambda: next(clock), "process_time": lambda: next(used)}
    monkeypatch.setattr(cores, "time", SimpleNamespace(sleep=sleep, **clocks))
    assert cores.busy_elsewhere() == pytest.approx(0.5)


def test_values_of_this_machine_are_plausible():
    assert 0 < cores.usable_cores() <= os.cpu_count()
    assert 0 <= cores.busy_elsewhere(0.02) <= os.cpu_count() + 1
