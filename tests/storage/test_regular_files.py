"""A pipe, device or folder in place of a file is an error: it is not waited for and not replaced."""

import json
import os
import signal
import stat

import pytest

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.repetition_folder import RepetitionFolder
from unrolled.storage.regular import check_replaceable, require_regular_file
from unrolled.training.log import MetricsLog, read_log
from unrolled.training.tensor_files import read_json, read_tensors

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")


@pytest.fixture(autouse=True)
def _no_waiting():
    """End the test if a read blocks on a pipe."""
    signal.alarm(20)
    yield
    signal.alarm(0)


def make_pipe(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def is_pipe(path):
    return stat.S_ISFIFO(path.lstat().st_mode)


def test_files_links_and_missing_paths_are_accepted(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link", "none"):
        require_regular_file(tmp_path / name)
    check_replaceable(tmp_path, ("file", "link", "none", "none/deep"))


READERS = {
    "json": read_json,
    "tensors": read_tensors,
    "log": read_log,
    "add": lambda path: MetricsLog(path).add({"step": 1}),
    "position": lambda path: MetricsLog(path).sync(),
}


@pytest.mark.parametrize("reader", READERS)
def test_readers_do_not_block_on_a_pipe(tmp_path, reader):
    (tmp_path / "link").symlink_to(make_pipe(tmp_path / "pipe"))
    for path in (tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(RunError, match=rf"{path.name}: is a named pipe, where a file of unrolled"):
            READERS[reader](path)


def test_a_pipe_is_not_replaced(tmp_path):
    with pytest.raises(RunError, match=r"pipe: is not a regular file and is not replaced"):
        write_atomically(make_pipe(tmp_path / "pipe"), b"new")
    assert is_pipe(tmp_path / "pipe")
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("name", ["trials.jsonl", "trials.png", "plan.json"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_in_a_folder_of_trials_is_refused(tmp_path, name, overwrite):
    RepetitionFolder(tmp_path, {"folds": 3})
    make_pipe(tmp_path / name)
    with pytest.raises(RunError, match=rf"{name}: is a named pipe"):
        RepetitionFolder(tmp_path, {"folds": 3}, overwrite=overwrite)
    assert is_pipe(tmp_path / name)


@pytest.mark.parametrize("name", ["plan.json", "table.csv", "ladder.png"])
def test_a_pipe_in_a_comparison_folder_is_refused(tmp_path, name):
    plan = {"task": "lm", "config": {}, "budget": 1.0}
    ComparisonFolder(tmp_path, plan)
    make_pipe(tmp_path / name)
    with pytest.raises(RunError, match=rf"{name}: is a named pipe"):
        ComparisonFolder(tmp_path, plan, overwrite=True)


FILES = ["metrics.jsonl", "tokenizer.json", "model.safetensors", "checkpoint.safetensors", "result.json"]


@pytest.mark.parametrize("name", [*FILES, "plots/curves.png", "plots"])
def test_a_pipe_in_a_run_folder_is_refused(run_copy, english_file, tiny_options, command, snapshot, name):
    path = run_copy / name
    if name == "plots":
        path.rename(run_copy.parent / "plots")
    make_pipe(path)
    before = snapshot(run_copy)
    words = [f"--{k.replace('_', '-')}={v}" for k, v in (tiny_options | {"max_steps": 3}).items()]
    again = ("train", "lm", "--data", english_file, "--out", run_copy, "--overwrite", *words)
    commands = [again, ("resume", run_copy)]
    if name in ("metrics.jsonl", "tokenizer.json", "model.safetensors", "result.json"):
        commands += [("evaluate", run_copy, "--data", english_file), ("inspect", run_copy)]
    for line in commands:
        assert str(path) in command(*line).error
    assert is_pipe(path)
    assert snapshot(run_copy) == before


def test_a_pipe_as_config_is_refused(run_copy, command):
    config = run_copy / "config.json"
    assert json.loads(config.read_text())["unrolled"] == "run"
    make_pipe(config)
    for line in (("resume", run_copy), ("evaluate", run_copy, "--data", "x"), ("summary", run_copy)):
        assert "config.json: is a named pipe" in command(*line).error
