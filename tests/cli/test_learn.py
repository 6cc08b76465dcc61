"""``unrolled learn PROBLEM``: output, files and errors."""

import json
from types import SimpleNamespace

import pytest

from unrolled.cli.learn import run
from unrolled.errors import ConfigError, RunError
from unrolled.synthetic.folder import LOG, PICTURE, REPORT, RESULT
from unrolled.synthetic.presets import PRESETS

TINY = ("--hidden", "6", "--batch", "8", "--updates", "12", "--held-out", "30", "--validate-every", "5")
TINY = (*TINY, "--threads", "1", "--distance", "6")
PROG = "unrolled learn"


@pytest.fixture
def learn(capsys):
    """``learn("recall", "--distance", 5)`` runs the command and returns its output."""

    def call(*words):
        capsys.readouterr()
        assert run([str(w) for w in words], PROG) == 0
        return capsys.readouterr()

    return call


@pytest.fixture
def without_report(monkeypatch):
    """Skip the page, which takes longer than the rest of a tiny training run."""
    page = SimpleNamespace(verdicts=())
    monkeypatch.setattr("unrolled.cli.learn.write_report", lambda learned, folder, stage: (folder, page))


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        pytest.param("adding", "baseline 0.1667 (always guessing the mean)", marks=pytest.mark.draws),
        ("copy", "baseline 0.7998 (guessing the symbols)"),
        ("recall", "baseline 2.0794 (chance)"),
    ],
)
def test_every_problem_is_trained_and_reported(learn, tmp_path, problem, shown):
    out = tmp_path / "new" / "run"
    captured = learn(problem, *TINY, "--out", out)
    (result, picture, *findings, report) = captured.out.splitlines()
    assert shown in result
    assert "not solved" in result
    assert "update 12 after" in result
    assert ("accuracy" in result) == (problem != "adding")
    assert "step 10: held-out" in captured.err
    assert "% of the loss without memory" in captured.err
    assert picture == f"picture: {out / PICTURE}"
    assert report == f"report:  {out / REPORT}"
    assert any("(recurrent.l0)" in line for line in findings)
    page = (out / REPORT).read_text(encoding="utf-8")
    assert f"{problem.capitalize()} at distance 6" in page
    assert "Not learnt" in page or "Partly learnt" in page
    written = json.loads((out / RESULT).read_text())
    assert written["updates"] == 12
    assert written["config"]["problem"] == problem
    assert written["config"]["size"]["distance"] == 6
    kinds = [json.loads(line)["kind"] for line in (out / LOG).read_text().splitlines()]
    assert kinds.count("valid") == 3
    assert kinds.count("train") == 12
    assert (out / PICTURE).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("problem", "name"), [(p, name) for p in PRESETS for name in PRESETS[p]])
def test_options_override_every_preset(learn, without_report, tmp_path, problem, name):
    learn(problem, "--preset", name, *TINY, "--out", tmp_path / "a", "--lr", "0.00123")
    config = json.loads((tmp_path / "a" / RESULT).read_text())["config"]
    assert config["optimizer"]["lr"] == 0.00123
    assert config["practice"]["updates"] == 12
    assert config["cell"]["chrono"] in (0, 6)  # chrono initialisation follows the distance


def test_a_given_cell_has_the_default_initialisation(learn, without_report, tmp_path):
    learn("recall", *TINY, "--cell", "gru", "--out", tmp_path / "a")
    cell = json.loads((tmp_path / "a" / RESULT).read_text())["config"]["cell"]
    assert (cell["cell"], cell["chrono"], cell["forget_bias"]) == ("gru", 0, None)


def test_a_result_is_replaced_only_with_overwrite(learn, without_report, tmp_path):
    out = tmp_path / "a"
    learn("recall", *TINY, "--out", out)
    before = (out / RESULT).read_bytes()
    with pytest.raises(RunError, match=r"holds a result already; choose another folder, or add --overwrite"):
        learn("recall", *TINY, "--out", out, "--seed", 1)
    assert (out / RESULT).read_bytes() == before
    learn("recall", *TINY, "--out", out, "--seed", 1, "--overwrite")
    assert (out / RESULT).read_bytes() != before


def test_a_folder_with_other_files_is_left_alone(learn, tmp_path):
    (tmp_path / "thesis.tex").write_text("!")
    with pytest.raises(RunError, match=r"is not empty \(it holds thesis.tex\)"):
        learn("recall", *TINY, "--out", tmp_path, "--overwrite")
    with pytest.raises(RunError, match=r"is a file"):
        learn("recall", *TINY, "--out", tmp_path / "thesis.tex")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), r"give one of adding, copy, recall"),
        (("ading",), r"'ading' is not one of adding, copy, recall.* \(did you mean 'adding'\?\)"),
        (("recall", "--preset", "lstn"), r"preset 'lstn': recall has .* \(did you mean 'lstm'\?\)"),
        (("recall", "--distance", "0"), r"distance=0: must be at least 1"),
        (("recall", "--distance", "far"), r"--distance 'far': is not a whole number"),
        (("adding", "--kinds", "3"), r"kinds=3 is an option of recall, not of adding"),
        (("recall", "--preset", "elman", "--chrono", "9"), r"chrono=9 is an option of lstm and gru"),
        (("recall", "--distence", "3"), r"--distence"),
        (("recall", "--updates", "0"), r"updates=0: must be at least 1"),
    ],
)
def test_wrong_options_are_errors(learn, words, message):
    with pytest.raises(ConfigError, match=message) as caught:
        learn(*words)
    assert "\n" not in str(caught.value)


def test_help_lists_problems_and_presets(learn, capsys):
    assert all(word in learn("--help").out for word in PRESETS)
    with pytest.raises(SystemExit):
        run(["recall", "--help"], PROG)
    output = " ".join(capsys.readouterr().out.split())
    assert all(f"--preset {name}" in output for name in PRESETS["recall"])
