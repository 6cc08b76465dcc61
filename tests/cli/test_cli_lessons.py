"""``unrolled learn LESSON``: its names, its options, and the path of its page."""

import dataclasses
from pathlib import Path

import pytest

from unrolled.cli import INTERRUPTED
from unrolled.cli.learn import run
from unrolled.cli.main import main
from unrolled.errors import ConfigError
from unrolled.tutorials import vanishing
from unrolled.tutorials.lessons import LESSONS

TINY = ["--distance", "10", "--hidden", "3", "--updates", "1", "--threads", "1"]


@pytest.mark.parametrize("word", LESSONS)
def test_help_shows_the_options(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run([word, "--help"], "unrolled learn")
    output = capsys.readouterr().out
    assert all(option in output for option in ("--out", "--seed", "--distance", "--threads", "--overwrite"))
    assert f"learn-{word}" in output or "learn-WORD" in output


def test_the_page_is_written_to_the_printed_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    brief = dataclasses.replace(vanishing.LESSON, teach=lambda script, config: script.section("One", "lead"))
    monkeypatch.setitem(LESSONS, "vanishing", brief)
    assert run(["vanishing", *TINY], "unrolled learn") == 0
    output = capsys.readouterr().out
    assert "page:    runs/learn-vanishing/page.html" in output
    assert (tmp_path / "runs/learn-vanishing/page.html").is_file()
    assert main(["learn", "vanishing", *TINY]) == 1
    assert "error: runs/learn-vanishing: holds a lesson already" in capsys.readouterr().err


def test_ctrl_c_prints_one_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(vanishing, "train_trial", interrupt)
    assert main(["learn", "vanishing", "--out", str(tmp_path / "a")]) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["vanishin"], r"'vanishin' is not one of .* \(did you mean 'vanishing'\?\)"),
        (["memory", "--distance", "3"], r"distance=3: must be at least 10"),
        (["gates", "--sead", "1"], r"--sead"),
        (["exploding", "--updates", "none"], r"--updates"),
    ],
)
def test_wrong_options_are_errors(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(words, "unrolled learn")


def test_help_lists_the_lessons(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"], "unrolled learn")
    output = capsys.readouterr().out
    assert all(f"  {word} " in output and lesson.shows in output for word, lesson in LESSONS.items())
