"""``unrolled repeat`` over folds and seeds."""

import json

import pytest

from cases import write_labelled
from unrolled.cli import INTERRUPTED

OPTIONS = """
[config.network]
hidden = 6
embedding = 6
[config.training]
epochs = 5
batch = 8
threads = 1
[config.dropout]
dropout_input = 0.0
dropout_output = 0.0
[config.optimizer]
lr = 0.03
moving_average = 0.0
"""
LM = """
description = "for a start"
task = "lm"
[config.text]
tokenizer = "word"
[config.corpus]
mode = "sentence"
[config.network]
hidden = 6
embedding = 6
[config.training]
epochs = 1
"""


@pytest.fixture
def recipe(tmp_path):
    data, test = write_labelled(tmp_path), tmp_path / "test"
    test.mkdir()
    corpus = f'[config.corpus]\ndata = "{data}"\ntest = "{write_labelled(test, seed=3)}"\n'
    target = '[target]\nmetric = "accuracy"\non = "test"\nat_least = 0.5\n'
    path = tmp_path / "mine.toml"
    path.write_text(f'description = "mine"\ntask = "classify"\n{target}{corpus}{OPTIONS}')
    return path


@pytest.mark.slow
@pytest.mark.draws
def test_folds_are_trained_and_summarised(recipe, tmp_path, command):
    (tmp_path / "lm.toml").write_text(LM)
    words = [
        "repeat", "--recipe", recipe, "--out", tmp_path / "folds", "--folds", 3, "--jobs", 1, "--baseline",
        "--variant", "bidirectional=false", f"pretrain={tmp_path / 'lm.toml'}",
    ]  # fmt: skip
    first = command(*words)
    assert first.status == 0, first.err
    trials = [json.loads(line) for line in (tmp_path / "folds" / "trials.jsonl").read_text().splitlines()]
    assert len(trials) == 3 * 4
    assert {t["number"] for t in trials} == {1, 2, 3}
    without_pretraining = [t for t in trials if "pretrain" not in t["variant"]]
    assert all(t["scores"]["accuracy"] > 0.6 for t in without_pretraining)
    assert "accuracy over 3 folds" in first.out
    for expected in ("as it stands", "bidirectional=false", "pretrain=", "tf-idf regression"):
        assert expected in first.out
    assert (tmp_path / "folds" / "trials.png").stat().st_size > 5000
    # The same command again: all trials are done, and the table is the same.
    again = command(*words)
    table = first.out[first.out.index("accuracy over") : first.out.index("12 trials in")]
    assert again.out.startswith(table)
    assert "0 trials in 0.0 minutes" in again.out


def test_seeds_are_trained_and_summarised(recipe, tmp_path, command):
    done = command("repeat", "--recipe", recipe, "--out", tmp_path / "seeds", "--seeds", 2, "--jobs", 1)
    assert done.status == 0, done.err
    assert "accuracy over 2 seeds" in done.out
    runs = [tmp_path / "seeds" / "variant-0" / f"seed-{n}" for n in (1, 2)]
    configs = [json.loads((run / "config.json").read_text())["config"] for run in runs]
    assert [config["training"]["seed"] for config in configs] == [1, 2]
    assert [command("summary", run).status for run in runs] == [0, 0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --folds K (2 or more) or --seeds N"),
        (["--folds", 3, "--seeds", 2], "give --folds K (2 or more) or --seeds N"),
        (["--seeds", 2, "--baseline"], "--baseline works with --folds only"),
        (["--folds", 200, "--jobs", 1], "200 folds need as many examples of each label"),
        (["--folds", 2, "--metric", "acuracy"], "did you mean 'accuracy'"),
        (["--folds", 2, "--jobs", 1, "--variant", "hiden=3"], "did you mean 'hidden'"),
    ],
)
def test_wrong_options_are_refused(recipe, tmp_path, command, words, message):
    assert message in command("repeat", "--recipe", recipe, "--out", tmp_path / "x", *words).error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variant": "unknown"}, "trial 1 of variant 'unknown' is not in the plan"),
        ({"number": 9}, "trial 9 of variant 'as it stands' is not in the plan"),
        ({"scores": {}}, "trial 1 of variant 'as it stands' has no accuracy"),
    ],
)
def test_a_stored_trial_outside_the_plan_is_reported(recipe, tmp_path, command, monkeypatch, change, message):
    trial = {"variant": "as it stands", "number": 1, "scores": {"accuracy": 0.5}, "seconds": 1.0}

    def interrupt(jobs, count):
        raise KeyboardInterrupt

    monkeypatch.setattr("unrolled.experiments.repetition.run_all", interrupt)
    words = ("repeat", "--recipe", recipe, "--out", tmp_path / "out", "--seeds", 1, "--jobs", 1)
    stopped = command(*words)
    assert stopped.status == INTERRUPTED
    assert "the same command continues with the rest" in stopped.err
    (tmp_path / "out" / "trials.jsonl").write_text(json.dumps(trial | change) + "\n")
    error = command(*words).error
    assert "trials.jsonl: line 1 is damaged" in error
    assert message in error
    (tmp_path / "out" / "trials.jsonl").write_text(2 * (json.dumps(trial) + "\n"))
    assert "line 2 is damaged" in command(*words).error
