"""Export to programs of torch.export, compared with the module."""

from pathlib import Path

import torch
from torch import Tensor

from unrolled.errors import ExportError
from unrolled.exporters.options import ExportOptions
from unrolled.exporters.result import FormatResult
from unrolled.exporters.subject import Subject
from unrolled.exporters.torch.interface import Program, ProgramInput
from unrolled.exporters.torch.models import make_programs
from unrolled.exporters.torch.program import export_torch

TOLERANCE = 1e-4
SIZES = {"time": 7, "batch": 2, "source": 4, "characters": 3, "spellings": 5}
"""Sizes of the free axes in the comparison; torch.export saw other ones."""


def to_torch(subject: Subject, folder: Path, options: ExportOptions) -> FormatResult:
    """Write the programs of a model; see :func:`export_torch`.

    Raises:
        ExportError: also if a program differs from the module.
    """
    differences = {}
    for program in make_programs(subject.module):
        (path,) = export_torch(program, folder)
        differences[program.name] = _compare(program, path)
    lines = [f"{name}.pt2: largest difference {difference:.1e}" for name, difference in differences.items()]
    next_step = (
        'torch.export.load("{folder}/' + f'{next(iter(differences))}.pt2").module()   # without unrolled'
    )
    return FormatResult(tuple(lines), {"differences": differences}, next_step=next_step)


@torch.inference_mode()
def _compare(program: Program, path: Path) -> float:
    """Return the largest difference between a file and the module."""
    generator = torch.Generator().manual_seed(0)
    inputs = {name: _draw(value, generator) for name, value in program.inputs.items()}
    expected = program.compute(program.model, inputs)
    outputs = torch.export.load(path).module()(**inputs)
    floats = [name for name, tensor in expected.items() if tensor.is_floating_point()]
    difference = max(float((outputs[name] - expected[name]).abs().max()) for name in floats)
    if not difference <= TOLERANCE:  # NaN fails too
        raise ExportError(f"{path.name} differs from the model by {difference:.2g}, more than {TOLERANCE:g}")
    return difference


def _draw(value: ProgramInput, generator: torch.Generator) -> Tensor:
    """Return random numbers; whole numbers are 1, a valid token and length everywhere; nothing is padding."""
    shape = [SIZES[axis] if isinstance(axis, str) else axis for axis in value.shape]
    if value.dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(value.dtype)
    return torch.full(shape, value.dtype != torch.bool, dtype=value.dtype)
