"""Run folders: saved, loaded, never overwritten by accident, and refused if damaged."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import unrolled
from unrolled import LanguageModel
from unrolled.errors import ConfigError, RunError


def have_equal_weights(a, b):
    initial_state, second_state = a.model.state_dict(), b.model.state_dict()
    return initial_state.keys() == second_state.keys() and all(
        torch.equal(initial_state[n], second_state[n]) for n in initial_state
    )


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


# -- saving and loading ----------------------------------------------------------------------------


def test_a_trained_run_has_all_files(tiny_run):
    file_names = sorted(p.name for p in tiny_run.iterdir())
    assert file_names == [
        "checkpoint.safetensors",
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
        "plots",
        "result.json",
        "tokenizer.json",
    ]
    image = (tiny_run / "plots" / "curves.png").read_bytes()
    assert image.startswith(b"\x89PNG")
    assert len(image) > 5000
    config = json.loads((tiny_run / "config.json").read_text())
    assert config["format"] == 2
    assert config["version"] == unrolled.__version__
    assert config["config"]["network"]["hidden"] == 12


@pytest.mark.parametrize(
    "options",
    [
        {"tokenizer": "bpe", "vocabulary": 280, "layers": 2},
        {"tokenizer": "word", "adaptive_softmax": (9,)},
    ],
    ids=["pieces", "adaptive"],
)
def test_a_saved_model_loads(tmp_path, english_file, tiny_options, options):
    lm = LanguageModel(**tiny_options | options | {"max_steps": 20}).fit(english_file, progress=False)
    lm.save(tmp_path / "deep" / "run")
    loaded = unrolled.load(str(tmp_path / "deep" / "run"))
    assert have_equal_weights(lm, loaded)
    assert loaded.config == lm.config
    assert loaded.data_info == lm.data_info
    assert loaded.result == lm.result
    assert loaded.generate("The ", 40, seed=3) == lm.generate("The ", 40, seed=3)
    assert loaded.evaluate(english_file) == lm.evaluate(english_file)
    assert not loaded.model.training


def test_a_moved_run_loads_as_after_training(tmp_path, english_file, tiny_options):
    lm = LanguageModel(**tiny_options).fit(english_file, out=tmp_path / "run", progress=False)
    moved_run = shutil.copytree(tmp_path / "run", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "run")
    loaded = LanguageModel.load(moved_run)
    assert have_equal_weights(lm, loaded)
    assert (loaded.history, loaded.result, loaded.data_info) == (lm.history, lm.result, lm.data_info)


def test_loading_leaves_the_rng_state_unchanged(tiny_run):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    LanguageModel.load(tiny_run)
    assert torch.equal(torch.rand(3), expected)


# -- overwriting -----------------------------------------------------------------------------------


def test_a_run_is_not_overwritten_by_default(run_copy, tiny_lm, english_file, snapshot, tiny_options):
    before = snapshot(run_copy)
    with pytest.raises(RunError, match=r"holds a run already; resume it .*--overwrite"):
        LanguageModel(**tiny_options).fit(english_file, out=run_copy, progress=False)
    with pytest.raises(RunError, match="holds a run already"):
        tiny_lm.save(run_copy)
    assert snapshot(run_copy) == before


def test_overwriting_replaces_all_files(run_copy, english_file, tiny_options):
    lm = LanguageModel(**tiny_options | {"hidden": 5, "max_steps": 4, "valid_fraction": 0.0})
    lm.fit(english_file, out=run_copy, overwrite=True, progress=False)
    loaded = LanguageModel.load(run_copy)
    assert loaded.config.network.hidden == 5
    assert loaded.result["steps"] == 4
    assert len(loaded.history) == 4
    assert have_equal_weights(lm, loaded)


def test_saving_over_a_run_removes_its_files(run_copy, english_file, tiny_options):
    lm = LanguageModel(**tiny_options | {"max_steps": 4}).fit(english_file, progress=False)
    lm.save(run_copy, overwrite=True)
    assert have_equal_weights(LanguageModel.load(run_copy), lm)
    assert not (run_copy / "checkpoint.safetensors").exists()
    with pytest.raises(RunError):
        LanguageModel.resume(run_copy, progress=False)


@pytest.mark.parametrize("overwrite", [False, True])
def test_other_folders_are_never_overwritten(tmp_path, english_file, tiny_options, overwrite):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "model.safetensors").write_text("mine")
    lm = LanguageModel(**tiny_options)
    with pytest.raises(RunError, match=r"not empty and not a run \(it holds model.safetensors\)"):
        lm.fit(english_file, out=folder, overwrite=overwrite, progress=False)
    assert (folder / "model.safetensors").read_text() == "mine"
    with pytest.raises(RunError, match="is a file"):
        lm.fit(english_file, out=english_file, overwrite=overwrite, progress=False)


def test_an_empty_folder_is_used(tmp_path, english_file, tiny_options):
    lm = LanguageModel(**tiny_options | {"max_steps": 3})
    lm.fit(english_file, out=tmp_path, progress=False)
    assert LanguageModel.load(tmp_path).result["steps"] == 3


def test_a_folder_that_cannot_be_created_is_refused(tmp_path, english_file, tiny_options):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="file"):
        LanguageModel(**tiny_options).fit(english_file, out=tmp_path / "file" / "run", progress=False)


# -- damage ----------------------------------------------------------------------------------------


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change_tensor_size(path):
    tensors = load_file(path)
    tensors["output.bias"] = torch.zeros(3)
    save_file(tensors, path)


def remove_tensor(path):
    tensors = load_file(path)
    del tensors["output.bias"]
    save_file(tensors, path)


DAMAGE = {
    "config missing": ("config.json", lambda p: p.unlink(), RunError, "missing"),
    "config cut": ("config.json", truncate, RunError, "config.json: damaged"),
    "config empty": ("config.json", lambda p: p.write_text("{}"), RunError, "no format number"),
    "newer format": (
        "config.json",
        lambda p: edit(p, lambda v: v.update(format=3)),
        RunError,
        r"newer unrolled \(format 3, this one reads 2\); upgrade",
    ),
    "older format": (
        "config.json",
        lambda p: edit(p, lambda v: v.update(format=1)),
        RunError,
        r"earlier unrolled \(format 1, this one reads 2\); train again",
    ),
    "format is text": (
        "config.json",
        lambda p: edit(p, lambda v: v.update(format="1")),
        RunError,
        "no format number",
    ),
    "another task": (
        "config.json",
        lambda p: edit(p, lambda v: v.update(task="tagger")),
        RunError,
        "holds a run of task 'tagger', not 'lm'",
    ),
    "config without config": (
        "config.json",
        lambda p: edit(p, lambda v: v.pop("config")),
        RunError,
        "damaged",
    ),
    "config without facts": (
        "config.json",
        lambda p: edit(p, lambda v: v.pop("facts")),
        RunError,
        "damaged",
    ),
    "facts are a list": (
        "config.json",
        lambda p: edit(p, lambda v: v.update(facts=[1, 2])),
        RunError,
        "damaged",
    ),
    "wrong type": (
        "config.json",
        lambda p: edit(p, lambda v: v["config"]["network"].update(hidden="12")),
        ConfigError,
        r"config\.json: .*network\.hidden",
    ),
    "unknown key": (
        "config.json",
        lambda p: edit(p, lambda v: v["config"]["network"].update(hiden=12)),
        ConfigError,
        r"config\.json: unknown key 'network\.hiden' \(did you mean 'hidden'",
    ),
    "tokenizer missing": ("tokenizer.json", lambda p: p.unlink(), RunError, "tokenizer.json: missing"),
    "tokenizer cut": ("tokenizer.json", truncate, RunError, "tokenizer.json: damaged"),
    "tokenizer of no kind": (
        "tokenizer.json",
        lambda p: edit(p, lambda v: v.update(error_type="morse")),
        RunError,
        "damaged",
    ),
    "tokenizer with doubles": (
        "tokenizer.json",
        lambda p: edit(p, lambda v: v["characters"].append("a")),
        RunError,
        "damaged",
    ),
    "tokenizer of another size": (
        "tokenizer.json",
        lambda p: edit(p, lambda v: v["characters"].append("Ж")),
        RunError,
        r"tokenizer\.json: damaged",
    ),
    "weights missing": ("model.safetensors", lambda p: p.unlink(), RunError, "safetensors: missing"),
    "weights cut": ("model.safetensors", truncate, RunError, "safetensors: damaged"),
    "weights of noise": (
        "model.safetensors",
        lambda p: p.write_bytes(b"PK\x03\x04" * 99),
        RunError,
        "safetensors: damaged",
    ),
    "another size": ("model.safetensors", change_tensor_size, RunError, r"does not fit config\.json"),
    "a tensor missing": ("model.safetensors", remove_tensor, RunError, r"does not fit config\.json"),
    "result cut": ("result.json", truncate, RunError, "result.json: damaged"),
    "log damaged": (
        "metrics.jsonl",
        lambda p: p.write_bytes(b"\x00\x00\n" + p.read_bytes()),
        RunError,
        "metrics.jsonl: damaged",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_files_are_refused(run_copy, case):
    name, damage, error_type, message = DAMAGE[case]
    damage(run_copy / name)
    with pytest.raises(error_type, match=message):
        LanguageModel.load(run_copy)


def test_other_folders_are_not_loaded(tmp_path, english_file):
    with pytest.raises(RunError, match="no such run folder"):
        LanguageModel.load(tmp_path / "nowhere")
    with pytest.raises(RunError, match="no such run folder"):
        LanguageModel.load(english_file)
    with pytest.raises(RunError, match=r"config\.json: missing; is .* made by unrolled"):
        LanguageModel.load(tmp_path)


def test_a_run_without_plots_result_and_log_still_loads(run_copy, tiny_lm):
    shutil.rmtree(run_copy / "plots")
    for name in ("result.json", "metrics.jsonl", "checkpoint.safetensors"):
        (run_copy / name).unlink()
    lm = LanguageModel.load(run_copy)
    assert have_equal_weights(lm, tiny_lm)
    assert (lm.history, lm.result) == ([], {})


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes, as Linux has them")
def test_a_folder_whose_name_is_not_utf8(tmp_path, tiny_lm, tiny_run, english_file, tiny_options):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xff\xe9n"))
    shutil.copytree(tiny_run, folder)
    assert LanguageModel.load(folder).generate("The ", 9) == tiny_lm.generate("The ", 9)
    LanguageModel.resume(folder, progress=False)
    pytest.importorskip("tensorboard")
    before = (folder / "config.json").read_bytes()
    new = LanguageModel(**tiny_options | {"max_steps": 3})
    with pytest.raises(RunError, match="TensorBoard needs a UTF-8 name"):
        new.fit(english_file, out=folder, overwrite=True, progress=False, watch=True)
    assert (folder / "config.json").read_bytes() == before
    assert (folder / "model.safetensors").exists()
