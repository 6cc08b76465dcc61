"""Every task with window networks instead of recurrent layers: trained, scored, saved and used."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import unrolled as ur
from cases import CASES
from unrolled.errors import ConfigError
from unrolled.training.tensor_files import read_tensors

CELLS = ["feed-forward", "tdnn"]
TASKS = ["lm", "classify", "tag", "forecast", "music"]


@pytest.mark.thin(4)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", TASKS)
def test_a_run_is_trained_loaded_and_scored(tmp_path, command, name: str, cell: str) -> None:
    case = CASES[name]
    data = case.write(tmp_path)
    task = case.kind(**case.options | {"cell": cell, "context": 3}).fit(
        data, out=tmp_path / "run", progress=False
    )
    losses = [r["loss"] for r in task.history if r["kind"] == "train"]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    loaded = ur.load(tmp_path / "run")
    assert loaded.config.cell.cell == cell
    scores = [json.loads(json.dumps(t.evaluate(data).to_json())) for t in (task, loaded)]
    assert scores[0] == scores[1]
    summary = command("summary", tmp_path / "run")
    assert summary.status == 0
    assert "recurrent.weight_l1 " in summary.out
    explained = command("explain", tmp_path / "run")
    assert explained.status == 0
    assert "aten (each window of 3 steps depends only on its input" in explained.out


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
@pytest.mark.parametrize("cell", CELLS)
def test_forecasting_in_stream_mode(tmp_path, cell: str, strategy: str) -> None:
    case = CASES["forecast"]
    options = case.options | {"cell": cell, "mode": "stream", "strategy": strategy, "epochs": 2}
    forecaster = ur.Forecaster(**options).fit(case.write(tmp_path), progress=False)
    assert np.isfinite(forecaster.evaluate(case.write(tmp_path)).to_json()["mae"])


@pytest.mark.parametrize("context", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_a_language_model_is_interrupted_resumed_and_generates(tmp_path, cell: str, context: int) -> None:
    """With a context of 1, the carried state in checkpoints is empty."""
    case = CASES["lm"]
    data, options = case.write(tmp_path), case.options | {"cell": cell, "context": context}

    class StopAt(ur.training.Callback):
        def on_step_end(self, progress: Any, *_: Any) -> None:
            if progress.step == 20:
                raise KeyboardInterrupt

    case.kind(**options).fit(data, out=tmp_path / "whole", progress=False)
    with pytest.raises(KeyboardInterrupt):
        case.kind(**options).fit(data, out=tmp_path / "run", progress=StopAt())
    carried = [n for n in read_tensors(tmp_path / "run" / "checkpoint.safetensors")[0] if "carried" in n]
    assert len(carried) == (0 if context == 1 else 2 if cell == "tdnn" else 1)
    lm = case.kind.resume(tmp_path / "run", progress=False)
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("run", "whole")]
    assert models[0] == models[1]
    text = lm.generate("The ", length=30, seed=1)
    assert len(text) == 30
    assert text == lm.generate("The ", length=30, seed=1)
    assert sum(p for _, p in lm.next("the ", top=1000)) == pytest.approx(1.0, abs=1e-5)
    assert len(lm.beam("the ", length=5, beams=3)) == 3


def test_a_language_model_ignores_tokens_before_its_window(tmp_path) -> None:
    case = CASES["lm"]
    options = case.options | {"cell": "tdnn", "context": 3, "max_steps": 20, "layers": 2}
    lm = case.kind(**options).fit(case.write(tmp_path), progress=False)
    assert lm.next("and the film") == lm.next("day the film")  # the last five characters are equal
    assert lm.next("a cold film") != lm.next("a cold filn")


def test_a_music_model_composes(tmp_path) -> None:
    case = CASES["music"]
    task = case.kind(**case.options | {"cell": "tdnn", "epochs": 2}).fit(case.write(tmp_path), progress=False)
    assert len(task.compose(12, seed=1)) == 12


def test_a_classifier_starts_from_a_language_model(tmp_path) -> None:
    text, labelled = CASES["lm"].write(tmp_path), CASES["classify"].write(tmp_path)
    lm = CASES["lm"].options | {"cell": "tdnn", "context": 3, "tokenizer": "word", "max_steps": 10}
    ur.LanguageModel(**lm).fit(text, out=tmp_path / "lm", progress=False)
    options = {"init_from": str(tmp_path / "lm"), "max_steps": 5, "threads": 1, "seed": 3}
    classifier = ur.Classifier(**options).fit(labelled, progress=False)
    assert classifier.config.cell.cell == "tdnn"
    assert classifier.config.cell.context == 3


@pytest.mark.parametrize("name", TASKS)
def test_bfloat16_is_refused_without_recurrent_layers(tmp_path, name: str) -> None:
    case = CASES[name]
    task = case.kind(**case.options | {"cell": "tdnn", "precision": "bfloat16"})
    with pytest.raises(ConfigError, match="compute in float32; use precision='full'"):
        task.fit(case.write(tmp_path), out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("cell", CELLS)
def test_a_translator_refuses_windows_before_reading_data(command, tmp_path, cell: str) -> None:
    with pytest.raises(ConfigError, match=f"cell='{cell}': the decoder begins with"):
        ur.Translator(cell=cell)
    error = command("train", "translate", "--data", "no.tsv", "--out", tmp_path / "run", "--cell", cell).error
    assert f"--cell {cell}: the decoder" in error
    assert "use lstm, gru, elman, jordan" in error


def test_an_estimator_with_the_alias_model_is_cloned() -> None:
    cloned = clone(ur.Classifier(model="tdnn", context=2))
    assert (cloned.config.cell.cell, cloned.config.cell.context) == ("tdnn", 2)
    assert cloned.set_params(model="gru", context=5).get_params()["cell"] == "gru"
    assert clone(cloned).config.cell.cell == "gru"
