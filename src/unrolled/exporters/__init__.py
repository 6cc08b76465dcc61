"""Exports: trained models and layers as ONNX graphs, C source, torch programs and plug-in files."""

from typing import Literal, get_args

Format = Literal["onnx", "c", "torch", "nam", "rtneural"]
FORMATS: tuple[Format, ...] = get_args(Format)
