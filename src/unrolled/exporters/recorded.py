"""Held-out data of a trained model as the inputs of its exported graphs."""

from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data import Chunk
from unrolled.data.pair_batches import PairBatch
from unrolled.exporters.subject import Subject
from unrolled.tasks.classify.batches import LabelledBatch
from unrolled.tasks.forecast.job import ForecastBatch
from unrolled.tasks.tag.batches import TaggedBatch

Inputs = dict[str, dict[str, NDArray[Any]]]
"""Some inputs of graphs: by the name of the graph, then by the name of the input."""
COMPARED = 100
"""Steps of a text that are compared."""


def recorded_inputs(subject: Subject) -> Inputs:
    """Return inputs from the held-out data of the training; empty without them."""
    return _inputs_of(subject.held_out)


@singledispatch
def _inputs_of(batch: Any) -> Inputs:
    """Return the inputs in a batch of a task; none in None."""
    return {}


@_inputs_of.register
def _(batch: Chunk) -> Inputs:
    return {"model": _arrays(tokens=batch.inputs[:COMPARED])}


@_inputs_of.register
def _(batch: LabelledBatch) -> Inputs:
    name = "vectors" if batch.sequences.is_floating_point() else "tokens"
    return {"model": _arrays(**{name: batch.sequences, "lengths": batch.lengths})}


@_inputs_of.register
def _(batch: TaggedBatch) -> Inputs:
    s = batch.sentences
    return {
        "model": _arrays(
            words=s.words,
            lengths=s.lengths,
            spellings=s.spellings,
            spelling_lengths=s.spelling_lengths,
            kinds=s.kinds,
        )
    }


@_inputs_of.register
def _(rolls: list) -> Inputs:  # piano rolls (T, keys)
    steps = min(map(len, rolls))
    return {"model": _arrays(x=torch.stack([roll[:steps] for roll in rolls], 1))}


@_inputs_of.register
def _(batch: PairBatch) -> Inputs:
    return {"encoder": _arrays(source=batch.source.tokens, lengths=batch.source.lengths)}


@_inputs_of.register
def _(batches: tuple) -> Inputs:  # one ForecastBatch for each member
    names = ["model"] if len(batches) == 1 else [f"model_{number}" for number in range(len(batches))]
    return {name: _forecast_inputs(batch) for name, batch in zip(names, batches, strict=True)}


def _forecast_inputs(batch: ForecastBatch) -> dict[str, NDArray[Any]]:
    """Return the inputs of the last step's forecast; ``known`` are the covariates of its horizon."""
    steps = len(batch.inputs)
    known = {"known": batch.known[steps - 1 :]} if batch.known.numel() else {}
    return _arrays(x=batch.inputs, **known)


def _arrays(**tensors: Tensor) -> dict[str, NDArray[Any]]:
    arrays = {name: np.ascontiguousarray(t.cpu().numpy()) for name, t in tensors.items()}
    floats = {name for name, array in arrays.items() if array.dtype.kind == "f"}
    return {
        name: a.astype(np.float32) if name in floats else a.astype(np.int64) for name, a in arrays.items()
    }
