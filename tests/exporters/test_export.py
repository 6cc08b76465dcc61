"""``unrolled export`` and ``ur.export``: folders that are whole or absent, options, errors."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch

import unrolled as ur
from numerics import needs_extension
from unrolled.errors import ExportError, RunError
from unrolled.exporters import folder as folders

pytest.importorskip("onnxruntime")


def test_a_layer_as_c_is_compared_with_the_module(tmp_path):
    result = ur.export(ur.GRU(3, 8), "c", tmp_path / "out", name="gru")
    assert {"gru.c", "gru.h", "Makefile", "check.c"} <= result.files.keys()
    assert result.facts["difference"] < 1e-5
    manifest = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (manifest["unrolled"], manifest["to"], manifest["model"]) == ("export", "c", "layer")
    assert set(manifest["files"]) == set(os.listdir(tmp_path / "out"))


def test_an_unfinished_export_leaves_nothing(tmp_path):
    with pytest.raises(ExportError, match="bidirectional layer has no single step"):
        ur.export(ur.GRU(3, 8, bidirectional=True), "c", tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_ctrl_c_leaves_the_earlier_export(tmp_path, monkeypatch):
    ur.export(ur.GRU(3, 8), "c", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("unrolled.exporters.export.write_manifest", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ur.export(ur.LSTM(3, 8), "c", tmp_path / "out", overwrite=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert os.listdir(tmp_path) == ["out"]


def test_only_an_export_is_overwritten(tmp_path):
    out = tmp_path / "out"
    ur.export(ur.GRU(3, 8), "c", out)
    with pytest.raises(RunError, match=r"holds an export already; .* --overwrite"):
        ur.export(ur.GRU(3, 8), "c", out)
    ur.export(ur.GRU(3, 8), "onnx", out, overwrite=True)
    assert set(os.listdir(out)) == {"model.onnx", "export.json"}
    (out / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"not an export \(it holds notes\.txt\)"):
        ur.export(ur.GRU(3, 8), "c", out, overwrite=True)
    (out / "notes.txt").unlink()
    (out / folders.MANIFEST).write_text("{")
    with pytest.raises(RunError, match="is not empty and not an export"):
        ur.export(ur.GRU(3, 8), "c", out, overwrite=True)


@pytest.mark.parametrize(
    ("to", "options", "message"),
    [
        ("onxx", {}, "to='onxx' is not one of onnx, c, torch, nam, rtneural.*did you mean 'onnx'"),
        (
            "torch",
            {"precision": "int8"},
            "precision='int8': to='torch' has no such option; onnx and c have it",
        ),
        ("onnx", {"weights": "file"}, "weights='file': to='onnx' has no such option; c has it"),
        ("c", {"precision": "int4"}, "precision='int4' is not one of float32, int8"),
        ("nam", {}, "audio plug-ins"),
    ],
)
def test_what_a_format_cannot_carry_is_an_error(tmp_path, to, options, message):
    with pytest.raises(ExportError, match=message):
        ur.export(ur.LSTM(1, 8), to, tmp_path / "out", **options)
    assert os.listdir(tmp_path) == []


def test_other_things_cannot_be_exported(tmp_path):
    with pytest.raises(
        ExportError, match="int cannot be exported: give a trained model, a run folder or a layer"
    ):
        ur.export(3, "c", tmp_path / "out")


class Amp(torch.nn.Module):
    """A model of an amplifier."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent, self.head = ur.LSTM(1, 8), torch.nn.Linear(8, 1)


@pytest.mark.parametrize(("to", "file"), [("nam", "model.nam"), ("rtneural", "model.json")])
def test_a_plug_in_model(tmp_path, to, file):
    ur.export(Amp(), to, tmp_path / "out")
    assert json.loads((tmp_path / "out" / file).read_text())


@needs_extension
@pytest.mark.parametrize("to", ["onnx", "c"])
def test_int8_says_what_it_costs(command, tmp_path, tiny_run, to):
    done = command("export", tiny_run, "--to", to, "--precision", "int8", "--out", tmp_path / "out")
    assert done.status == 0
    assert "held-out text: " in done.out
    facts = json.loads((tmp_path / "out" / "export.json").read_text())["facts"]
    assert abs(facts["cost"]) < 0.02


@needs_extension
def test_the_command_prints_files_and_the_next_step(command, tmp_path, tiny_run):
    done = command("export", tiny_run, "--to", "c", "--out", tmp_path / "out")
    assert done.status == 0
    assert "multiply-adds per step, largest difference" in done.out
    assert f"make -C {tmp_path / 'out'} check" in done.out
    check = subprocess.run(
        ["make", "-C", tmp_path / "out", "check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert "largest difference" in check.stdout
    words = ("export", tiny_run, "--to", "c", "--out", tmp_path / "out")
    assert "holds an export already" in command(*words).err
    assert command(*words, "--overwrite").status == 0  # what make built does not matter


def test_a_folder_that_is_no_run(command, tmp_path):
    done = command("export", tmp_path, "--to", "onnx", "--out", tmp_path / "out")
    assert done.status == 1
    assert done.err.startswith(f"error: {tmp_path}")
    assert not Path(tmp_path / "out").exists()
