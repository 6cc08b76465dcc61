"""Random inputs of exported programs, and their comparison with the module that was exported."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from numerics import generator
from parity import assert_near
from unrolled.exporters.torch.interface import Program
from unrolled.exporters.torch.loop import LoopKind
from unrolled.exporters.torch.program import export_program

V = 9
"""Number of tokens in the vocabularies of these tests."""
SIZES = ((1, 1), (7, 3), (300, 1), (1, 5), (40, 5))
"""Numbers of steps and rows at which a program runs."""


def random_inputs(program: Program, steps: int, rows: int, seed: int = 0) -> dict[str, Tensor]:
    """Return random inputs, with lengths in 1..T and tokens in the vocabulary."""
    source = generator(seed)
    sizes = {"time": steps, "source": steps, "batch": rows, "characters": 4, "spellings": 6}
    inputs = {}
    for name, spec in program.inputs.items():
        shape = [sizes[n] if isinstance(n, str) else n for n in spec.shape]
        if name.endswith("lengths"):
            longest = sizes["characters" if name == "spelling_lengths" else "time"]
            inputs[name] = torch.randint(1, longest + 1, shape, generator=source)
        elif spec.dtype == torch.int64:
            highest = sizes["spellings"] if name == "kinds" else V
            inputs[name] = torch.randint(highest, shape, generator=source)
        elif spec.dtype == torch.bool:
            inputs[name] = torch.zeros(shape, dtype=torch.bool)
        else:
            inputs[name] = torch.rand(shape, generator=source, dtype=spec.dtype) * 2 - 1
    return inputs


def run_module(program: Program, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the outputs of the module itself, in evaluation mode."""
    program.model.eval()
    with torch.no_grad():
        outputs: dict[str, Tensor] = program.as_module()(**inputs)
    return outputs


def load(data: bytes) -> Any:
    """Return the function in the file of a program."""
    return torch.export.load(io.BytesIO(data)).module()


def assert_parity(
    program: Program,
    loop: LoopKind = "operator",
    *,
    sizes: Sequence[tuple[int, int]] = SIZES,
    within: float = 1e-5,
) -> Any:
    """Export the program, compare it with the module at several numbers of steps and rows, and return it."""
    exported = load(export_program(program, loop))
    for seed, (steps, rows) in enumerate(sizes):
        inputs = random_inputs(program, steps, rows, seed)
        outputs, expected = exported(**inputs), run_module(program, inputs)
        assert list(outputs) == list(expected)
        assert all(a.dtype == b.dtype for a, b in zip(outputs.values(), expected.values(), strict=True))
        assert_near(*([t.double() for t in ts.values()] for ts in (outputs, expected)), within=within)
    return exported
