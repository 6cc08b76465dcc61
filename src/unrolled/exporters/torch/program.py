"""Programs of torch.export: a model in a file that torch runs without this package.

A program takes and returns tensors by name. Each state is an input and an output. The numbers of steps and
rows may differ from call to call::

    program = torch.export.load("language_model.pt2").module()
    state = {"h": torch.zeros(1, 1, 256), "c": torch.zeros(1, 1, 256)}
    state = program(tokens=tokens, **state)
    logits = state.pop("logits")
"""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.export import ExportedProgram
from torch.fx import GraphModule

from unrolled.atomic import write_atomically
from unrolled.backends import Choice
from unrolled.errors import ExportError, UnrolledError
from unrolled.exporters.torch.interface import Program
from unrolled.exporters.torch.loop import ExportLoop, LoopKind
from unrolled.exporters.torch.models import make_programs
from unrolled.exporters.torch.operators import dynamic_operators
from unrolled.layers import Recurrent
from unrolled.layers.single_step import SingleStep


def export_torch(
    model: nn.Module | Program, folder: str | Path, *, loop: LoopKind = "operator"
) -> list[Path]:
    """Write the programs of a model as ``<name>.pt2`` in a folder, for ``torch.export.load``.

    They compute what the model computes in evaluation mode, in the dtype of its parameters.

    Args:
        model: a layer or model of this package, or a :class:`Program` of any module that contains layers.
        folder: an existing folder; files of the same names are replaced.
        loop: ``"operator"`` runs RNN, LSTM and GRU with torch's own operator, which is the fastest if Python
            runs the program. ``"scan"`` runs all cells with torch's ``scan``, for compilers (AOTInductor).

    Returns:
        The files written.

    Raises:
        ExportError: if torch cannot export the model, for example a cell whose step branches on values, or
            the model is not on the CPU.
        RunError: if a file cannot be written.
    """
    programs = [model] if isinstance(model, Program) else make_programs(model)
    files = {Path(folder) / f"{p.name}.pt2": export_program(p, loop) for p in programs}
    for path, data in files.items():
        write_atomically(path, data)
    return list(files)


def export_program(program: Program, loop: LoopKind = "operator") -> bytes:
    """Return the file of one program; see :func:`export_torch`."""
    module, file = program.as_module(), io.BytesIO()
    devices = {str(tensor.device) for tensor in (*module.parameters(), *module.buffers())} - {"cpu"}
    if devices:
        raise ExportError(
            f"the model is on {', '.join(sorted(devices))}: move it to the CPU first, model.cpu()"
        )
    examples = {name: value.example for name, value in program.inputs.items()}
    axes = {name: value.dynamic_axes for name, value in program.inputs.items()}
    with _exporting(module, ExportLoop(loop)):
        try:
            exported = torch.export.export(module, (), examples, dynamic_shapes=axes, strict=False)
        except UnrolledError:
            raise
        except Exception as error:  # torch raises many types
            reason = re.split(r"! For more|\n", str(error).strip(), maxsplit=1)[0]
            raise ExportError(
                f"torch.export cannot trace {program.name}: {reason}; a cell's step must be torch operations "
                "that depend neither on values nor on the number of rows"
            ) from error
        _remove_paths(exported)
        torch.export.save(exported, file)
    return file.getvalue()


def _remove_paths(exported: ExportedProgram) -> None:
    """Remove the stack traces of the graph, which contain paths of this machine."""
    for graph_module in exported.graph_module.modules():
        if isinstance(graph_module, GraphModule):
            for node in graph_module.graph.nodes:
                node.meta.pop("stack_trace", None)


@contextlib.contextmanager
def _exporting(module: nn.Module, loop: ExportLoop) -> Iterator[None]:
    """Make a module ready for tracing, and undo it at the end.

    It runs in evaluation mode, its recurrent layers with ``loop``. Its parameters need no gradient: otherwise
    ``scan`` would trace its backward pass whenever a program runs outside of ``torch.no_grad()``.
    """
    layers = [m for m in module.modules() if isinstance(m, (Recurrent, SingleStep))]
    training = [(m, m.training) for m in module.modules()]
    trained = [p for p in module.parameters() if p.requires_grad]
    ran = [(m, m.__dict__["_ran"]) for m in layers if "_ran" in m.__dict__]
    choice = Choice(loop, "exported")
    try:
        module.eval().requires_grad_(False)
        for layer in layers:
            layer.__dict__["_choose_backend"] = lambda requirements: choice
        with dynamic_operators(), torch.no_grad():
            yield
    finally:
        for layer in layers:
            layer.__dict__.pop("_choose_backend", None)
        for layer, earlier in ran:
            layer.__dict__["_ran"] = earlier
        for m, mode in training:
            m.training = mode
        for p in trained:
            p.requires_grad_(True)
