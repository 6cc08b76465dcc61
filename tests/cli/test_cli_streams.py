"""Standard output that is full, closed, or has no reader: one line, a status, and the work is done."""

import contextlib
import os
import re
import sys

import pytest

from unrolled.cli import INTERRUPTED
from unrolled.cli.main import main

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
HELP = (["--help"], ["train", "--help"], ["train", "lm", "--help"], ["learn", "--help"], ["recipes"])


def status_on_full_disk(words, standard=("stdout",)):
    """Return the exit status of a command whose streams are on a disk without space."""
    with contextlib.ExitStack() as streams:
        for name in standard:
            redirect = contextlib.redirect_stdout if name == "stdout" else contextlib.redirect_stderr
            streams.enter_context(redirect(streams.enter_context(open("/dev/full", "w"))))
        status = main(words)
        sys.stdout.flush()  # as Python does when it exits
        return status


def error(capsys):
    """Return the only line of standard error."""
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("words", HELP)
def test_a_full_disk_is_one_line(capsys, words):
    assert status_on_full_disk(words) == 1
    assert error(capsys) == "error: standard output: could not be written (No space left on device)"


@pytest.mark.parametrize("words", HELP)
def test_a_closed_stream_is_one_line(capsys, words):
    with contextlib.redirect_stdout(None):
        assert main(words) == 1
    assert error(capsys) == "error: standard output: could not be written (it is closed)"


def test_another_error_comes_first(capsys):
    with contextlib.redirect_stdout(None):
        assert main(["next", "no-such-run"]) == 1
    assert error(capsys).startswith("error: no-such-run")


def test_a_training_ends_and_draws_its_plots(tmp_path, english_file):
    words = ["train", "lm", "--data", str(english_file), "--out", str(tmp_path / "run")]
    words += ["--hidden", "3", "--max-steps", "2", "--threads", "1", "--batch", "4"]
    assert status_on_full_disk(words, ("stdout", "stderr")) == 1
    assert (tmp_path / "run" / "result.json").is_file()
    assert (tmp_path / "run" / "plots" / "curves.png").is_file()


def test_a_reader_that_goes_away_is_no_traceback(capsys):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream, contextlib.redirect_stdout(stream):
        assert main(["--help"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (MemoryError(), "error: out of memory; give less data"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 12 bytes"), "error: out of memory .Def"),
        (ValueError("array is too big"), "error: out of memory .array"),
        (RuntimeError("Storage size calculation overflowed with sizes=[1]"), "error: out of memory .Storage"),
    ],
)
def test_too_little_memory_is_one_line(monkeypatch, command, raised, said):
    def fail(*words):
        raise raised

    monkeypatch.setattr("unrolled.cli.info.run", fail)
    assert re.match(said, command("info").error)


def test_other_faults_of_the_program_are_not_hidden(monkeypatch):
    def fail(*words):
        raise RuntimeError("a mistake")

    monkeypatch.setattr("unrolled.cli.info.run", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        main(["info"])


def test_ctrl_c_during_the_imports_is_one_word(monkeypatch, capsys):
    def stop(run):
        raise KeyboardInterrupt

    monkeypatch.setattr("unrolled.cli.guard.run_guarded", stop)
    assert main(["--help"]) == INTERRUPTED
    assert error(capsys) == "interrupted"


@pytest.mark.parametrize(
    ("group", "words"), [("train", ("lm", "forecast", "translate")), ("vectors", ("neighbours", "plot"))]
)
def test_help_of_a_group_lists_its_commands(command, group, words):
    for flag in ("--help", "-h"):
        done = command(group, flag)
        assert (done.status, done.err) == (0, "")
        assert all(f"{group} {word} " in done.out for word in words)
        assert "recipes" not in done.out
