"""Inputs, and what the torch module computes from them, to check C source with."""

from functools import singledispatch
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled.exporters.c.vectors import Vectors
from unrolled.exporters.recorded import recorded_inputs
from unrolled.exporters.subject import Subject
from unrolled.layers import Recurrent, Window
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.forecaster import RecursiveForecaster
from unrolled.models.language_model import RecurrentLanguageModel
from unrolled.models.music import RecurrentMusicModel

STEPS = 32


def module_vectors(subject: Subject) -> Vectors | None:
    """Return held-out steps, or random ones, with the outputs of the module; None if it has no steps."""
    program = subject.program
    rng = np.random.default_rng(0)
    given = {
        name: array[:, 0]
        for name, array in recorded_inputs(subject).get("model", {}).items()
        if array.ndim > 1
    }
    steps = min([STEPS, *(len(array) for array in given.values())])
    inputs = {
        name: rng.normal(size=(steps, size)).astype(np.float32) for name, size in program.inputs.items()
    }
    tokens = {name: rng.integers(0, size, steps) for name, size in program.tokens.items()}
    for name, array in given.items():
        if array.dtype.kind == "f" and len(inputs) == 1:
            inputs = dict.fromkeys(inputs, array[:steps])
        elif array.dtype.kind == "i" and len(tokens) == 1 and name == "tokens":
            tokens = dict.fromkeys(tokens, array[:steps])
    if len(inputs) + len(tokens) != 1:
        return None
    sequence = torch.from_numpy(next(iter((*inputs.values(), *tokens.values()))))
    with torch.inference_mode():
        outputs = _outputs(subject.module, sequence)
    if outputs is None:
        return None
    (name,) = program.outputs
    return Vectors({name: outputs.numpy()}, inputs, tokens)


@singledispatch
def _outputs(module: nn.Module, sequence: Tensor) -> Tensor | None:
    """Return the output of every step (T, size) of one sequence (T, …); None for another module."""
    return None


@_outputs.register(Recurrent)
@_outputs.register(nn.RNNBase)
def _(module: Any, sequence: Tensor) -> Tensor:
    y: Tensor = module(sequence)[0]
    return y


@_outputs.register(Window)
@_outputs.register(RecurrentLanguageModel)
@_outputs.register(RecurrentMusicModel)
@_outputs.register(RecursiveForecaster)
def _(module: Any, sequence: Tensor) -> Tensor:
    y: Tensor = module(sequence[:, None])[0][:, 0]
    return y


@_outputs.register
def _(module: RecurrentClassifier, sequence: Tensor) -> Tensor:
    lengths = range(1, len(sequence) + 1)
    return torch.cat([module(sequence[:n, None], torch.tensor([n])) for n in lengths])
