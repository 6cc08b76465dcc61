"""The layer as one ONNX node, run with ONNX Runtime."""

import contextlib
import importlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from unrolled.bench.sides import LayerCase, Side

ORDER = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""Indices of torch's gates in ONNX's order. GRU: z r h from r z n. LSTM: i o f c from i f g o."""
OPSET = 17


def make(case: LayerCase) -> Side:
    """Return the side of ONNX Runtime."""
    return OnnxSide(case)


class OnnxSide:
    """Side of ONNX Runtime, forward only."""

    def __init__(self, case: LayerCase) -> None:
        onnx = importlib.import_module("onnx")
        point = case.point
        weights = {name.removesuffix("_l0"): w for name, w in case.weights.items()}
        node, constants = recurrent_node(case.cell, weights, ["x", "W", "R", "B"], ["steps"])
        squeeze = onnx.helper.make_node("Squeeze", ["steps", "axis"], ["y"])
        constants["axis"] = torch.tensor([1])
        shapes = {"x": [point.steps, point.batch, point.input], "y": [point.steps, point.batch, point.hidden]}
        self._session = open_session([node, squeeze], constants, {"x": shapes["x"]}, {"y": shapes["y"]})
        self._inputs = {"x": case.x.numpy()}

    def __call__(self) -> None:
        """See :meth:`Side.__call__`."""
        self._session.run(["y"], self._inputs)

    def compute_tensors(self) -> dict[str, Tensor]:
        """See :meth:`Side.compute_tensors`."""
        return {"y": torch.from_numpy(self._session.run(["y"], self._inputs)[0])}


def recurrent_node(
    cell: str, weights: dict[str, Tensor], inputs: list[str], outputs: list[str]
) -> tuple[Any, dict[str, Tensor]]:
    """Return the ONNX node of a layer, and its constants W, R, B made from torch's weights.

    Args:
        cell: rnn, gru or lstm.
        weights: ``weight_ih``, ``weight_hh``, ``bias_ih``, ``bias_hh``.
        inputs: names of the node's inputs: x, W, R, B and optional further inputs.
        outputs: names of the node's outputs: y (T, 1, B, H), then the final states (1, B, H).
    """
    onnx = importlib.import_module("onnx")
    hidden = weights["weight_hh"].shape[1]
    options = {"linear_before_reset": 1} if cell == "gru" else {}
    node = onnx.helper.make_node(cell.upper(), inputs, outputs, hidden_size=hidden, **options)
    ordered = {name: _reorder(w, cell, hidden) for name, w in weights.items()}
    biases = torch.cat([ordered["bias_ih"], ordered["bias_hh"]])
    return node, {"W": ordered["weight_ih"][None], "R": ordered["weight_hh"][None], "B": biases[None]}


def open_session(
    nodes: list[Any],
    constants: dict[str, Tensor],
    inputs: dict[str, list[int]],
    outputs: dict[str, list[int]],
) -> Any:
    """Return a session for a graph of nodes; see :func:`build_model` and :func:`start_session`."""
    return start_session(build_model(nodes, constants, inputs, outputs))


def build_model(
    nodes: list[Any],
    constants: dict[str, Tensor],
    inputs: dict[str, list[int]],
    outputs: dict[str, list[int]],
) -> Any:
    """Return the ONNX model of a graph of nodes.

    ``inputs`` and ``outputs`` map names to shapes. The input ``tokens`` is int64; everything else is float32.
    """
    onnx = importlib.import_module("onnx")
    proto = onnx.TensorProto

    def declare(shapes: dict[str, list[int]]) -> list[Any]:
        types = {name: proto.INT64 if name == "tokens" else proto.FLOAT for name in shapes}
        return [onnx.helper.make_tensor_value_info(n, types[n], shape) for n, shape in shapes.items()]

    initializers = [onnx.numpy_helper.from_array(t.detach().numpy(), name) for name, t in constants.items()]
    graph = onnx.helper.make_graph(nodes, "layer", declare(inputs), declare(outputs), initializers)
    opset = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)


def quantise(model: Any) -> Any:
    """Return the model with the weights of its products in int8, by ONNX Runtime's dynamic quantisation."""
    onnx, quantization = importlib.import_module("onnx"), importlib.import_module("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "model.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, source)
        with muted("root"):  # advice to preprocess the model, which changes nothing in this graph
            quantization.quantize_dynamic(source, target, weight_type=quantization.QuantType.QInt8)
        return onnx.load(target)


@contextlib.contextmanager
def muted(logger: str) -> Iterator[None]:
    """Context manager: this logger prints no warnings."""
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def start_session(model: Any) -> Any:
    """Return a session for a model, with torch's number of threads."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    return runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _reorder(tensor: Tensor, cell: str, hidden: int) -> Tensor:
    """Return the tensor with its blocks of H rows in ONNX's gate order."""
    blocks = tensor.split(hidden)
    return torch.cat([blocks[gate] for gate in ORDER[cell]])
