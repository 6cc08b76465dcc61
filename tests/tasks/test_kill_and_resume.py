"""Processes killed at random moments, resumed, and ending with the bytes of one that never was."""

import json
import os
import random
import signal
import sys
import time

import pytest

from unrolled import LanguageModel
from unrolled.training import Watcher
from unrolled.training.files import read_tensors
from unrolled.training.log import read_log

resource = pytest.importorskip("resource", reason="limits and signals of POSIX")

OPTIONS = {
    "hidden": 10,
    "embedding": 6,
    "layers": 2,
    "dropout": 0.2,
    "dropout_input": 0.1,
    "batch": 4,
    "steps": 9,
    "epochs": 2,
    "validate_every": 10,
    "checkpoint_steps": 7,
    "seed": 3,
    "threads": 1,
}
OPTIMIZERS = {
    "adam": {"optimizer": "adam", "lr": 0.01},
    "nt-asgd": {"optimizer": "nt-asgd", "lr": 10.0, "average_after": 1, "schedule": "constant"},
}
KILLS = {"adam": 3, "nt-asgd": 2}


def flags(optimizer):
    given = OPTIONS | OPTIMIZERS[optimizer]
    return [word for name, v in given.items() for word in ("--" + name.replace("_", "-"), v)]


@pytest.fixture(scope="module")
def text(tmp_path_factory, write_english):
    path = tmp_path_factory.mktemp("kill") / "text.txt"
    path.write_text(write_english(80))
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory, text):
    """``whole(optimizer)``: folder of a run that was never stopped."""
    made = {}

    def run(optimizer):
        if optimizer not in made:
            made[optimizer] = tmp_path_factory.mktemp("whole") / optimizer
            options = OPTIONS | OPTIMIZERS[optimizer]
            LanguageModel(**options).fit(text, out=made[optimizer], progress=False)
        return made[optimizer]

    return run


def essence(folder):
    log = [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(folder / "metrics.jsonl")]
    result = json.loads((folder / "result.json").read_text())
    for clock in ("training_seconds", "tokens_per_second"):
        result.pop(clock)
    return log, result


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


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    tmp_path, text, whole, start, process, optimizer
):
    seed = random.SystemRandom().randrange(10**6)
    print(f"moments of the kills: random.Random({seed})")
    rng = random.Random(seed)
    folder = tmp_path / "run"
    lines = len(read_log(whole(optimizer) / "metrics.jsonl"))
    parts = lines // KILLS[optimizer]
    moments = [rng.randrange(i * parts + 3, (i + 1) * parts - 3) for i in range(KILLS[optimizer])]
    command = ["train", "lm", "--data", text, "--out", folder, *flags(optimizer)]
    for moment in moments:
        running = start(*command)
        assert wait_for_lines(running, folder, moment), running.communicate()
        time.sleep(rng.random() * 0.01)
        running.kill()
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        command = ["resume", folder]
    done = process(*command)
    assert done.status == 0, done.err
    ended = (folder / "model.safetensors").read_bytes()
    assert ended == (whole(optimizer) / "model.safetensors").read_bytes()
    assert essence(folder) == essence(whole(optimizer))


def test_the_average_of_nt_asgd_began_long_before_the_end(whole):
    _, meta = read_tensors(whole("nt-asgd") / "checkpoint.safetensors")
    assert meta["average"]["count"] > 50


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_loses_nothing(tmp_path, text, whole, start, process):
    folder = tmp_path / "run"
    running = start("train", "lm", "--data", text, "--out", folder, *flags("adam"))
    assert wait_for_lines(running, folder, 50)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert f"unrolled resume {folder}" in err
    assert "Traceback" not in err
    assert out == ""
    LanguageModel.resume(folder, progress=False)
    ended = (folder / "model.safetensors").read_bytes()
    assert ended == (whole("adam") / "model.safetensors").read_bytes()
    assert essence(folder) == essence(whole("adam"))


class KilledError(Exception):
    pass


class KillAt40(Watcher):
    def stepped(self, progress, loss, lr):
        if progress.step == 40:
            raise KilledError


@pytest.mark.slow
def test_a_full_disk_leaves_the_earlier_checkpoint(tmp_path, text, whole, process, snapshot):
    folder = tmp_path / "run"
    options = OPTIONS | OPTIMIZERS["adam"]
    with pytest.raises(KilledError):
        LanguageModel(**options).fit(text, out=folder, progress=KillAt40())
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
    LanguageModel.resume(folder, progress=False)
    ended = (folder / "model.safetensors").read_bytes()
    assert ended == (whole("adam") / "model.safetensors").read_bytes()


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


@pytest.mark.slow
def test_what_a_kill_left_half_written_is_cleared_away(tmp_path, text, whole, process):
    folder = tmp_path / "run"
    command = ["train", "lm", "--data", text, "--out", folder, *flags("adam")]
    killed = process(*command, program=(sys.executable, "-c", DIES_BEFORE_RENAMING))
    assert killed.status == -signal.SIGKILL
    assert [p for p in os.listdir(folder) if p.endswith(".tmp")]
    LanguageModel.resume(folder, progress=False)
    assert sorted(os.listdir(folder)) == sorted(os.listdir(whole("adam")))
    ended = (folder / "model.safetensors").read_bytes()
    assert ended == (whole("adam") / "model.safetensors").read_bytes()
