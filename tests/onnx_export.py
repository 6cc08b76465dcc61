"""Export a model, check it in ONNX Runtime, and look at its graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Any]:
    """``export(model, inputs=…)`` exports a layer or model and compares it with torch."""
    from unrolled.exporters.onnx import describe, export_onnx
    from unrolled.exporters.onnx.torch_reference import numpy_weights, torch_references

    def run(model: nn.Module, description: Any = None, **options: Any) -> Any:
        description = description or describe(model)
        references = torch_references(description, model.eval())
        return export_onnx(description, numpy_weights(model), tmp_path, references=references, **options)

    return run


@pytest.fixture
def operators() -> Callable[[Path], list[str]]:
    """``operators(file)`` returns the operator of each node of a file, without those in bodies."""
    import onnx

    return lambda file: [node.op_type for node in onnx.load(file).graph.node]
