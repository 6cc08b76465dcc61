"""``unrolled compare``: every task, and errors."""

import numpy as np
import pandas as pd
import pytest

from cases import CASES, write_labelled, write_tagged
from unrolled import LanguageModel
from unrolled.experiments.ladders import get_ladder_class

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")
TINY = ("--hidden", "6", "--threads", "1", "--budget", "0.0005", "--batch", "8")
WORDS = ("--tokenizer", "word")
FLAGS = {
    "lm": (*TINY, *WORDS, "--min-frequency", "2", "--embedding", "6", "--steps", "9"),
    "classify": (*TINY, "--embedding", "6"),
    "tag": (*TINY, "--embedding", "6", "--word-column", "1", "--tag-column", "2", "--characters", "4"),
    "translate": (*TINY, *WORDS, "--embedding", "6"),
    "forecast": (*TINY, "--horizon", "7", "--window", "20"),
}
MODELS = {
    "lm": ("bigram", "gru", "gru+bigram"),
    "classify": ("most-frequent", "bigru"),
    "tag": ("majority", "gru"),
    "translate": ("copy", "gru+attention"),
    "forecast": ("seasonal-naive", "gru:hidden=5"),
}
EXPECTED_OUTPUT = {
    "lm": ("perplexity", "nats/token", "tokens/s", "to learn from"),
    "classify": ("accuracy %", "% wrong", "texts/s", "2 labels"),
    "tag": ("accuracy %", "% wrong", "words/s", "3 tags"),
    "translate": ("bleu", "chrF missing", "sentences/s", "pairs to learn from"),
    "forecast": ("mase", "error", "forecasts/s", "season 7"),
}


@pytest.fixture
def compare(command, tmp_path):
    """``compare(task, *words)`` runs the command on tiny data, into ``out`` in the same folder."""

    def run(task, *words, models=None):
        data = CASES[task].write(tmp_path)
        test = ("--test", data) if task == "tag" else ()
        model_flags = ("--models", *(models or MODELS[task]))
        head = ("compare", task, "--data", data, "--out", tmp_path / "out")
        return command(*head, *test, *FLAGS[task], *model_flags, *words)

    return run


@pytest.mark.parametrize("task", FLAGS)
def test_every_task_is_compared_and_continued(compare, task, tmp_path):
    done = compare(task)
    assert done.status == 0, done.err
    for expected in (*EXPECTED_OUTPUT[task], *MODELS[task]):
        assert expected in done.out, expected
    assert f"{len(MODELS[task])} of {len(MODELS[task])}: {MODELS[task][-1]}" in done.err
    out = tmp_path / "out"
    for name in ("table.md", "table.csv", "ladder.png"):
        assert str(out / name) in done.out
        assert (out / name).exists()
    # The same command again trains nothing and prints the same table.
    before = {path: path.stat().st_mtime_ns for path in out.glob("outcomes/*")}
    again = compare(task)
    assert again.out == done.out
    assert {path: path.stat().st_mtime_ns for path in out.glob("outcomes/*")} == before


def test_weights_of_mixtures_are_printed(compare):
    done = compare("lm")
    assert "gru+bigram: 0." in done.out
    assert "bigram: order 1" in done.out or "bigram" in done.out


def test_seeds_are_printed(compare):
    done = compare("lm", "--seeds", 2)
    assert "gru, seed 2 of 2" in done.err
    assert ": bigram, seed" not in done.err
    assert " ± " in done.out


def test_names_are_not_interpreted_as_markup(compare, tmp_path, command):
    data = CASES["lm"].write(tmp_path)
    folder = tmp_path / "[bold]"
    arguments = ("compare", "lm", "--data", data, *FLAGS["lm"])
    assert command(*arguments, "--out", folder / "[red]", "--models", "elman").status == 0
    assert command(*arguments, "--out", folder / "[red]", "--models", "elman", "tdnn").status == 0
    model = LanguageModel.load(folder / "[red]" / "runs" / "elman-1")
    from unrolled import NGram

    path = folder / "[red].arpa"
    NGram(2).fit(model.tokens(folder / "[red]" / "data" / "train.txt")).save_arpa(path)
    done = command(*arguments, "--out", folder / "[red]", "--models", path)
    assert done.status == 0, done.err
    assert "[red].arpa" in "".join(part.strip("│ ") for part in done.out.splitlines())


def test_general_help(command):
    done = command("compare", "--help")
    assert done.status == 0
    for flag in ("TASK", "--models", "--budget", "--seeds", "--metric", "--recipe", "--overwrite"):
        assert flag in done.out
    assert "--batch" not in done.out


