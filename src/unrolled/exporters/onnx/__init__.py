"""Models as ONNX files, for ONNX Runtime and whatever else reads them.

A graph takes its inputs and states by name, gives its outputs and the next states by name, and leaves the
number of rows and steps free. A standard cell becomes the operator LSTM, GRU or RNN; any other cell becomes a
Scan, printed from its step program, with the same inputs and outputs.
"""

from unrolled.exporters.onnx.check import Check
from unrolled.exporters.onnx.describe import describe, describe_layer
from unrolled.exporters.onnx.description import Description
from unrolled.exporters.onnx.export import OnnxExport, export_onnx

__all__ = ["Check", "Description", "OnnxExport", "describe", "describe_layer", "export_onnx"]


def __dir__() -> list[str]:
    return sorted(__all__)
