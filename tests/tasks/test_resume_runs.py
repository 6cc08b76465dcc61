"""Stopped runs go on to the very bits of a run that never was."""

import json
import math
import os

import pytest

from unrolled import LanguageModel
from unrolled.errors import DataError, NonFiniteError, RunError
from unrolled.training import Watcher
from unrolled.training.log import read_log

KINDS = {
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


class StopAt(Watcher):
    def __init__(self, step):
        self.step = step

    def stepped(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


def essence(folder):
    """What must not depend on stops: all but clocks."""
    log = [{k: v for k, v in r.items() if k != "seconds"} for r in read_log(folder / "metrics.jsonl")]
    result = json.loads((folder / "result.json").read_text())
    for clock in ("training_seconds", "tokens_per_second"):
        result.pop(clock)
    return log, result, (folder / "model.safetensors").read_bytes()


@pytest.fixture
def stopped(tmp_path, english_file, tiny_options):
    """A run that was killed at step 25, after a checkpoint at step 22."""
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options | COMMON).fit(
            english_file, out=tmp_path / "stopped", progress=StopAt(25)
        )
    return tmp_path / "stopped"


@pytest.mark.parametrize("kind", KINDS)
def test_killed_twice_it_ends_with_the_same_bits(tmp_path, english_file, tiny_options, kind):
    lm = LanguageModel(**tiny_options | COMMON | KINDS[kind])
    lm.fit(english_file, out=tmp_path / "whole", progress=False)
    last = lm.result["steps"]
    folder = tmp_path / "stopped"
    with pytest.raises(KilledError):
        LanguageModel(lm.config).fit(english_file, out=folder, progress=StopAt(last // 4))
    with pytest.raises(KilledError):
        LanguageModel.resume(folder, progress=StopAt(last // 2 + 7))
    resumed = LanguageModel.resume(folder, progress=False)
    assert essence(folder) == essence(tmp_path / "whole")
    assert resumed.history[-1]["step"] == last
    assert LanguageModel.load(folder).generate("The ", 20) == resumed.generate("The ", 20)


def test_resuming_a_finished_run_changes_nothing(run_copy):
    before = essence(run_copy)
    LanguageModel.resume(run_copy, progress=False)
    assert essence(run_copy) == before


def test_it_may_be_resumed_from_another_folder(tmp_path, english_file, tiny_options, monkeypatch):
    monkeypatch.chdir(english_file.parent)
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options).fit(english_file.name, out=tmp_path / "run", progress=StopAt(5))
    monkeypatch.chdir(os.sep)
    assert LanguageModel.resume(tmp_path / "run", progress=False).result["steps"] > 5


@pytest.fixture
def own_text(tmp_path, write_english, tiny_options):
    """A run on files of its own, killed at step 25."""
    (tmp_path / "text.txt").write_text(write_english(60))
    (tmp_path / "valid.txt").write_text(write_english(9, seed=1))

    def train(**sources):
        with pytest.raises(KilledError):
            LanguageModel(**tiny_options | COMMON).fit(
                tmp_path / "text.txt", out=tmp_path / "run", progress=StopAt(25), **sources
            )
        return tmp_path

    return train


def replace(path, old, new, last=False):
    text = path.read_text()
    at = text.rindex(old) if last else text.index(old)
    path.write_text(text[:at] + new + text[at + len(old) :])


def test_a_changed_training_text_is_refused(own_text):
    folder = own_text()
    replace(folder / "text.txt", "e", "a")
    with pytest.raises(DataError, match=r"text\.txt: has changed since .* began to learn from it"):
        LanguageModel.resume(folder / "run", progress=False)


def test_a_changed_end_of_the_text_is_refused_too(own_text):
    folder = own_text()
    replace(folder / "text.txt", "e", "a", last=True)  # in the part that is held out
    with pytest.raises(DataError, match="has changed"):
        LanguageModel.resume(folder / "run", progress=False)


def test_a_changed_held_out_text_is_refused(tmp_path, own_text):
    own_text(valid=tmp_path / "valid.txt")
    replace(tmp_path / "valid.txt", "e", "a")
    with pytest.raises(DataError, match=r"valid\.txt: has changed"):
        LanguageModel.resume(tmp_path / "run", progress=False)


def test_a_missing_text_is_named(own_text):
    folder = own_text()
    (folder / "text.txt").unlink()
    with pytest.raises(DataError, match=r"text\.txt: no such file"):
        LanguageModel.resume(folder / "run", progress=False)


def test_a_model_that_is_no_longer_the_checkpoints_is_named(stopped):
    config = json.loads((stopped / "config.json").read_text())
    config["config"]["network"]["hidden"] = 13
    (stopped / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="checkpoint"):
        LanguageModel.resume(stopped, progress=False)


def test_a_lost_log_is_named(stopped):
    (stopped / "metrics.jsonl").unlink()
    with pytest.raises(RunError, match=r"metrics\.jsonl"):
        LanguageModel.resume(stopped, progress=False)


def test_a_damaged_checkpoint_is_named_and_the_model_still_loads(stopped):
    path = stopped / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RunError, match=r"checkpoint\.safetensors: damaged"):
        LanguageModel.resume(stopped, progress=False)
    assert LanguageModel.load(stopped).generate("The ", 5)


def test_a_run_stopped_before_its_first_validation_is_no_model_yet(tmp_path, english_file, tiny_options):
    with pytest.raises(KilledError):
        LanguageModel(**tiny_options).fit(english_file, out=tmp_path / "run", progress=StopAt(2))
    with pytest.raises(RunError, match=r"model\.safetensors: missing"):
        LanguageModel.load(tmp_path / "run")
    assert LanguageModel.resume(tmp_path / "run", progress=False).result["steps"] > 2


def test_a_run_that_broke_down_keeps_its_best_model_and_its_last_checkpoint(
    tmp_path, english_file, tiny_options
):
    options = tiny_options | COMMON
    LanguageModel(**options).fit(english_file, out=tmp_path / "whole", progress=False)
    folder = tmp_path / "broken"
    lm = LanguageModel(**options)

    class Poison(Watcher):
        def stepped(self, progress, loss, lr):
            if progress.step == 25:
                lm.model.recurrent.weight_hh_l0.data[0, 0] = math.nan

    with pytest.raises(NonFiniteError, match=rf"step 26: .*recurrent\.weight_hh_l0.*{folder}"):
        lm.fit(english_file, out=folder, progress=Poison())
    kept = LanguageModel.load(folder)
    assert all(bool(p.isfinite().all()) for p in kept.model.parameters())
    assert math.isfinite(kept.evaluate(english_file).nats)
    LanguageModel.resume(folder, progress=False)
    assert essence(folder) == essence(tmp_path / "whole")
