"""Run files in the right format but with invalid values."""

import json
import math

import pytest
import torch

from unrolled.errors import RunError
from unrolled.tasks import LanguageModel
from unrolled.training.tensor_files import read_tensors, write_tensors


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("log_position", "x", "expected int, got str at log_position"),
        ("step", 10**30, "step"),
        ("position", 10**6, "batch 1000000 of"),
        ("best", [1], "best"),
        ("plateau", {"factor": None}, "plateau.factor"),
    ],
)
def test_invalid_progress_is_refused(run_copy, name, value, message):
    path = run_copy / "checkpoint.safetensors"
    tensors, meta = read_tensors(path)
    meta["progress"][name] = value
    write_tensors(path, tensors, meta)
    with pytest.raises(RunError, match=rf"checkpoint\.safetensors: does not belong to this run .*{message}"):
        LanguageModel.resume(run_copy, progress=False)


def test_nonfinite_weights_are_refused(run_copy):
    path = run_copy / "model.safetensors"
    tensors, meta = read_tensors(path)
    tensors["output.bias"][0] = math.nan
    write_tensors(path, tensors, meta)
    with pytest.raises(RunError, match=r"model\.safetensors: .*"):
        LanguageModel.load(run_copy)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", lambda v: v["facts"].update(sha256=3), "facts: .*sha256"),
        ("config.json", lambda v: v["artifacts"].update(unknown="many"), "artifacts: .*unknown"),
        ("config.json", lambda v: v["config"]["optimizer"].update(momentum="\ud800"), "momentum|surrogate"),
        ("config.json", lambda v: v["config"]["optimizer"].update(lr=1e300), "lr is out of range"),
        ("result.json", lambda v: v.update(steps="3"), "expected int, got str at steps"),
        ("tokenizer.json", lambda v: v.update(lowercase=3), "expected bool, got int at lowercase"),
        ("tokenizer.json", lambda v: v.update(extra=3), "extra"),
    ],
)
def test_values_of_another_type_are_refused(run_copy, file, change, message):
    values = json.loads((run_copy / file).read_text())
    change(values)
    (run_copy / file).write_text(json.dumps(values))
    config = json.loads((run_copy / "config.json").read_text())
    for key in ("unrolled", "sha256"):  # as in a run of an older version, so that no checksum fails first
        config.pop(key)
    (run_copy / "config.json").write_text(json.dumps(config))
    with pytest.raises((RunError, ValueError), match=message):
        LanguageModel.load(run_copy)


def test_generating_with_nan_weights_raises(tiny_run):
    lm = LanguageModel.load(tiny_run)
    with torch.no_grad():
        lm.model.output.bias.fill_(math.nan)
    with pytest.raises(ArithmeticError, match="no finite probabilities"):
        lm.generate("", 3)
