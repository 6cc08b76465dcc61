"""Trials: what is tried, what is kept, and the figures made of them."""

import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unrolled.errors import ConfigError, RunError
from unrolled.experiments.pool import run_all
from unrolled.experiments.summary import summarise_trials
from unrolled.experiments.trial import Trial, TrialFile
from unrolled.experiments.trial_plot import plot_trials
from unrolled.experiments.variant import Variant, parse_variant


def trial(variant, number, accuracy):
    return Trial(variant, number, {"accuracy": accuracy}, 2.0 * number)


# -- variants ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("bidirectional=false", {"bidirectional": False}),
        ("hidden=50, lr=1e-3,pooling=max", {"hidden": 50, "lr": 1e-3, "pooling": "max"}),
        ("init-from=/a/b c", {"init_from": "/a/b c"}),
        ("class-weights='balanced'", {"class_weights": "balanced"}),
    ],
)
def test_a_variant_is_what_is_written(text, options):
    assert parse_variant(text) == Variant(text, options)


@pytest.mark.parametrize("text", ["hidden", "hidden=", "=3", "hidden=3,,lr=1"])
def test_what_is_no_variant_is_refused(text):
    with pytest.raises(ConfigError, match="is not OPTION=VALUE"):
        parse_variant(text)


# -- the file ----------------------------------------------------------------------------------------


def test_trials_are_kept_and_a_stopped_plan_goes_on(tmp_path):
    plan = {"folds": 3, "options": (1, 2)}
    file = TrialFile(tmp_path / "a", plan)
    file.add(trial("x", 1, 0.5))
    file.add(trial("x", 2, 0.75))
    again = TrialFile(tmp_path / "a", plan)
    assert again.done == [trial("x", 1, 0.5), trial("x", 2, 0.75)]
    assert TrialFile(tmp_path / "a", plan, overwrite=True).done == []
    assert TrialFile(tmp_path / "a", plan).done == []


def test_other_plans_and_other_folders_are_left_alone(tmp_path):
    TrialFile(tmp_path / "a", {"folds": 3}).add(trial("x", 1, 0.5))
    with pytest.raises(RunError, match="holds trials of another plan"):
        TrialFile(tmp_path / "a", {"folds": 4})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "photo.jpg").write_text("")
    with pytest.raises(RunError, match="is not empty and holds no trials"):
        TrialFile(tmp_path / "b", {"folds": 4}, overwrite=True)


def test_a_damaged_file_is_named(tmp_path):
    TrialFile(tmp_path, {}).add(trial("x", 1, 0.5))
    (tmp_path / "trials.jsonl").write_text('{"variant": "x"}\n')
    with pytest.raises(RunError, match=r"trials.jsonl: line 1 is damaged"):
        TrialFile(tmp_path, {})


# -- figures -----------------------------------------------------------------------------------------


def test_differences_are_paired_by_number():
    first, second = [0.5, 0.7, 0.6], [0.6, 0.65, 0.9]
    trials = [trial("a", n, v) for n, v in enumerate(first)]
    trials += [trial("b", n, v) for n, v in reversed(list(enumerate(second)))]
    a, b = summarise_trials(trials, "accuracy")
    assert (a.variant, a.score.mean, a.score.deviation) == ("a", 0.6, pytest.approx(statistics.stdev(first)))
    assert a.difference is None
    differences = [y - x for x, y in zip(first, second, strict=True)]
    assert b.difference.mean == pytest.approx(statistics.fmean(differences))
    assert b.difference.deviation == pytest.approx(statistics.stdev(differences))
    assert (b.wins, b.difference.count, b.seconds) == (2, 3, 2.0)


def test_one_trial_has_no_deviation(tmp_path):
    (line,) = summarise_trials([trial("a", 1, 0.5)], "accuracy")
    assert math.isnan(line.score.deviation)
    assert plot_trials([trial("a", 1, 0.5)], "accuracy", tmp_path).stat().st_size > 3000


class Job:
    def __init__(self, number):
        self.number = number

    def run(self):
        if self.number < 0:
            raise ConfigError("no such trial")
        if self.number > 100:
            os.kill(os.getpid(), signal.SIGKILL)
        return trial("x", self.number, 0.5)


@pytest.mark.slow
def test_trials_run_in_processes_of_their_own():
    assert sorted(t.number for t in run_all([Job(n) for n in range(3)], 2)) == [0, 1, 2]
    with pytest.raises(ConfigError, match="no such trial"):
        list(run_all([Job(1), Job(-1)], 2))
    with pytest.raises(RunError, match=r"process was killed, .*the trials done so far are kept"):
        list(run_all([Job(1), Job(101)], 2))


SLEEPS = """
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


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="states of processes as Linux has them")
def test_they_end_when_the_process_that_started_them_is_killed(tmp_path):
    program, folder = tmp_path / "program.py", tmp_path / "pids"
    program.write_text(SLEEPS)
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


def test_in_this_process():
    assert [t.number for t in run_all([Job(2), Job(1)], 1)] == [2, 1]
    assert json.dumps(Job(1).run().scores)
