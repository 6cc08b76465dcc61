"""Samples of a task's data for inspection: read as for scoring, cut to size, with token names."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import unrolled as ur
from cases import CASES, write_labelled
from unrolled.diagnostics.gradients import gradients
from unrolled.diagnostics.recording import record
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.tasks import load
from unrolled.tasks.base.sample import SampleSize

TASKS = ["lm", "classify", "tag", "translate", "forecast", "music"]
QUICK = {"epochs": 1, "max_steps": 2, "validate_every": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """``trained(name)`` returns the data of a task and the folder of a run on them."""
    cached = {}

    def run(name):
        if name not in cached:
            folder, case = tmp_path_factory.mktemp(name), CASES[name]
            data = case.write(folder)
            case.kind(**case.options | QUICK).fit(data, out=folder / "run", progress=False)
            cached[name] = data, folder / "run"
        return cached[name]

    return run


def record_losses(job, sample):
    """Return the step losses and the recording of a sample."""
    results = []

    def run():
        results.append(job.step_losses(sample.batch, None))
        return results[-1].losses

    return results, record(job.model, run)


@pytest.mark.parametrize("given_data", [False, True], ids=["held out", "given"])
@pytest.mark.parametrize("name", TASKS)
def test_samples_of_every_task_can_be_recorded(trained, name: str, given_data: bool) -> None:
    data, folder = trained(name)
    task = load(folder)
    job, sample = task.sample(data if given_data else None, rows=3, steps=6)
    (losses,), recording = record_losses(job, sample)
    top_passes = [p for p in recording.passes if p.name.startswith(losses.layers + ".")]
    assert {p.live.shape[1] for p in top_passes} == {3}
    assert {len(p.live) for p in top_passes} == {6}
    assert losses.losses.shape[1] == 3
    assert gradients(recording, times=losses.times).states
    assert sample.source == (str(data) if given_data else f"{data}, held-out part")
    if name == "music":
        assert sample.tokens is None
    else:
        assert [len(row) for row in sample.tokens] == top_passes[0].live.sum(0).tolist()
    assert task.model is job.model


@pytest.mark.parametrize("name", TASKS)
def test_sampling_and_recording_change_nothing(trained, name: str) -> None:
    data, folder = trained(name)
    task = load(folder)
    before, score = torch.get_rng_state(), task.evaluate(data).to_json()
    weights = {n: t.clone() for n, t in task.model.state_dict().items()}
    record_losses(*task.sample(rows=2, steps=5))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(t, weights[n]) for n, t in task.model.state_dict().items())
    clock = {"seconds": 0.0}
    assert json.dumps(task.evaluate(data).to_json() | clock) == json.dumps(score | clock)


def test_full_precision_is_restored_after_sampling(trained) -> None:
    lm = load(trained("lm")[1])
    training = dataclasses.replace(lm.config.training, precision="bfloat16")
    lm.config = dataclasses.replace(lm.config, training=training)
    job, sample = lm.sample(rows=2, steps=5)
    assert lm.model.precision == "full"
    assert record_losses(job, sample)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("size", [{"rows": 0}, {"steps": 0}, {"rows": -1}])
def test_sizes_below_one_are_refused(trained, name: str, size: dict) -> None:
    (option,) = size
    with pytest.raises(ConfigError, match=rf"{option}={size[option]}: must be at least 1"):
        load(trained(name)[1]).sample(**size)


@given(length=st.integers(1, 200), rows=st.integers(1, 20), steps=st.integers(1, 50))
def test_windows_are_within_the_series_and_disjoint(length: int, rows: int, steps: int) -> None:
    starts, width = SampleSize(rows, steps).windows(length)
    assert 1 <= len(starts) <= rows
    assert starts[0] == 0
    assert width == min(steps, length)
    assert starts[-1] == length - width or len(starts) == 1
    assert (np.diff(starts) >= width).all()
    assert len(starts) == rows or (len(starts) + 1) * width > length


# -- each task -------------------------------------------------------------------------------------


def test_tokens_of_a_sample_are_the_characters_of_the_text(trained, tmp_path) -> None:
    lm = load(trained("lm")[1])
    text = "The film was so fine. A kind day.\n" * 3
    (tmp_path / "text.txt").write_text(text)
    _, sample = lm.sample(tmp_path / "text.txt", rows=4, steps=10)
    rows = ["".join(row) for row in sample.tokens]
    # Read from <eos> on: the input of each step is the character before the one to predict.
    assert rows[0] == "<eos>" + text[:9]
    assert rows[-1] == text[-11:-1]
    assert len(rows) == 4
    assert sample.batch.reset_mask[:, 0].tolist() == [True] + [False] * 9
    assert not sample.batch.reset_mask[:, 1:].any()
    assert sample.batch.targets[-1, -1] == lm.tokenizer.encode("\n")[0]


def test_a_short_text_gives_one_short_window(trained, tmp_path) -> None:
    lm = load(trained("lm")[1])
    (tmp_path / "text.txt").write_text("a film")
    job, sample = lm.sample(tmp_path / "text.txt")
    assert sample.tokens == [["<eos>", *"a fil"]]
    assert job.step_losses(sample.batch, None).losses.shape == (6, 1)


def test_a_sentence_model_samples_sentences(tmp_path) -> None:
    data = CASES["lm"].write(tmp_path)
    options = CASES["lm"].options | QUICK | {"mode": "sentence", "tokenizer": "word", "min_frequency": 2}
    lm = ur.LanguageModel(**options).fit(data, progress=False)
    _, sample = lm.sample(data, rows=5, steps=4)
    vocabulary = lm.tokenizer.tokens
    lines = [[w if w in vocabulary else "<unk>" for w in s.split()] for s in data.read_text().split("\n")[:5]]
    assert sorted(sample.tokens) == sorted(["<eos>", *line][:4] for line in lines)
    # The target after the last word of a truncated sentence is its next word, not its end.
    next_words = [[vocabulary[i] for i in row if i >= 0] for row in sample.batch.targets.t().tolist()]
    assert sorted(next_words) == sorted([*line, "<eos>"][:4] for line in lines)


def test_bpe_tokens_are_shown_as_text(tmp_path) -> None:
    (tmp_path / "text.txt").write_text("où est l'été? " * 30)
    options = CASES["lm"].options | QUICK | {"tokenizer": "bpe", "vocabulary": 262}
    lm = ur.LanguageModel(**options).fit(tmp_path / "text.txt", progress=False)
    _, sample = lm.sample(rows=1, steps=20)
    assert "Ġ" not in "".join(sample.tokens[0])


def test_a_tagger_samples_the_words_of_the_file(trained) -> None:
    data, folder = trained("tag")
    _, sample = load(folder).sample(data, rows=4)
    blocks = data.read_text().strip().split("\n\n")[:4]
    words = [tuple(line.split()[0] for line in block.split("\n")) for block in blocks]
    assert sorted(map(tuple, sample.tokens)) == sorted(words)


def test_a_forecaster_names_steps_by_their_days(trained) -> None:
    data, folder = trained("forecast")
    _, sample = load(folder).sample(data, rows=2, steps=5)
    days = pd.read_csv(data)["day"].tolist()
    forecaster = load(folder)
    first = forecaster._reload_training_data().splits[0].series.first
    assert sample.tokens == [days[first : first + 5], days[-5:]]
    _, held_out = forecaster.sample(rows=2, steps=5)
    train_steps = forecaster._reload_training_data().splits[0].train_end
    assert held_out.tokens[0] == days[train_steps : train_steps + 5]


def test_direct_forecasters_and_ensembles_can_be_recorded(tmp_path) -> None:
    data = CASES["forecast"].write(tmp_path)
    for options in ({"strategy": "direct"}, {"members": 2}, {"mode": "stream"}):
        forecaster = ur.Forecaster(**CASES["forecast"].options | QUICK | options).fit(data, progress=False)
        job, sample = forecaster.sample(data, rows=3, steps=9)
        (losses,), recording = record_losses(job, sample)
        assert losses.losses.shape == (9, 3)
        assert bool((losses.losses.isfinite()).all())
        assert len(recording.passes) == 2 * options.get("members", 1)


def test_data_from_memory_must_be_given_again() -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(int(n), 3)).astype(np.float32) for n in rng.integers(4, 9, 30)]
    classifier = ur.Classifier(**{k: v for k, v in CASES["classify"].options.items() if k != "dropout_word"})
    classifier.fit(X, [i % 2 for i in range(30)], progress=False)
    with pytest.raises(RunError, match="trained on data from memory, which are gone; give data"):
        classifier.sample()


def test_samples_of_vectors_have_no_tokens(tmp_path) -> None:
    rows = [{"text": [[i, j] for j in range(3 + i % 4)], "label": "ab"[i % 2]} for i in range(40)]
    path = tmp_path / "numbers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {k: v for k, v in CASES["classify"].options.items() if k not in ("dropout_word", "embedding")}
    classifier = ur.Classifier(**options | QUICK).fit(path, progress=False)
    job, sample = classifier.sample(rows=3, steps=4)
    assert sample.tokens is None
    assert record_losses(job, sample)


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lm", "classify", "tag", "translate", "forecast", "music"])
def test_without_held_out_data_a_sample_needs_data(tmp_path, name: str) -> None:
    case = CASES[name]
    data = case.write(tmp_path)
    if name == "music":
        data.write_text(json.dumps(json.loads(data.read_text())["train"]))
    options = {k: v for k, v in case.options.items() if k != "test_start"} | QUICK | {"valid_fraction": 0.0}
    task = case.kind(**options).fit(data, progress=False)
    with pytest.raises(DataError, match="nothing was held out when this model was trained; give data"):
        task.sample()
    assert task.sample(data, rows=1)


def test_changed_data_are_refused(tmp_path) -> None:
    data = write_labelled(tmp_path)
    case = CASES["classify"]
    classifier = case.kind(**case.options | QUICK).fit(data, progress=False)
    case.change(data)
    with pytest.raises(DataError, match=r"labelled\.tsv: has changed since this model began to learn"):
        classifier.sample()


@pytest.mark.parametrize("name", TASKS)
def test_empty_data_are_refused(trained, tmp_path, name: str) -> None:
    data, folder = trained(name)
    empty = tmp_path / Path(data).name
    empty.write_text("")
    with pytest.raises(DataError, match=empty.name):
        load(folder).sample(empty)


def test_an_untrained_task_has_no_samples() -> None:
    with pytest.raises(RunError, match="has not been trained"):
        ur.LanguageModel().sample("text.txt")