@pytest.mark.parametrize("task", FLAGS)
def test_help_of_a_task(command, task):
    done = command("compare", task, "--help")
    assert done.status == 0
    for flag in ("--models", "--budget", "--hidden", "--batch", "--data"):
        assert flag in done.out


@pytest.mark.parametrize(
    ("task", "words", "message"),
    [
        ("lm", ["--models", "ltsm"], "models: 'ltsm' is no model of lm; there are unigram, bigram"),
        ("lm", ["--models", "ltsm"], "(did you mean 'lstm'?)"),
        ("lm", ["--models", "gru", "gru"], "models: 'gru' is given twice"),
        ("lm", ["--models", "nowhere.arpa"], "models: nowhere.arpa: no such file"),
        ("lm", ["--models", "gru:hidden=0"], "model 'gru:hidden=0': --hidden 0: must be at least 1"),
        ("classify", ["--models", "tf-df"], "(did you mean 'tf-idf'?)"),
        ("translate", ["--models", "tdnn"], "'tdnn' is no model of translate"),
        ("lm", ["--metric", "perplexty"], "metric 'perplexty': is not one of nats_per_token, perplexity"),
        ("lm", ["--metric", "perplexty"], "(did you mean 'perplexity'?)"),
        ("tag", ["--metric", "nats"], "metric 'nats': is not one of accuracy"),
        ("tag", ["--metric", "span_f1"], "mark no spans"),
        ("lm", ["--seeds", "0"], "--seeds 0: must be at least 1"),
        ("classify", ["--seeds", "11"], "--seeds 11: without test data there are at most 10"),
        ("lm", ["--budget", "0"], "--budget 0.0: must be a positive number of minutes"),
        ("lm", ["--budget", "inf"], "--budget inf: must be a positive number of minutes"),
        ("lm", ["--budget", "long"], "budget"),
        ("lm", ["--hiden", "3"], "--hiden"),
        ("lm", ["--horizon", "3"], "--horizon"),
        ("lm", ["--cell", "lstn"], "did you mean 'lstm'"),
        ("lm", ["--model", "lstm"], "model: give models, the names of the models"),
        ("lm", ["--seed", "3"], "seed: networks are trained with seeds 1, 2 …; give their number as seeds"),
        ("lm", ["--minutes=3"], "minutes: give budget"),
        ("lm", ["--recipe", "names"], "recipe 'names': is of task 'classify', not 'lm'"),
        ("lm", ["--recipe", "nothing"], "no recipe 'nothing'"),
        ("lm", ["--context", "3"], "--context 3 is an option of feed-forward and tdnn"),
        ("lm", ["--data", "typo.txt"], "typo.txt: no such file"),
        ("lm", ["--test", "typo.txt"], "typo.txt: no such file"),
        ("classify", ["--test", "typo.csv"], "typo.csv: no such file"),
        ("tag", ["--test", "typo.conllu"], "typo.conllu: no such file"),
        ("translate", ["--test", "typo.tsv"], "typo.tsv: no such file"),
        ("forecast", ["--data", "typo.csv"], "typo.csv: no such file"),
        ("forecast", ["--test-start", "tomorrow-ish"], "is not a time stamp"),
        ("forecast", ["--horizon", "-1"], "--horizon -1: must be at least 0"),
    ],
)
def test_wrong_options_are_errors_before_any_work(compare, tmp_path, task, words, message):
    model_names = words[1:] if words[0] == "--models" else None
    done = compare(task, *([] if model_names else words), models=model_names)
    error_lines = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert done.status == 1
    assert error_lines == [done.error]
    assert message in done.error
    assert not (tmp_path / "out" / "outcomes").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "compare: give a task first, one of lm, classify, tag, forecast, translate"),
        (["--task"], "compare: give a task first, one of"),
        (["--data", "x"], "compare: give a task first, one of"),
        (["language"], "task 'language': is not one of lm, classify"),
        (["music"], "task 'music': is not one of lm, classify"),
        (["taq"], "did you mean 'tag'?"),
        (["lm"], "--out"),
        (["--task", "lm"], "--out"),
        (["--task=lm"], "--out"),
    ],
)
def test_a_task_and_a_folder_must_be_named(command, words, message):
    done = command("compare", *words)
    assert done.status == 1
    assert message in done.error


@pytest.mark.parametrize("task", FLAGS)
def test_data_must_be_named(command, tmp_path, task):
    done = command("compare", task, "--out", tmp_path / "out")
    assert done.status == 1
    assert "give --data " in done.error
    assert "--recipe" in done.error


