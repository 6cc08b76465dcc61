"""Interrupted runs resume to the bits of an uninterrupted run."""

import json
import math
import os

import pytest

from unrolled import LanguageModel
from unrolled.errors import DataError, NonFiniteError, RunError
from unrolled.training import Callback
from unrolled.training.log import read_log

CONFIGURATIONS = {
    "dropout": {"epochs": 2, "layers": 2, "dropout": 0.3, "dropout_input": 0.2, "dropout_output": 0.2},
    "regularised": {
        "layers": 2,
        "dropout": 0.2,
        "locked": True,
        "dropout_weight": 0.2,
        "dropout_candidate": 0.1,
        "zoneout": 0.1,
        "zoneout_cell": 0.1,
        "optimizer": "sgd",
        "momentum": 0.5,
        "lr": 0.5,
        "schedule": "plateau",
    },
    "sentences": {
        "epochs": 3,
        "mode": "sentence",
        "tokenizer": "word",
        "min_frequency": 2,
        "dropout_output": 0.2,
    },
    "pieces": {"tokenizer": "bpe", "vocabulary": 280, "cell": "gru", "l2": 1e-4},
    "projection": {"projection": 5, "layers": 2, "optimizer": "rmsprop", "lr": 0.003},
    "skip": {"cell": "elman", "skip": 3, "embedding": 12, "tie_weights": True},
    "average": {
        "optimizer": "nt-asgd",
        "lr": 2.0,
        "average_after": 1,
        "schedule": "constant",
        "dropout_output": 0.2,
    },
    "rows": {"optimizer": "sgd", "lr": 2.0, "clip_norm": 0.25, "tokenizer": "word", "epochs": 3},
    "smoothed": {"label_smoothing": 0.1, "optimizer": "adamw", "weight_decay": 0.01},
    "adaptive": {"tokenizer": "word", "adaptive_softmax": (9,), "epochs": 3},
}
COMMON = {"epochs": 1, "validate_every": 9, "checkpoint_steps": 11, "checkpoint_minutes": 0.0}


class KilledError(Exception):
    pass


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


def comparable_files(folder):
    """Return the results that must not depend on interruptions: everything except times."""
    log = [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(folder / "metrics.jsonl")]
    result = json.loads((folder / "result.json").read_text())
    for key in ("training_seconds", "tokens_per_second"):
        result.pop(key)
    return log, result, (folder / "model.safetensors").read_bytes()


