"""The export as a whole: metadata, errors, and the check in ONNX Runtime."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx.helper", reason="onnx is not installed")
pytest.importorskip("onnxruntime")

import onnx

from unrolled import __version__
from unrolled.cells import GRU, LSTM, Elman, MinLSTM
from unrolled.errors import ExportError
from unrolled.exporters.onnx import describe_layer, export_onnx
from unrolled.exporters.onnx import graph as graphs
from unrolled.exporters.onnx.check import Reference, Session
from unrolled.exporters.onnx.torch_reference import numpy_weights, torch_references
from unrolled.layers import Recurrent
from unrolled.models import CellConfig, DropoutConfig, NetworkConfig, RecurrentLanguageModel


@pytest.fixture
def layer() -> Recurrent:
    return Recurrent(5, 6, cell=GRU()).eval()


def test_metadata_and_axes(export: Callable):
    parts = (11, CellConfig("gru"), NetworkConfig(hidden=8, embedding=6), DropoutConfig())
    model = RecurrentLanguageModel(*parts)
    extras = {"tokenizer": '{"kind": "characters"}', "config": "{}"}
    file = export(model, metadata=extras).files["model"]
    metadata = Session(file).metadata
    assert metadata["task"] == "lm"
    assert metadata["version"] == __version__
    assert json.loads(metadata["details"]) == {"vocabulary": 11}
    assert json.loads(metadata["states"]) == [
        {"name": "h_l0", "next": "next_h_l0", "size": 8, "initial": 0.0}
    ]
    assert {name: metadata[name] for name in extras} == extras
    graph = onnx.load(file).graph
    shapes = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {
        "tokens": ["time", "batch"],
        "h_l0": ["batch", 8],
        "logits": ["time", "batch", 11],
        "next_h_l0": ["batch", 8],
    }
    assert all(value.doc_string for value in (*graph.input, *graph.output))


def test_the_check_reports_both_speeds(export: Callable, layer: Recurrent):
    (check,) = export(layer).checks
    times = (check.seconds, check.reference_seconds, check.step_seconds, check.reference_step_seconds)
    assert all(0 < seconds < 10 for seconds in times)
    assert check.difference < 1e-5 < check.scale
    assert check.rounding is None


def test_recorded_inputs_are_used(export: Callable, layer: Recurrent):
    inputs = {"x": np.ones((4, 2, 5), np.float32), "h_l0": np.zeros((2, 6), np.float32)}
    (check,) = export(layer, inputs={"model": inputs}).checks
    assert (check.steps, check.rows) == (4, 2)


def test_a_file_that_differs_from_the_model(tmp_path: Path, layer: Recurrent):
    description = describe_layer(layer)
    weights = numpy_weights(layer)
    weights["bias_hh_l0"] = weights["bias_hh_l0"] + 0.01
    with pytest.raises(ExportError, match=r"model.onnx differs from the model by 0.0\d+, more than 0.0001"):
        export_onnx(description, weights, tmp_path, references=torch_references(description, layer))


def test_nan_is_a_difference(tmp_path: Path):
    layer = Recurrent(5, 6, cell=MinLSTM()).eval()
    description, weights = describe_layer(layer), numpy_weights(layer)
    weights["bias_ih_l0"] = weights["bias_ih_l0"] * np.nan
    references = torch_references(description, layer)
    with pytest.raises(ExportError, match="differs from the model by nan"):
        export_onnx(description, weights, tmp_path, references=references)
    with pytest.raises(ExportError, match="gives NaN or infinity where the model gives numbers"):
        export_onnx(description, weights, tmp_path, references=references, precision="int8")


def test_integers_must_be_equal(tmp_path: Path, layer: Recurrent):
    description = describe_layer(layer)
    reference = torch_references(description, layer)["model"]

    def run(inputs: Any) -> Any:
        outputs = dict(reference.run(inputs))
        return outputs | {"y": np.zeros(outputs["y"].shape, np.int64)}

    with pytest.raises(ExportError, match=r"agrees with the model on 0.0% of the integer outputs"):
        export_onnx(description, numpy_weights(layer), tmp_path, references={"model": Reference(run)})


def test_another_shape_or_a_missing_output_is_a_difference(tmp_path: Path, layer: Recurrent):
    description, weights = describe_layer(layer), numpy_weights(layer)
    reference = Reference(lambda inputs: {"y": np.zeros((1, 2), np.float32), "next_h_l0": inputs["h_l0"]})
    with pytest.raises(ExportError, match=r"output 'y' of the graph has shape \(12, 3, 6\), .* \(1, 2\)"):
        export_onnx(description, weights, tmp_path, references={"model": reference})
    reference = Reference(lambda inputs: {"next_h_l0": inputs["h_l0"]})
    with pytest.raises(ExportError, match="the reference gives next_h_l0, but the graph y, next_h_l0"):
        export_onnx(description, weights, tmp_path, references={"model": reference})


def test_a_missing_weight_and_a_wrong_shape(tmp_path: Path, layer: Recurrent):
    description, weights = describe_layer(layer), numpy_weights(layer)
    with pytest.raises(ExportError, match="the model has no weight 'bias_ih_l0'"):
        export_onnx(description, {n: w for n, w in weights.items() if n != "bias_ih_l0"}, tmp_path)
    weights["weight_hh_l0"] = weights["weight_hh_l0"][:, :3]
    with pytest.raises(ExportError, match=r"weight 'weight_hh_l0' has shape \(18, 3\), but .* \(18, 6\)"):
        export_onnx(description, weights, tmp_path)


def test_a_model_in_training_mode(layer: Recurrent):
    with pytest.raises(ExportError, match=r"call model.eval\(\) first"):
        torch_references(describe_layer(layer), layer.train())


def test_a_model_that_is_too_large(tmp_path: Path, layer: Recurrent, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(graphs, "LARGEST_MODEL", 500)
    with pytest.raises(ExportError, match=r"model.onnx take 0.0 GB in float32, but .* at most 2 GB"):
        export_onnx(describe_layer(layer), numpy_weights(layer), tmp_path)


@pytest.mark.parametrize("cell", [LSTM(), GRU(), Elman(), LSTM(layer_norm=True)], ids=lambda c: c.name)
def test_int8_layers_are_small_and_close(export: Callable, tmp_path: Path, cell: Any):
    layer = Recurrent(64, 96, 2, cell=cell)
    exported = export(layer, precision="int8")
    weights = sum(array.nbytes for array in numpy_weights(layer).values())
    assert exported.files["model"].stat().st_size < weights / 4 + 40_000
    (check,) = exported.checks
    assert 0 < check.largest_difference < 0.15 * check.scale
    names = {"task", "graph", "version", "details", "states"}
    assert Session(exported.files["model"]).metadata.keys() == names


@pytest.mark.parametrize("tied", [False, True])
def test_an_int8_language_model(export: Callable, tied: bool):
    network = NetworkConfig(hidden=64, embedding=64, tie_weights=tied)
    parts = (200, CellConfig("gru"), network, DropoutConfig())
    exported = export(RecurrentLanguageModel(*parts), precision="int8")
    (check,) = exported.checks
    assert check.largest_difference < 0.1 * check.scale
    initializers = onnx.load(exported.files["model"]).graph.initializer
    types = {tensor.data_type for tensor in initializers if len(tensor.dims) > 1}
    assert types == {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}  # the table is unsigned


def test_an_export_without_a_reference_is_not_checked(tmp_path: Path, layer: Recurrent):
    exported = export_onnx(describe_layer(layer), numpy_weights(layer), tmp_path)
    assert exported.checks == ()
    assert exported.files == {"model": tmp_path / "model.onnx"}
