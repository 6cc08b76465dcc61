"""Export models as C, compile them, and run them in this process."""

import ctypes
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from unrolled.exporters.c import Report, export_c
from unrolled.layers.program_spec import layer_program, spec_of
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, add_stack
from unrolled.programs.program import Program

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


def tool(name: str) -> str:
    """Return the path of a program; skip the test without it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run(*command: object, folder: Path | None = None) -> str:
    """Run a command and return its output; fail the test if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def weights_of(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def program_of(layer: Any) -> Program:
    """Return the program x → y of a layer."""
    return layer_program(spec_of(layer))


def write_language_model(folder: Path, **options: Any) -> Program:
    """Export a small language model with the name ``model``."""
    program, weights = language_model(24)
    export_c(program, weights, folder, **{"name": "model"} | options)
    return program


def language_model(vocabulary: int, hidden: int = 12, seed: int = 0) -> tuple[Program, dict[str, np.ndarray]]:
    """Return a small program token → logits (embedding, GRU, linear) with random weights."""
    from unrolled.cells import GRU

    builder = Builder()
    x = builder.embedding("token", "input.weight", (vocabulary, 6))
    h = add_stack(
        builder, x, RecurrentSpec(cell=GRU(), input_size=6, hidden_size=hidden, masks={}), "recurrent."
    )
    weight: Any = builder.parameter("output.weight", (vocabulary, hidden))
    bias: Any = builder.parameter("output.bias", (vocabulary,))
    program = builder.finish(logits=h.linear(weight, bias))
    return program, random_weights(program, seed)


def random_weights(program: Program, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(0, 0.5, shape).astype(np.float32)
        for name, shape in sorted(program.parameters.items())
    }


class CModel:
    """A compiled model; its states are in memory of this process."""

    def __init__(self, library: ctypes.CDLL, name: str, program: Program) -> None:
        self._library, self._name, self._program = library, name, program
        size = library[f"{name}_sizeof_state"]
        size.restype = ctypes.c_size_t
        self.memory = (ctypes.c_float * -(-size() // 4))(*[float("nan")] * -(-size() // 4))
        library[f"{name}_init"](self.memory)

    def load(self, content: bytes) -> int:
        """Load the weight file; return its status."""
        padding = bytes(-len(content) % 4)
        self._weights = (ctypes.c_float * -(-len(content) // 4)).from_buffer_copy(content + padding)
        load = self._library[f"{self._name}_load"]
        return load(self.memory, self._weights, ctypes.c_size_t(len(content)))

    def call(self, function: str, *pointers: int) -> int:
        """Call a function with the state and addresses."""
        status: int = self._library[f"{self._name}_{function}"](self.memory, *map(ctypes.c_void_p, pointers))
        return status

    def reset(self) -> None:
        self._library[f"{self._name}_reset"](self.memory)

    def step(self, inputs: Mapping[str, np.ndarray], tokens: Mapping[str, int]) -> tuple[int, dict[str, Any]]:
        """Run one step; return its status and the outputs."""
        program = self._program
        sizes = {name: program.operations[i].size for name, i in program.outputs.items()}
        outputs = {name: np.full(size, np.nan, np.float32) for name, size in sizes.items()}
        values = [np.ascontiguousarray(inputs[name], np.float32) for name in program.inputs]
        pointers = [v.ctypes.data_as(ctypes.c_void_p) for v in (*values, *outputs.values())]
        status = self._library[f"{self._name}_step"](
            self.memory, *(ctypes.c_int(int(tokens[name])) for name in program.tokens), *pointers
        )
        return status, outputs

    def run(self, inputs: Mapping[str, Any], tokens: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run all steps of inputs (T, size) and tokens (T,)."""
        count = len(next(iter((*inputs.values(), *tokens.values()))))
        steps = []
        for t in range(count):
            status, outputs = self.step(
                {k: v[t] for k, v in inputs.items()}, {k: v[t] for k, v in tokens.items()}
            )
            assert status == 0
            steps.append(outputs)
        return {name: np.stack([step[name] for step in steps]) for name in self._program.outputs}


def compile_library(folder: Path, *names: str, flags: tuple[str, ...] = ("-O1",)) -> ctypes.CDLL:
    """Compile exported sources to one library, without warnings."""
    library = folder / f"{'_'.join(names)}.so"
    sources = [folder / f"{name}.c" for name in names]
    run(tool("gcc"), *STRICT, *flags, "-shared", "-fPIC", *sources, "-lm", "-o", library)
    return ctypes.CDLL(str(library))


def export_and_compile(
    folder: Path, program: Program, weights: Mapping[str, np.ndarray], **options: Any
) -> CModel:
    """Export a model with the name ``model`` and compile it."""
    export_c(program, weights, folder, **{"name": "model"} | options)
    return CModel(compile_library(folder, "model"), "model", program)


def random_inputs(program: Program, steps: int, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs (T, size) and tokens (T,)."""
    rng = np.random.default_rng(seed)
    inputs = {k: rng.normal(size=(steps, n)).astype(np.float32) for k, n in program.inputs.items()}
    return inputs, {k: rng.integers(0, n, steps) for k, n in program.tokens.items()}


def run_module(layer: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return the outputs (T, size) of a layer in evaluation."""
    layer.eval()
    with torch.no_grad():
        y: np.ndarray = layer(torch.from_numpy(x)[:, None])[0][:, 0].numpy()
    return y


__all__ = [
    "CModel", "Report", "STRICT", "compile_library", "export_and_compile", "language_model", "program_of",
    "random_inputs", "random_weights", "run", "run_module", "tool", "weights_of",
]  # fmt: skip
