"""Errors of ``unrolled train`` for every task: one line that names what was wrong."""

import pytest

from cases import CASES
from unrolled.tasks import load

TASKS = [name for name in CASES if " " not in name]
"""One case per task."""


def train(command, case, data, out, *more):
    return command("train", CASES[case].verb, "--data", data, "--out", out, *CASES[case].flags, *more)


@pytest.mark.parametrize("case", TASKS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"a\0b\n", "is binary"),
        (b"caf\xe9,1\n", "is not UTF-8"),
    ],
    ids=["missing", "empty", "blank", "binary", "latin-1"],
)
def test_files_that_are_not_text_are_refused(command, tmp_path, case, content, message):
    path = CASES[case].write(tmp_path)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    error = train(command, case, path, tmp_path / "run").error
    assert message in error
    assert path.name in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("case", [name for name in TASKS if name != "lm"])  # lm accepts any text
def test_a_text_of_another_kind_is_refused(command, tmp_path, case):
    path = CASES[case].write(tmp_path)
    path.write_text("just\n", encoding="utf-8")
    assert path.name in train(command, case, path, tmp_path / "run").error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("case", TASKS)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--hidden", "-1"], "--hidden -1: must be at least 1"),
        (["--hidden", "many"], "hidden"),
        (["--hiden", "3"], "--hidden"),
        (["--cell", "lstn"], "did you mean 'lstm'"),
        (["--model", "lstn"], "--cell lstn: is not one of"),
        (["--model=gru", "--cell", "gru"], "--model is another name of --cell: give one of them"),
        (["--lr", "-1"], "--lr -1.0: must be a positive number"),
        (["--batch", "0"], "--batch 0: must be at least 1"),
        (["--recipe", "nothing"], "no recipe 'nothing'"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_wrong_options_are_refused(command, tmp_path, case, words, message):
    data = CASES[case].write(tmp_path)
    verb = CASES[case].verb
    assert message in command("train", verb, "--data", data, "--out", tmp_path / "run", *words).error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("case", TASKS)
def test_missing_data_or_folder_is_an_error(command, tmp_path, case):
    assert "give" in command("train", CASES[case].verb, "--out", tmp_path / "run").error
    assert "out" in command("train", CASES[case].verb, "--data", CASES[case].write(tmp_path)).error


@pytest.mark.parametrize("words", [["--model", "gru"], ["--model=gru"]], ids=" ".join)
@pytest.mark.parametrize("case", TASKS)
def test_model_is_an_alias_of_cell(command, tmp_path, case, words):
    data = CASES[case].write(tmp_path)
    trained = train(command, case, data, tmp_path / "run", "--max-steps", 2, *words)
    assert trained.status == 0, trained.err
    assert load(tmp_path / "run").config.cell.cell == "gru"


@pytest.mark.parametrize("case", TASKS)
def test_folders_with_other_files_are_refused(command, tmp_path, case):
    data = CASES[case].write(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"a")
    for out, message in ((tmp_path / "photos", "is not empty and not a run"), (data, "is a file")):
        assert message in train(command, case, data, out, "--overwrite").error
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == b"a"


@pytest.mark.parametrize("case", TASKS)
def test_a_recipe_of_another_task_names_its_command(command, tmp_path, case):
    name, verb = ("stdlib-demo", "lm") if case != "lm" else ("names", "classify")
    error = command("train", CASES[case].verb, "--recipe", name, "--out", tmp_path / "run").error
    assert f"recipe {name} is for another task; use: unrolled train {verb} --recipe {name}" in error


@pytest.mark.draws
@pytest.mark.parametrize("case", TASKS)
def test_commands_of_a_finished_run(command, tmp_path, case):
    data = CASES[case].write(tmp_path)
    trained = train(command, case, data, tmp_path / "run", "--max-steps", 4)
    assert trained.status == 0, trained.err
    assert f"run folder: {tmp_path / 'run'}" in trained.out
    for verb in ("resume", "summary", "explain"):
        shown = command(verb, tmp_path / "run")
        assert shown.status == 0, shown.err
    assert "total" in command("summary", tmp_path / "run").out
    assert command("evaluate", tmp_path / "run", "--data", data, "--json").status == 0
    assert "no such file" in command("evaluate", tmp_path / "run", "--data", tmp_path / "no.csv").error


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """``runs(task)`` returns the run folder and data of a tiny model, trained once."""
    trained = {}

    def run(task):
        if task not in trained:
            folder = tmp_path_factory.mktemp(task)
            data = CASES[task].write(folder)
            trained[task] = folder / "run", data
            CASES[task].fit(data, out=folder / "run")
        return trained[task]

    return run


@pytest.mark.parametrize("task", TASKS)
def test_errors_about_data_name_only_paths_and_options(command, runs, tmp_path, task):
    run, _ = runs(task)
    for verb in ("evaluate", "predict"):
        error = command(verb, run, "--data", tmp_path / "wrong.csv").error
        assert "list" not in error
        assert "[text]" not in error
        if verb == "evaluate":
            assert "wrong.csv" in error
            assert "no such file" in error


@pytest.mark.parametrize("task", [task for task in TASKS if task != "music"])
def test_a_comparison_without_data_asks_for_the_option(command, tmp_path, task):
    error = command("compare", task, "--out", tmp_path / "out").error
    assert "--data" in error
    assert "give data" not in error


@pytest.mark.parametrize(("task", "verbs"), [("lm", ("next", "generate", "score")), ("music", ("compose",))])
def test_predict_names_the_suitable_commands(command, runs, task, verbs):
    run, data = runs(task)
    error = command("predict", run, "--data", data).error
    assert all(f"unrolled {verb} RUN" in error for verb in verbs)


@pytest.mark.parametrize("task", TASKS)
def test_resuming_a_finished_run_says_that_it_is_finished(command, runs, task):
    run, _ = runs(task)
    done = command("resume", run)
    assert done.status == 0
    assert "the training is finished" in done.err
    assert "--epochs" in done.err
    longer = command("resume", run, "--max-steps", "200")
    assert longer.status == 0
    assert "finished" not in longer.err


def test_suggestions_need_a_similar_command(command):
    assert "did you mean" not in command("nope").error
    assert "did you mean 'inspect'" in command("inspct").error
