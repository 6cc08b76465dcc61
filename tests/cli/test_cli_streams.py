"""Standard output on a full disk, closed, or without a reader: one error line, and the work is done."""

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
    """Return the exit status of a command whose streams are on a full disk."""
    with contextlib.ExitStack() as streams:
        for name in standard:
            redirect = contextlib.redirect_stdout if name == "stdout" else contextlib.redirect_stderr
            streams.enter_context(redirect(streams.enter_context(open("/dev/full", "w"))))
        status = main(words)
        sys.stdout.flush()  # as Python does when it exits
        return status


def error(capsys):
    """Return the only line of stderr."""
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("words", HELP)
def test_a_full_disk_gives_one_error_line(capsys, words):
    assert status_on_full_disk(words) == 1
    assert error(capsys) == "error: standard output: could not be written (No space left on device)"


@pytest.mark.parametrize("words", HELP)
def test_a_closed_stream_gives_one_error_line(capsys, words):
    with contextlib.redirect_stdout(None):
        assert main(words) == 1
    assert error(capsys) == "error: standard output: could not be written (it is closed)"


def test_other_errors_take_precedence(capsys):
    with contextlib.redirect_stdout(None):
        assert main(["next", "no-such-run"]) == 1
    assert error(capsys).startswith("error: no-such-run")


def test_training_on_a_full_disk_still_ends_and_draws_plots(tmp_path, english_file):
    words = ["train", "lm", "--data", str(english_file), "--out", str(tmp_path / "run")]
    words += ["--hidden", "3", "--max-steps", "2", "--threads", "1", "--batch", "4"]
    assert status_on_full_disk(words, ("stdout", "stderr")) == 1
    assert (tmp_path / "run" / "result.json").is_file()
    assert (tmp_path / "run" / "plots" / "curves.png").is_file()


def test_a_closed_pipe_gives_no_traceback(capsys):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream, contextlib.redirect_stdout(stream):
        assert main(["--help"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (MemoryError(), "error: out of memory; give less data"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 12 bytes"), "error: out of memory .Def"),
        (ValueError("array is too big"), "error: out of memory .array"),
        (RuntimeError("Storage size calculation overflowed with sizes=[1]"), "error: out of memory .Storage"),
    ],
)
def test_out_of_memory_gives_one_error_line(monkeypatch, command, raised, message):
    def fail(*words):
        raise raised

    monkeypatch.setattr("unrolled.cli.info.run", fail)
    assert re.match(message, command("info").error)


def test_bugs_are_not_hidden(monkeypatch):
    def fail(*words):
        raise RuntimeError("a mistake")

    monkeypatch.setattr("unrolled.cli.info.run", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        main(["info"])


def test_ctrl_c_during_imports_prints_one_word(monkeypatch, capsys):
    def interrupt(run):
        raise KeyboardInterrupt

    monkeypatch.setattr("unrolled.cli.guard.run_guarded", interrupt)
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
