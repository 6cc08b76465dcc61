"""``unrolled inspect``: a page about a run, and errors in one line."""

import json
from pathlib import Path

import pytest

from cases import CASES
from unrolled.cli.main import main

SMALL = ["--rows", "2", "--steps", "10", "--long-steps", "30", "--samples", "4", "--targets", "4"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    CASES["lm"].fit(CASES["lm"].write(folder), out=folder / "run")
    return folder / "run"


def test_a_run_becomes_a_page(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, numbers = tmp_path / "page.html", tmp_path / "numbers.json"
    assert main(["inspect", str(run_folder), "--out", str(out), "--numbers", str(numbers), *SMALL]) == 0
    output = capsys.readouterr().out
    assert f"report: {out}" in output
    assert "(recurrent.l0)" in output
    text = out.read_text(encoding="utf-8")
    for words in ("Gradients through time", "States over the text", "Memory in practice", "LSTM 6 → 10"):
        assert words in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert json.loads(numbers.read_text())


@pytest.mark.slow
def test_by_default_the_page_is_in_the_run_folder(run_folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "other.txt"
    text.write_text("The film was warm and bright.\nA dull day was so grim.\n" * 5, encoding="utf-8")
    assert main(["inspect", str(run_folder), "--data", str(text), *SMALL]) == 0
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "other.txt" in page


@pytest.mark.slow
def test_a_text_of_one_character_is_inspected(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("a", encoding="utf-8")
    out = tmp_path / "page.html"
    words = ["--data", str(tmp_path / "one.txt"), "--out", str(out)]
    assert main(["inspect", str(run_folder), *words, *SMALL]) == 0
    assert "Too short to tell" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], r"nowhere: no such run folder"),
        (["RUN", "--data", "nowhere.txt"], r"nowhere.txt"),
        (["RUN", "--out", "no/where/page.html"], r"the folder no/where does not exist"),
        (["RUN", "--numbers", "no/where/numbers.json"], r"the folder no/where does not exist"),
        (["RUN", "--out", "."], r".: is a folder; give a file"),
        (["RUN", "--figures", __file__], r"test_inspect.py: is a file; give a folder"),
        (["RUN", "--rows", "0"], r"--rows 0: must be at least 1"),
        (["RUN", "--row", "3"], r"--row"),
    ],
)
def test_errors_are_one_line(
    words: list[str], message: str, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", *(str(run_folder) if w == "RUN" else w for w in words)]) == 1
    error = capsys.readouterr().err.strip()
    assert message in error
    assert error.startswith("error: ")
    assert "\n" not in error


def test_a_network_without_recurrent_state_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CASES["lm tdnn"].fit(CASES["lm tdnn"].write(tmp_path), out=tmp_path / "run")
    assert main(["inspect", str(tmp_path / "run"), *SMALL]) == 1
    assert "reads windows and has no recurrent state" in capsys.readouterr().err
