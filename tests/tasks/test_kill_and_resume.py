"""Processes killed at random moments and resumed end with the bytes of an uninterrupted run."""

import json
import os
import random
import signal
import sys
import time

import pytest

from cases import CASES
from unrolled.errors import DataError, RunError
from unrolled.tasks import load
from unrolled.training import Callback
from unrolled.training.log import read_log
from unrolled.training.tensor_files import read_tensors

resource = pytest.importorskip("resource", reason="limits and signals of POSIX")

KILLS = 2


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """``data(case)`` returns the path of its training data."""
    cached = {}

    def write(case):
        if case not in cached:
            cached[case] = CASES[case].write(tmp_path_factory.mktemp("kill"))
        return cached[case]

    return write


@pytest.fixture(scope="module")
def uninterrupted_run(tmp_path_factory, data):
    """``uninterrupted_run(case)`` returns the folder of a run that was never stopped."""
    cached = {}

    def run(case):
        if case not in cached:
            cached[case] = tmp_path_factory.mktemp("whole") / "run"
            CASES[case].fit(data(case), out=cached[case])
        return cached[case]

    return run


def ended_equally(folder, other):
    """Return whether two runs ended with the same bytes and the same results."""
    name = "model.safetensors"
    return (folder / name).read_bytes() == (other / name).read_bytes() and comparable_results(
        folder
    ) == comparable_results(other)


TIME_KEYS = ("seconds", "training_seconds", "tokens_per_second")


def without_times(values):
    """Return nested dictionaries without measured times."""
    part_length = {k: without_times(v) if isinstance(v, dict) else v for k, v in values.items()}
    return {k: v for k, v in part_length.items() if k not in TIME_KEYS}


def comparable_results(folder):
    log = [without_times(r) for r in read_log(folder / "metrics.jsonl")]
    return log, without_times(json.loads((folder / "result.json").read_text()))


def wait_for_lines(process, folder, lines):
    """Wait until the log has ``lines`` lines; return whether the process is still running then."""
    path = folder / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return True
        assert time.monotonic() < deadline, "no progress within a minute"
        time.sleep(0.001)
    return False


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, marks=pytest.mark.slow if c.startswith(("lm ", "classify", "forecast")) else ())
        for c in CASES
    ],
)
def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(
    tmp_path, data, uninterrupted_run, fork, case
):
    seed = random.SystemRandom().randrange(10**6)
    print(f"moments of the kills: random.Random({seed})")
    rng = random.Random(seed)
    folder = tmp_path / "run"
    part_length = len(read_log(uninterrupted_run(case) / "metrics.jsonl")) // KILLS
    kill_at = [rng.randrange(i * part_length + 3, (i + 1) * part_length - 3) for i in range(KILLS)]
    command = ["train", CASES[case].verb, "--data", data(case), "--out", folder, *CASES[case].flags]
    for line_count in kill_at:
        child = fork(*command)
        assert wait_for_lines(child, folder, line_count), child.communicate()
        time.sleep(rng.random() * 0.01)
        child.kill()
        child.communicate()
        assert child.returncode == -signal.SIGKILL
        command = ["resume", folder]
    resumed = fork(*command)
    _, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert ended_equally(folder, uninterrupted_run(case))


def test_the_nt_asgd_case_does_average(uninterrupted_run):
    _, meta = read_tensors(uninterrupted_run("lm averaged") / "checkpoint.safetensors")
    assert meta["average"]["count"] > 10


@pytest.mark.parametrize("case", CASES)
def test_changed_data_are_refused(tmp_path, uninterrupted_run, case):
    folder = tmp_path / "run"
    changed = CASES[case].write(tmp_path)
    CASES[case].kind(**CASES[case].options | {"max_steps": 8}).fit(changed, out=folder, progress=False)
    CASES[case].change(changed)
    with pytest.raises(DataError, match=r"has changed since .* began to learn from it"):
        CASES[case].kind.resume(folder, progress=False)


@pytest.mark.parametrize("case", CASES)
def test_a_run_survives_saving_and_is_not_overwritten(tmp_path, data, uninterrupted_run, case):
    task = load(uninterrupted_run(case))
    task.save(tmp_path / "copy")
    loaded = load(tmp_path / "copy")
    assert type(loaded) is CASES[case].kind
    assert (loaded.config, loaded.data_info, loaded.result) == (task.config, task.data_info, task.result)
    scores = [without_times(t.evaluate(data(case)).to_json()) for t in (task, loaded)]
    assert scores[0] == scores[1]
    with pytest.raises(RunError, match="holds a run already"):
        task.save(tmp_path / "copy")
    with pytest.raises(RunError, match="holds a run already"):
        CASES[case].fit(data(case), out=tmp_path / "copy")


def test_ctrl_c_prints_how_to_resume_and_loses_nothing(tmp_path, data, uninterrupted_run, fork):
    folder = tmp_path / "run"
    child = fork("train", "lm", "--data", data("lm"), "--out", folder, *CASES["lm"].flags)
    assert wait_for_lines(child, folder, 50)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert f"unrolled resume {folder}" in err
    assert "Traceback" not in err
    assert out == ""
    CASES["lm"].kind.resume(folder, progress=False)
    assert ended_equally(folder, uninterrupted_run("lm"))


class KilledError(Exception):
    pass


class KillAt40(Callback):
    def on_step_end(self, progress, loss, lr):
        if progress.step == 40:
            raise KilledError


def test_a_full_disk_leaves_the_earlier_checkpoint(tmp_path, data, uninterrupted_run, process, snapshot):
    folder = tmp_path / "run"
    with pytest.raises(KilledError):
        CASES["lm"].fit(data("lm"), out=folder, progress=KillAt40())
    files_before = snapshot(folder)
    size = len(files_before["checkpoint.safetensors"])

    def limit_file_sizes():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write past the limit then fails with an error
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    failed = process("resume", folder, preexec_fn=limit_file_sizes)
    assert failed.status == 1
    last = failed.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert ".safetensors: could not be written (File too large); the earlier" in last
    assert "Traceback" not in failed.err
    files_after = snapshot(folder)
    assert files_after.keys() == files_before.keys()
    assert files_after["checkpoint.safetensors"] == files_before["checkpoint.safetensors"]
    CASES["lm"].kind.resume(folder, progress=False)
    assert ended_equally(folder, uninterrupted_run("lm"))


PROGRAM_KILLED_BEFORE_RENAME = """
import os, signal, sys
from unrolled.cli.main import main

rename, checkpoints = os.replace, []

def replace(source, target):
    if str(target).endswith("checkpoint.safetensors"):
        checkpoints.append(target)
    if len(checkpoints) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)

os.replace = replace
sys.exit(main())
"""


def test_temporary_files_of_a_killed_run_are_removed(tmp_path, data, uninterrupted_run, process):
    folder = tmp_path / "run"
    command = ["train", "lm", "--data", data("lm"), "--out", folder, *CASES["lm"].flags]
    killed = process(*command, program=(sys.executable, "-c", PROGRAM_KILLED_BEFORE_RENAME))
    assert killed.status == -signal.SIGKILL
    assert [p for p in os.listdir(folder) if p.endswith(".tmp")]
    CASES["lm"].kind.resume(folder, progress=False)
    assert sorted(os.listdir(folder)) == sorted(os.listdir(uninterrupted_run("lm")))
    assert ended_equally(folder, uninterrupted_run("lm"))
