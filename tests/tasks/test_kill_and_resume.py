"""Processes killed at random moments, resumed, and ending with the bytes of one that never was."""

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
from unrolled.training import Watcher
from unrolled.training.files import read_tensors
from unrolled.training.log import read_log

resource = pytest.importorskip("resource", reason="limits and signals of POSIX")

KILLS = 2


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """``data(case)``: what it is trained on."""
    made = {}

    def write(case):
        if case not in made:
            made[case] = CASES[case].write(tmp_path_factory.mktemp("kill"))
        return made[case]

    return write


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """``whole(case)``: folder of a run that was never stopped."""
    made = {}

    def run(case):
        if case not in made:
            made[case] = tmp_path_factory.mktemp("whole") / "run"
            CASES[case].fit(data(case), out=made[case])
        return made[case]

    return run


def same_end(folder, other):
    """Whether two runs ended with the same bytes and the same figures."""
    name = "model.safetensors"
    return (folder / name).read_bytes() == (other / name).read_bytes() and essence(folder) == essence(other)


CLOCKS = ("seconds", "training_seconds", "tokens_per_second")


def without_clocks(values):
    """Return nested dictionaries without what a clock said."""
    parts = {k: without_clocks(v) if isinstance(v, dict) else v for k, v in values.items()}
    return {k: v for k, v in parts.items() if k not in CLOCKS}


def essence(folder):
    log = [without_clocks(r) for r in read_log(folder / "metrics.jsonl")]
    return log, without_clocks(json.loads((folder / "result.json").read_text()))


def wait_for_lines(process, folder, lines):
    """Wait until the log has so many lines; return whether the process still runs then."""
    path = folder / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return True
        assert time.monotonic() < deadline, "no progress within a minute"
        time.sleep(0.001)
    return False


@pytest.mark.parametrize("case", CASES)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path, data, whole, fork, case):
    seed = random.SystemRandom().randrange(10**6)
    print(f"moments of the kills: random.Random({seed})")
    rng = random.Random(seed)
    folder = tmp_path / "run"
    parts = len(read_log(whole(case) / "metrics.jsonl")) // KILLS
    moments = [rng.randrange(i * parts + 3, (i + 1) * parts - 3) for i in range(KILLS)]
    command = ["train", CASES[case].verb, "--data", data(case), "--out", folder, *CASES[case].flags]
    for moment in moments:
        running = fork(*command)
        assert wait_for_lines(running, folder, moment), running.communicate()
        time.sleep(rng.random() * 0.01)
        running.kill()
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        command = ["resume", folder]
    resumed = fork(*command)
    _, err = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, err
    assert same_end(folder, whole(case))


def test_the_average_of_nt_asgd_began_before_the_end(whole):
    _, meta = read_tensors(whole("lm averaged") / "checkpoint.safetensors")
    assert meta["average"]["count"] > 10


@pytest.mark.parametrize("case", CASES)
def test_data_that_have_changed_are_refused(tmp_path, whole, case):
    folder = tmp_path / "run"
    changed = CASES[case].write(tmp_path)
    CASES[case].kind(**CASES[case].options | {"max_steps": 8}).fit(changed, out=folder, progress=False)
    CASES[case].change(changed)
    with pytest.raises(DataError, match=r"has changed since .* began to learn from it"):
        CASES[case].kind.resume(folder, progress=False)


@pytest.mark.parametrize("case", CASES)
def test_a_run_comes_back_as_it_was_and_is_not_overwritten(tmp_path, data, whole, case):
    task = load(whole(case))
    task.save(tmp_path / "copy")
    again = load(tmp_path / "copy")
    assert type(again) is CASES[case].kind
    assert (again.config, again.facts, again.result) == (task.config, task.facts, task.result)
    scores = [without_clocks(t.evaluate(data(case)).to_json()) for t in (task, again)]
    assert scores[0] == scores[1]
    with pytest.raises(RunError, match="holds a run already"):
        task.save(tmp_path / "copy")
    with pytest.raises(RunError, match="holds a run already"):
        CASES[case].fit(data(case), out=tmp_path / "copy")


def test_ctrl_c_says_how_to_go_on_and_loses_nothing(tmp_path, data, whole, fork):
    folder = tmp_path / "run"
    running = fork("train", "lm", "--data", data("lm"), "--out", folder, *CASES["lm"].flags)
    assert wait_for_lines(running, folder, 50)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert f"unrolled resume {folder}" in err
    assert "Traceback" not in err
    assert out == ""
    CASES["lm"].kind.resume(folder, progress=False)
    assert same_end(folder, whole("lm"))


class KilledError(Exception):
    pass


class KillAt40(Watcher):
    def stepped(self, progress, loss, lr):
        if progress.step == 40:
            raise KilledError


def test_a_full_disk_leaves_the_earlier_checkpoint(tmp_path, data, whole, process, snapshot):
    folder = tmp_path / "run"
    with pytest.raises(KilledError):
        CASES["lm"].fit(data("lm"), out=folder, progress=KillAt40())
    before = snapshot(folder)
    size = len(before["checkpoint.safetensors"])

    def limit_file_sizes():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write past the limit is then an error
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    failed = process("resume", folder, preexec_fn=limit_file_sizes)
    assert failed.status == 1
    last = failed.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert ".safetensors: could not be written (File too large); the earlier" in last
    assert "Traceback" not in failed.err
    after = snapshot(folder)
    assert after.keys() == before.keys()
    assert after["checkpoint.safetensors"] == before["checkpoint.safetensors"]
    CASES["lm"].kind.resume(folder, progress=False)
    assert same_end(folder, whole("lm"))


DIES_BEFORE_RENAMING = """
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


def test_what_a_kill_left_half_written_is_cleared_away(tmp_path, data, whole, process):
    folder = tmp_path / "run"
    command = ["train", "lm", "--data", data("lm"), "--out", folder, *CASES["lm"].flags]
    killed = process(*command, program=(sys.executable, "-c", DIES_BEFORE_RENAMING))
    assert killed.status == -signal.SIGKILL
    assert [p for p in os.listdir(folder) if p.endswith(".tmp")]
    CASES["lm"].kind.resume(folder, progress=False)
    assert sorted(os.listdir(folder)) == sorted(os.listdir(whole("lm")))
    assert same_end(folder, whole("lm"))
