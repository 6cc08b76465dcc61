"""Inputs, and what the torch module computes from them, to check C source with."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unrolled.exporters.c.vectors import Vectors
from unrolled.exporters.recorded import recorded_inputs
from unrolled.exporters.subject import Subject
from unrolled.layers import Recurrent, Window
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.models.language_model import RecurrentLanguageModel
from unrolled.models.music import RecurrentMusicModel
from unrolled.models.steps.classifier import VECTOR
from unrolled.models.steps.forecaster import KNOWN
from unrolled.models.steps.stack import TOKEN
from unrolled.models.steps.tagger import SPELLING
from unrolled.models.tagger import RecurrentTagger

STEPS = 32
RECORDED = {"tokens": TOKEN, "words": TOKEN, "vectors": VECTOR, "x": VECTOR}
"""Input of a program for each input of a graph that is one sequence."""
Inputs = Mapping[str, Tensor]
"""Inputs of a program for every step of one sequence: tokens (T,), vectors (T, size)."""


def module_vectors(subject: Subject) -> Vectors:
    """Return steps of held-out data, or random ones where there are none, with the outputs of the module."""
    program, rng = subject.program, np.random.default_rng(0)
    recorded = recorded_inputs(subject).get("model", {})
    given = {RECORDED[name]: array[:STEPS, 0] for name, array in recorded.items() if name in RECORDED}
    steps = min([STEPS, *map(len, given.values())])
    inputs: dict[str, NDArray[Any]] = {
        name: rng.normal(size=(steps, size)).astype(np.float32) for name, size in program.inputs.items()
    }
    tokens = {name: rng.integers(0, size, steps) for name, size in program.tokens.items()}
    inputs |= {name: array for name, array in given.items() if name in inputs}
    tokens |= {name: array for name, array in given.items() if name in tokens}
    with torch.inference_mode():
        y = _outputs(subject.module, {k: torch.from_numpy(a) for k, a in (inputs | tokens).items()})
    (name,) = program.outputs
    return Vectors({name: y.numpy()}, inputs, tokens)


@singledispatch
def _outputs(module: nn.Module, inputs: Inputs) -> Tensor:
    """Return the output of every step (T, size) of one sequence."""
    raise TypeError(f"{type(module).__name__} has a step program, but no reference to compare it with")


@_outputs.register(Recurrent)
@_outputs.register(nn.RNNBase)
@_outputs.register(Window)
@_outputs.register(RecurrentLanguageModel)
@_outputs.register(RecurrentMusicModel)
@_outputs.register(RecursiveForecaster)
def _(module: Any, inputs: Inputs) -> Tensor:
    (sequence,) = inputs.values()
    batch = sequence[None] if getattr(module, "batch_first", False) else sequence[:, None]
    y: Tensor = module(batch)[0]
    return y.flatten(0, 1)


@_outputs.register
def _(module: RecurrentClassifier, inputs: Inputs) -> Tensor:
    (sequence,) = inputs.values()
    lengths = range(1, len(sequence) + 1)
    return torch.cat([module(sequence[:n, None], torch.tensor([n])) for n in lengths])


@_outputs.register
def _(module: RecurrentTagger, inputs: Inputs) -> Tensor:
    x = module.input(inputs[TOKEN])
    if module.spelling is not None:
        x = torch.cat([x, inputs[SPELLING]], -1)
    h, _ = module.recurrent(x[:, None])
    return module.output(h[:, 0])


@_outputs.register
def _(module: DirectForecaster, inputs: Inputs) -> Tensor:
    h, _ = module.read(inputs[VECTOR][:, None])
    known = torch.zeros(module.horizon, len(h), 0)
    if KNOWN in inputs:
        known = inputs[KNOWN].unflatten(-1, (module.horizon, -1)).movedim(1, 0)
    return module.forecast_horizon(h[:, 0], known).flatten(1)