@pytest.fixture
def stopped_run(tmp_path, english_file, tiny_options):
    """A run that was killed at step 25, after a checkpoint at step 22."""
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options | COMMON).fit(
            english_file, out=tmp_path / "stopped", progress=StopAt(25)
        )
    return tmp_path / "stopped"


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_run_killed_twice_ends_with_the_same_bits(tmp_path, english_file, tiny_options, configuration):
    lm = LanguageModel(**tiny_options | COMMON | CONFIGURATIONS[configuration])
    lm.fit(english_file, out=tmp_path / "whole", progress=False)
    last_step = lm.result["steps"]
    folder = tmp_path / "stopped"
    with pytest.raises(KilledError):
        LanguageModel(lm.config).fit(english_file, out=folder, progress=StopAt(last_step // 4))
    with pytest.raises(KilledError):
        LanguageModel.resume(folder, progress=StopAt(last_step // 2 + 7))
    resumed = LanguageModel.resume(folder, progress=False)
    assert comparable_files(folder) == comparable_files(tmp_path / "whole")
    assert resumed.history[-1]["step"] == last_step
    assert LanguageModel.load(folder).generate("The ", 20) == resumed.generate("The ", 20)


def test_resuming_a_finished_run_changes_nothing(run_copy):
    before = comparable_files(run_copy)
    LanguageModel.resume(run_copy, progress=False)
    assert comparable_files(run_copy) == before


def test_a_run_resumes_from_another_working_directory(tmp_path, english_file, tiny_options, monkeypatch):
    monkeypatch.chdir(english_file.parent)
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options).fit(english_file.name, out=tmp_path / "run", progress=StopAt(5))
    monkeypatch.chdir(os.sep)
    assert LanguageModel.resume(tmp_path / "run", progress=False).result["steps"] > 5


@pytest.fixture
def killed_run_on_own_files(tmp_path, write_english, tiny_options):
    """A function that trains on new files, killed at step 25, and returns their folder."""
    (tmp_path / "text.txt").write_text(write_english(60))
    (tmp_path / "valid.txt").write_text(write_english(9, seed=1))

    def train(**sources):
        with pytest.raises(KilledError):
            LanguageModel(**tiny_options | COMMON).fit(
                tmp_path / "text.txt", out=tmp_path / "run", progress=StopAt(25), **sources
            )
        return tmp_path

    return train


def replace(path, old, new, last_step=False):
    text = path.read_text()
    start = text.rindex(old) if last_step else text.index(old)
    path.write_text(text[:start] + new + text[start + len(old) :])


def test_a_changed_training_text_is_refused(killed_run_on_own_files):
    folder = killed_run_on_own_files()
    replace(folder / "text.txt", "e", "a")
    with pytest.raises(DataError, match=r"text\.txt: has changed since .* began to learn from it"):
        LanguageModel.resume(folder / "run", progress=False)


def test_a_changed_held_out_part_is_refused(killed_run_on_own_files):
    folder = killed_run_on_own_files()
    replace(folder / "text.txt", "e", "a", last_step=True)  # in the held-out part
    with pytest.raises(DataError, match="has changed"):
        LanguageModel.resume(folder / "run", progress=False)


def test_a_changed_held_out_text_is_refused(tmp_path, killed_run_on_own_files):
    killed_run_on_own_files(valid=tmp_path / "valid.txt")
    replace(tmp_path / "valid.txt", "e", "a")
    with pytest.raises(DataError, match=r"valid\.txt: has changed"):
        LanguageModel.resume(tmp_path / "run", progress=False)


def test_a_missing_text_is_refused(killed_run_on_own_files):
    folder = killed_run_on_own_files()
    (folder / "text.txt").unlink()
    with pytest.raises(DataError, match=r"text\.txt: no such file"):
        LanguageModel.resume(folder / "run", progress=False)


def test_a_changed_configuration_is_refused(stopped_run):
    config = json.loads((stopped_run / "config.json").read_text())
    config["config"]["network"]["hidden"] = 13
    (stopped_run / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="checkpoint"):
        LanguageModel.resume(stopped_run, progress=False)


def test_a_missing_log_is_refused(stopped_run):
    (stopped_run / "metrics.jsonl").unlink()
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        LanguageModel.resume(stopped_run, progress=False)


def test_with_a_damaged_checkpoint_the_model_still_loads(stopped_run):
    path = stopped_run / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RunError, match=r"checkpoint\.safetensors: damaged"):
        LanguageModel.resume(stopped_run, progress=False)
    assert LanguageModel.load(stopped_run).generate("The ", 5)


def test_before_the_first_validation_there_is_no_model_to_load(tmp_path, english_file, tiny_options):
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options).fit(english_file, out=tmp_path / "run", progress=StopAt(2))
    with pytest.raises(RunError, match=r"model\.safetensors: missing"):
        LanguageModel.load(tmp_path / "run")
    assert LanguageModel.resume(tmp_path / "run", progress=False).result["steps"] > 2


def test_a_run_with_nan_keeps_its_best_model_and_last_checkpoint(tmp_path, english_file, tiny_options):
    options = tiny_options | COMMON
    LanguageModel(**options).fit(english_file, out=tmp_path / "whole", progress=False)
    folder = tmp_path / "broken"
    lm = LanguageModel(**options)

    class Poison(Callback):
        def on_step_end(self, progress, loss, lr):
            if progress.step == 25:
                lm.model.recurrent.weight_hh_l0.data[0, 0] = math.nan

    with pytest.raises(NonFiniteError, match=rf"step 26: .*recurrent\.weight_hh_l0.*{folder}"):
        lm.fit(english_file, out=folder, progress=Poison())
    loaded = LanguageModel.load(folder)
    assert all(bool(p.isfinite().all()) for p in loaded.model.parameters())
    assert math.isfinite(loaded.evaluate(english_file).nats)
    LanguageModel.resume(folder, progress=False)
    assert comparable_files(folder) == comparable_files(tmp_path / "whole")
