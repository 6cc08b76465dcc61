"""Weights and products in 8 bits."""

import tempfile
from pathlib import Path
from typing import Any

from unrolled.extras import extra

with extra("onnx", "the ONNX export"):
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

PREPARED = "onnx.quant.pre_process"
"""Metadata that tells ONNX Runtime not to warn that a model was not prepared by its own tool."""


def quantize(model: Any) -> Any:
    """Return a model whose matrices are int8 with one scale a column, for ONNX Runtime.

    Vectors are quantised at run time, with one scale for all rows of a product: the result of a row depends
    a little on the other rows and steps that are computed with it.
    """
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    prepared.metadata_props.add(key=PREPARED, value="onnxruntime.quant")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "int8.onnx"
        quantize_dynamic(
            prepared,
            file,
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"EnableSubgraph": True},  # the bodies of Scans
        )
        quantized = onnx.load(file)
    del quantized.metadata_props[:]
    quantized.metadata_props.extend(model.metadata_props)
    return quantized