def test_short_texts(command, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("one\n")
    done = command("compare", "lm", "--data", path, "--out", tmp_path / "out")
    assert done.status == 1
    assert "short.txt: too short to split off 0.1 of it as a test" in done.error
    path.write_text("a b a b a\n" * 12)
    arguments = ("compare", "lm", "--data", path, "--out", tmp_path / "out", *WORDS)
    done = command(*arguments, "--models", "kn999")
    assert done.status == 0
    assert "no text is longer" in done.out


def test_folders_of_other_content_are_refused(compare, tmp_path):
    out = tmp_path / "out"
    out.write_text("mine")
    assert "is a file" in compare("lm").error
    out.unlink()
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    assert "is not empty and holds no comparison" in compare("lm", "--overwrite").error
    assert (out / "thesis.txt").read_text() == "mine"
    (out / "thesis.txt").unlink()
    assert compare("lm", models=["bigram"]).status == 0
    done = compare("lm", "--lr", "0.1", models=["bigram"])
    assert "holds another comparison (config of it differs)" in done.error
    assert "--overwrite" in done.error
    assert compare("lm", "--lr", "0.1", "--overwrite", models=["bigram"]).status == 0


def test_a_recipe_determines_the_comparison(command, tmp_path):
    data, test = write_labelled(tmp_path), tmp_path / "test"
    test.mkdir()
    options = "[config.network]\nhidden = 6\nembedding = 6\n[config.training]\nbatch = 8\nthreads = 1\n"
    corpus = f'[config.corpus]\ndata = "{data}"\ntest = "{write_labelled(test, seed=3)}"\n'
    recipe = tmp_path / "mine.toml"

    def write(metric):
        target = f'[target]\nmetric = "{metric}"\non = "test"\nat_least = 0.5\n'
        recipe.write_text(f'description = "mine"\ntask = "classify"\n{target}{corpus}{options}')

    arguments = ("compare", "classify", "--recipe", recipe, "--budget", "0.0005")
    models = ("--models", "most-frequent", "gru")
    write("macro_f1")
    done = command(*arguments, *models, "--out", tmp_path / "out")
    assert done.status == 0, done.err
    assert "macro f1 %" in done.out
    # If not every model has the metric of the recipe, the default metric is compared.
    write("nats")
    done = command(*arguments, *models, "--out", tmp_path / "out")
    assert done.status == 0, done.err
    assert "accuracy %" in done.out
    done = command(*arguments, *models, "--out", tmp_path / "out", "--metric", "macro_f1")
    assert "macro f1 %" in done.out


def test_an_interrupted_comparison_continues(compare, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "fit", interrupt)
        done = compare("lm")
    assert done.status == 130
    assert done.err.splitlines()[-1] == "interrupted"
    assert "the same command continues with the rest" in done.err
    assert "Traceback" not in done.err
    assert compare("lm").status == 0


def test_every_documented_task_has_a_ladder(command):
    for task in ("lm", "classify", "tag", "translate", "forecast"):
        assert get_ladder_class(task).task == task


def test_span_f1_of_span_tags(command, tmp_path):
    path = write_tagged(tmp_path)
    text = path.read_text()
    for tag, span in (("other", "O"), ("good", "B-good"), ("bad", "B-bad")):
        text = text.replace(f" {tag}\n", f" {span}\n")
    path.write_text(text)
    arguments = ("tag", "--data", path, "--test", path, "--metric", "span_f1")
    done = command("compare", *arguments, "--out", tmp_path / "out", *FLAGS["tag"], "--models", "majority")
    assert done.status == 0, done.err
    assert "span f1 %" in done.out
    assert "100.00" in done.out


@pytest.mark.parametrize("task", [task for task in FLAGS if task != "lm"])
def test_notes_about_the_data_are_printed_first_and_once(command, tmp_path, task):
    data = CASES[task].write(tmp_path)
    if task == "tag":
        data.write_text("the\tDET\ndog\tNOUN\n\na\tDET\ncat\t\n\n" * 20, encoding="utf-8")
    head = ("compare", task, "--data", data, "--out", tmp_path / "out", "--models", "elman", "gru")
    done = command(*head, "--hidden", "6", "--threads", "1", "--budget", "0.0003")
    assert done.status == 0, done.err
    before, _, after = done.err.partition("1 of 2: elman")
    notes = [line for line in before.splitlines() if "(--" in line]
    assert notes
    for note in notes:
        assert note not in after
    assert after.count("(--") == len({line for line in after.splitlines() if "(--" in line})
    table = pd.read_csv(tmp_path / "out" / "table.csv")
    assert (table["seconds"] > 0).all()
    assert not np.isclose(table["seconds"] * 10, np.round(table["seconds"] * 10)).all()
