"""Every cell × task × format: a trained model is exported, and the export compares itself with the model."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import unrolled as ur
from cases import CASES
from numerics import needs_extension
from unrolled.errors import ExportError

pytest.importorskip("onnxruntime")
pytestmark = needs_extension

CELLS = {
    "lstm": {"cell": "lstm", "peepholes": True},
    "gru": {"cell": "gru", "reset": "before"},
    "elman": {"cell": "elman", "layer_norm": True},
    "jordan": {"cell": "jordan"},
    "minlstm": {"cell": "minlstm", "zoneout": 0.1},
    "tdnn": {"cell": "tdnn", "context": 3},
}
TASKS = ("lm", "classify", "tag", "translate", "forecast", "music")
FORWARDS: dict[str, dict[str, Any]] = {"classify": {"bidirectional": False}, "tag": {"bidirectional": False}}
WITHOUT = {("translate", "c"): "more than one step"}
"""What a format cannot carry, with the error."""
FILES = {"onnx": ".onnx", "c": ".c", "torch": ".pt2"}


@pytest.mark.thin(6)
@pytest.mark.parametrize("to", FILES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("task", TASKS)
def test_a_trained_model_goes_out(tmp_path: Path, task: str, cell: str, to: Any) -> None:
    case = CASES[task]
    options = case.options | {"epochs": 1, "layers": 2, "dropout": 0.0} | CELLS[cell] | FORWARDS.get(task, {})
    if task == "translate" and cell == "tdnn":
        pytest.skip("a translator has no window network")
    model = replace(case, options=options).fit(case.write(tmp_path))
    if (task, to) in WITHOUT:
        with pytest.raises(ExportError, match=WITHOUT[task, to]):
            ur.export(model, to, tmp_path / "out")
        return
    result = ur.export(model, to, tmp_path / "out")
    assert [name for name in result.files if name.endswith(FILES[to])]
    assert to != "c" or result.facts["difference"] <= 1e-5
    assert json.loads((tmp_path / "out" / "export.json").read_text())["model"] == task
