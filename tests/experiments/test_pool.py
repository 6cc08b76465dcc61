"""Training runs in separate processes, and how they end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unrolled.errors import ConfigError, RunError
from unrolled.experiments.pool import run_all
from unrolled.tasks.base.outcome import Outcome


class Job:
    def __init__(self, number):
        self.number = number

    def run(self):
        if self.number < 0:
            raise ConfigError("no such trial")
        if self.number > 100:
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome("x", self.number, {"accuracy": 0.5}, 1.0)


@pytest.mark.slow
def test_trials_run_in_separate_processes():
    assert sorted(o.seed for o in run_all([Job(n) for n in range(3)], 2)) == [0, 1, 2]
    with pytest.raises(ConfigError, match="no such trial"):
        list(run_all([Job(1), Job(-1)], 2))
    with pytest.raises(RunError, match=r"process was killed, .*the finished trials are kept"):
        list(run_all([Job(1), Job(101)], 2))


SLEEPING_JOBS = """
import os, sys, time
from pathlib import Path
from unrolled.experiments.pool import run_all

class Job:
    def run(self):
        (Path(sys.argv[1]) / str(os.getpid())).touch()
        time.sleep(60)

if __name__ == "__main__":
    list(run_all([Job(), Job()], 2))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="states of processes as Linux has them")
def test_trials_end_when_their_parent_is_killed(tmp_path):
    program, folder = tmp_path / "program.py", tmp_path / "pids"
    program.write_text(SLEEPING_JOBS)
    folder.mkdir()

    def wait_until(done):
        deadline = time.monotonic() + 60
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    parent = subprocess.Popen([sys.executable, program, folder])
    wait_until(lambda: len(os.listdir(folder)) == 2)
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(is_alive(int(name)) for name in os.listdir(folder)))


def is_alive(process):
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split(") ")[1][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_one_job_at_a_time_runs_in_this_process():
    assert [o.seed for o in run_all([Job(2), Job(1)], 1)] == [2, 1]
