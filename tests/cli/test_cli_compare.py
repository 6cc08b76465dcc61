"""``unrolled compare``: every task, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from cases import CASES, write_labelled, write_tagged
from unrolled import LanguageModel
from unrolled.experiments.ladders import ladder_type

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
SHOWN = {
    "lm": ("perplexity", "nats/token", "tokens/s", "to learn from"),
    "classify": ("accuracy %", "% wrong", "texts/s", "2 labels"),
    "tag": ("accuracy %", "% wrong", "words/s", "3 tags"),
    "translate": ("bleu", "chrF missing", "sentences/s", "pairs to learn from"),
    "forecast": ("mase", "error", "forecasts/s", "season 7"),
}


@pytest.fixture
def compare(command, tmp_path):
    """``compare(task, *words)`` runs the command on tiny data, into ``out`` beside them."""

    def run(task, *words, models=None):
        data = CASES[task].write(tmp_path)
        test = ("--test", data) if task == "tag" else ()
        shown = ("--models", *(models or MODELS[task]))
        head = ("compare", task, "--data", data, "--out", tmp_path / "out")
        return command(*head, *test, *FLAGS[task], *shown, *words)

    return run


@pytest.mark.draws
@pytest.mark.parametrize("task", FLAGS)
def test_every_task(compare, task, tmp_path):
    found = compare(task)
    assert found.status == 0, found.err
    for shown in (*SHOWN[task], *MODELS[task]):
        assert shown in found.out, shown
    assert f"{len(MODELS[task])} of {len(MODELS[task])}: {MODELS[task][-1]}" in found.err
    out = tmp_path / "out"
    for name in ("table.md", "table.csv", "ladder.png"):
        assert str(out / name) in found.out
        assert (out / name).exists()
    # The same command again: nothing is trained, and the table is the same.
    before = {path: path.stat().st_mtime_ns for path in out.glob("outcomes/*")}
    again = compare(task)
    assert again.out == found.out
    assert {path: path.stat().st_mtime_ns for path in out.glob("outcomes/*")} == before


def test_the_figures_of_mixtures_are_explained(compare):
    found = compare("lm")
    assert "gru+bigram: 0." in found.out
    assert "bigram: order 1" in found.out or "bigram" in found.out


def test_seeds_are_told(compare):
    found = compare("lm", "--seeds", 2)
    assert "gru, seed 2 of 2" in found.err
    assert ": bigram, seed" not in found.err
    assert " ± " in found.out


def test_what_is_named_is_no_markup(compare, tmp_path, command):
    data = CASES["lm"].write(tmp_path)
    folder = tmp_path / "[bold]"
    arguments = ("compare", "lm", "--data", data, *FLAGS["lm"])
    assert command(*arguments, "--out", folder / "[red]", "--models", "elman").status == 0
    assert command(*arguments, "--out", folder / "[red]", "--models", "elman", "tdnn").status == 0
    model = LanguageModel.load(folder / "[red]" / "runs" / "elman-1")
    from unrolled import NGram

    path = folder / "[red].arpa"
    NGram(2).fit(model.tokens(folder / "[red]" / "data" / "train.txt")).save_arpa(path)
    found = command(*arguments, "--out", folder / "[red]", "--models", path)
    assert found.status == 0, found.err
    assert "[red].arpa" in "".join(part.strip("│ ") for part in found.out.splitlines())


def test_help(command):
    found = command("compare", "--help")
    assert found.status == 0
    for flag in ("TASK", "--models", "--budget", "--seeds", "--metric", "--recipe", "--overwrite"):
        assert flag in found.out
    assert "--batch" not in found.out


@pytest.mark.parametrize("task", FLAGS)
def test_help_of_a_task(command, task):
    found = command("compare", task, "--help")
    assert found.status == 0
    for flag in ("--models", "--budget", "--hidden", "--batch", "--data"):
        assert flag in found.out


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
def test_what_is_refused(compare, tmp_path, task, words, message):
    given = words[1:] if words[0] == "--models" else None
    found = compare(task, *([] if given else words), models=given)
    said = [line for line in found.err.splitlines() if line.startswith("error: ")]
    assert found.status == 1
    assert said == [found.error]
    assert message in found.error
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
    found = command("compare", *words)
    assert found.status == 1
    assert message in found.error


@pytest.mark.parametrize("task", FLAGS)
def test_data_must_be_named(command, tmp_path, task):
    found = command("compare", task, "--out", tmp_path / "out")
    assert found.status == 1
    assert "give --data " in found.error
    assert "--recipe" in found.error


def test_a_text_that_is_too_short(command, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("one\n")
    found = command("compare", "lm", "--data", path, "--out", tmp_path / "out")
    assert found.status == 1
    assert "short.txt: too short to split off 0.1 of it as a test" in found.error
    path.write_text("a b a b a\n" * 12)
    arguments = ("compare", "lm", "--data", path, "--out", tmp_path / "out", *WORDS)
    found = command(*arguments, "--models", "kn999")
    assert found.status == 0
    assert "no text is longer" in found.out


def test_wrong_folders(compare, tmp_path):
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
    found = compare("lm", "--lr", "0.1", models=["bigram"])
    assert "holds another comparison (config of it differs)" in found.error
    assert "--overwrite" in found.error
    assert compare("lm", "--lr", "0.1", "--overwrite", models=["bigram"]).status == 0


def test_a_recipe_says_what_is_compared(command, tmp_path):
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
    found = command(*arguments, *models, "--out", tmp_path / "out")
    assert found.status == 0, found.err
    assert "macro f1 %" in found.out
    # Of what not every model has a figure, the usual one is compared.
    write("nats")
    found = command(*arguments, *models, "--out", tmp_path / "out")
    assert found.status == 0, found.err
    assert "accuracy %" in found.out
    found = command(*arguments, *models, "--out", tmp_path / "out", "--metric", "macro_f1")
    assert "macro f1 %" in found.out


def test_interrupted(compare, monkeypatch):
    def stop(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "fit", stop)
        found = compare("lm")
    assert found.status == 130
    assert found.err.splitlines()[-1] == "interrupted"
    assert "the same command continues with the rest" in found.err
    assert "Traceback" not in found.err
    assert compare("lm").status == 0


def test_the_ladders_that_the_help_names_are_there(command):
    for task in ("lm", "classify", "tag", "translate", "forecast"):
        assert ladder_type(task).task == task


def test_tags_of_spans(command, tmp_path):
    path = write_tagged(tmp_path)
    text = path.read_text()
    for tag, span in (("other", "O"), ("good", "B-good"), ("bad", "B-bad")):
        text = text.replace(f" {tag}\n", f" {span}\n")
    path.write_text(text)
    arguments = ("tag", "--data", path, "--test", path, "--metric", "span_f1")
    found = command("compare", *arguments, "--out", tmp_path / "out", *FLAGS["tag"], "--models", "majority")
    assert found.status == 0, found.err
    assert "span f1 %" in found.out
    assert "100.00" in found.out


@pytest.mark.parametrize("task", [task for task in FLAGS if task != "lm"])
def test_notes_about_the_data_come_first_and_once(command, tmp_path, task):
    data = CASES[task].write(tmp_path)
    if task == "tag":
        data.write_text("the\tDET\ndog\tNOUN\n\na\tDET\ncat\t\n\n" * 20, encoding="utf-8")
    head = ("compare", task, "--data", data, "--out", tmp_path / "out", "--models", "elman", "gru")
    found = command(*head, "--hidden", "6", "--threads", "1", "--budget", "0.0003")
    assert found.status == 0, found.err
    before, _, after = found.err.partition("1 of 2: elman")
    notes = [line for line in before.splitlines() if "(--" in line]
    assert notes
    for note in notes:
        assert note not in after
    assert after.count("(--") == len({line for line in after.splitlines() if "(--" in line})
    table = pd.read_csv(tmp_path / "out" / "table.csv")
    assert (table["seconds"] > 0).all()
    assert not np.isclose(table["seconds"] * 10, np.round(table["seconds"] * 10)).all()
