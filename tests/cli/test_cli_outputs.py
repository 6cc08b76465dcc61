"""Files and folders that commands write: files of other programs are left alone."""

import gzip
import json
import os
import stat
import threading

import numpy as np
import pytest

from cases import CASES
from unrolled.bench import driver as bench_driver
from unrolled.errors import RunError
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.repetition_folder import RepetitionFolder
from unrolled.storage.lock import FolderLock
from unrolled.synthetic import folder as learn_folder
from unrolled.tutorials import folder as lesson_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, modes and pipes of POSIX")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """The run folder of a classifier, and its data."""
    folder = tmp_path_factory.mktemp("classify")
    data = CASES["classify"].write(folder)
    options = {"hidden": 3, "embedding": 3, "max_steps": 3, "threads": 1}
    CASES["classify"].kind(**options).fit(data, out=folder / "run", progress=False)
    return folder / "run", data


def test_predictions_are_written_to_links_pipes_and_devices(tmp_path, labelled, command):
    run, data = labelled
    target, link, pipe, received = tmp_path / "target", tmp_path / "link", tmp_path / "pipe", []
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    for out in (link, pipe, os.devnull):
        assert command("predict", run, "--data", data, "--out", out).status == 0
    reader.join(10)
    assert link.is_symlink()
    assert received == [target.read_text()]
    assert received[0].count("\n") == 91
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_impossible_outputs_are_refused_before_the_work(tmp_path, command):
    long = tmp_path / ("x" * 256)
    words = [
        ("predict", "no run", "--data", "no data", "--out", long),
        ("vectors", "train", "--data", "no data", "--out", long),
        ("vectors", "plot", "no source", "--out", f"{long}.png"),
        ("ngram", "--data", "no data", "--out", long),
        ("compose", "no run", "--out", long),
        ("inspect", "no run", "--out", long),
        ("inspect", "no run", "--figures", long),
        ("train", "lm", "--data", "no data", "--out", long),
        ("resume", long),
        ("compare", "lm", "--data", "no data", "--out", long),
        ("learn", "adding", "--out", long),
        ("learn", "vanishing", "--out", long),
        ("bench", "step", "--out", long),
    ]
    for line in words:
        error = command(*line).error
        assert "File name too long" in error, line
    assert os.listdir(tmp_path) == []


FOLDERS = {
    "compare": ("plan.json", ("compare", "lm", "--data", "TEXT", "--models", "unigram")),
    "repeat": ("plan.json", ("repeat", "--recipe", "airline", "--seeds", 1)),
    "learn": ("result.json", ("learn", "adding")),
    "lesson": ("numbers.json", ("learn", "vanishing")),
    "bench": ("bench.json", ("bench", "step")),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_of_another_program_is_left_alone(tmp_path, english_file, command, snapshot, kind):
    name, words = FOLDERS[kind]
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / name).write_text('{"plan": "of another program"}')
    before = snapshot(folder)
    words = [english_file if word == "TEXT" else word for word in words]
    for extra in ((), () if kind == "bench" else ("--overwrite",)):
        assert str(folder) in command(*words, "--out", folder, *extra).error
    assert snapshot(folder) == before


@pytest.mark.parametrize("kind", FOLDERS)
def test_two_commands_in_one_folder_are_refused(tmp_path, english_file, command, kind):
    _, words = FOLDERS[kind]
    words = [english_file if word == "TEXT" else word for word in words]
    with FolderLock(tmp_path / "out"):
        assert f"is in use by process {os.getpid()} on " in command(*words, "--out", tmp_path / "out").error


def test_overwriting_a_comparison_removes_only_its_own_files(tmp_path, tiny_run):
    folder = tmp_path / "out"
    comparison = ComparisonFolder(folder, {"task": "lm", "config": {}, "budget": 1.0})
    comparison.outcomes.mkdir()
    others = tmp_path / "others"
    others.mkdir()
    for path in (
        comparison.outcomes / "notes.txt",
        comparison.outcomes / "theirs.safetensors",
        others / "model.safetensors",
    ):
        path.write_text("mine")
    (others / "config.json").write_text((tiny_run / "config.json").read_text())
    (folder / "runs").mkdir()
    (folder / "runs" / "linked").symlink_to(others)
    ComparisonFolder(folder, {"task": "lm", "config": {}, "budget": 2.0}, overwrite=True)
    assert sorted(os.listdir(comparison.outcomes)) == ["notes.txt", "theirs.safetensors"]
    assert sorted(os.listdir(others)) == ["config.json", "model.safetensors"]


def test_plans_of_earlier_versions_are_accepted(tmp_path):
    plan = {"recipe": {}, "folds": 3, "seeds": 0, "variants": []}
    for folder in (tmp_path / "trials", tmp_path / "comparison"):
        folder.mkdir()
    (tmp_path / "trials" / "plan.json").write_text(json.dumps(plan))
    assert RepetitionFolder(tmp_path / "trials", plan).done == []
    plan = {"task": "lm", "config": {}, "budget": 1.0}
    (tmp_path / "comparison" / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "comparison" / "outcomes").mkdir()
    ComparisonFolder(tmp_path / "comparison", plan)


def test_a_lesson_removes_only_the_figures_of_the_last_one(tmp_path):
    from matplotlib.figure import Figure

    from unrolled.pages import Chart, Page, Section

    def page(name):
        chart = Chart(name, "A chart", "It shows.", Figure(), {"x": np.arange(2)})
        return Page("A lesson", "on charts", {}, (), (Section("S", "", (chart,)),))

    folder = tmp_path / "lesson"
    for name in ("first", "second"):
        with lesson_folder.lock_output_folder(folder, overwrite=True):
            lesson_folder.write_lesson(page(name), folder)
        (folder / "figures" / "mine.png").write_text("mine")
    assert sorted(os.listdir(folder / "figures")) == ["mine.png", "second.png", "second.svg"]
    assert sorted(os.listdir(folder)) == ["figures", "numbers.json", "page.html"]
    (folder / "figures" / "third.svg").write_text("mine")
    with pytest.raises(RunError, match=r"third\.svg: was not written by unrolled, and a new figure"):
        lesson_folder.write_lesson(page("third"), folder)
    assert (folder / "figures" / "third.svg").read_text() == "mine"
    assert (folder / "figures" / "second.svg").exists()


def test_a_page_of_another_program_is_not_replaced(tmp_path):
    learned, lesson = tmp_path / "learned", tmp_path / "lesson"
    for folder, files, lock_output_folder, page in (
        (learned, {"result.json": {"unrolled": "learned"}}, learn_folder.lock_output_folder, "report.html"),
        (lesson, {"numbers.json": {"unrolled": "page"}}, lesson_folder.lock_output_folder, "page.html"),
    ):
        folder.mkdir()
        for name, values in files.items():
            (folder / name).write_text(json.dumps(values))
        with lock_output_folder(folder, overwrite=True):
            pass
        (folder / page).write_text("mine")
        with (
            pytest.raises(RunError, match=rf"{page}: was not written by unrolled"),
            lock_output_folder(folder, overwrite=True),
        ):
            pass
        assert (folder / page).read_text() == "mine"
        (folder / page).write_text('<meta name="generator" content="unrolled">')
        with lock_output_folder(folder, overwrite=True):
            pass


def test_a_plot_of_another_program_is_not_replaced(tmp_path):
    (tmp_path / "bench.png").write_text("mine")
    with (
        pytest.raises(RunError, match=r"bench\.png: was not written by a benchmark"),
        bench_driver.lock_output_folder(tmp_path),
    ):
        pass
    assert (tmp_path / "bench.png").read_text() == "mine"


def test_output_names_that_end_like_folders_are_refused(tmp_path, tiny_run, tiny_lm, english_file, command):
    path = tmp_path / "f.txt"
    path.write_text("old")
    for words in (
        ("predict", tiny_run, "--data", english_file, "--out"),
        ("compose", tiny_run, "--out"),
        ("ngram", "--data", english_file, "--overwrite", "--out"),
        ("vectors", "train", "--data", english_file, "--overwrite", "--out"),
        ("inspect", tiny_run, "--out"),
        ("inspect", tiny_run, "--numbers"),
    ):
        assert f"{path}/: ends like the name of a folder" in command(*words, f"{path}/").error
    assert path.read_text() == "old"


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
def test_gzipped_predictions_equal_plain_ones(tmp_path, labelled, command, ending):
    run, data = labelled
    plain, packed = tmp_path / f"p{ending}", tmp_path / f"p{ending}.gz"
    for out in (plain, packed):
        assert command("predict", run, "--data", data, "--out", out).status == 0
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()


def test_gzipped_translations_and_scores(tmp_path, command):
    options = {"hidden": 3, "embedding": 3, "max_steps": 2, "threads": 1}
    for task, verb, heads in (
        ("translate", "translate", b"source,output"),
        ("lm", "score", b"document,line"),
    ):
        data, run, out = CASES[task].write(tmp_path), tmp_path / task, tmp_path / f"{task}.csv.gz"
        CASES[task].kind(**options).fit(data, out=run, progress=False)
        lines = tmp_path / "lines.txt"
        lines.write_text("a b\n", encoding="utf-8")
        assert command(verb, run, "--data", lines, "--out", out).status == 0
        assert gzip.decompress(out.read_bytes()).startswith(heads)
