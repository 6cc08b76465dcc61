"""Random inputs of a graph, for the check of an export when no recorded ones are given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.exporters.onnx.graph import Graph, Value

Arrays = dict[str, NDArray[Any]]

SIZES = {"time": 12, "batch": 3, "source_time": 9, "rows": 3, "characters": 7, "spellings": 5}
"""Sizes of free axes. ``rows`` of a decoder are as many as the sources: one hypothesis each."""


def make_inputs(graph: Graph, seed: int = 0, **axes: int) -> Arrays:
    """Return inputs of a graph: normal numbers, and integers within their bounds.

    Args:
        graph: the graph.
        seed: seed of the random numbers.
        axes: sizes of free axes that differ from :data:`SIZES`.
    """
    rng, sizes = np.random.default_rng(seed), SIZES | axes
    return {value.name: _draw(value, rng, sizes) for value in graph.inputs}


def complete_inputs(graph: Graph, given: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the inputs of a graph: those given that it has, and random ones of fitting sizes."""
    axes = {
        axis: size
        for value in graph.inputs
        if value.name in given
        for axis, size in zip(value.shape, given[value.name].shape, strict=True)
        if isinstance(axis, str)
    }
    inputs = make_inputs(graph, **axes)
    return inputs | {name: array for name, array in given.items() if name in inputs}


def _draw(value: Value, rng: np.random.Generator, sizes: dict[str, int]) -> NDArray[Any]:
    shape = tuple(sizes[axis] if isinstance(axis, str) else axis for axis in value.shape)
    if value.bounds is None:
        return rng.standard_normal(shape, np.float32)
    low, high = (_evaluate(bound, sizes) for bound in value.bounds)
    return rng.integers(low, high, shape, np.int64)


def _evaluate(bound: int | str, sizes: dict[str, int]) -> int:
    """Return the value of a bound: a number, the name of an axis, or that name and "+1"."""
    if isinstance(bound, int):
        return bound
    name, _, more = bound.partition("+")
    return sizes[name] + int(more or 0)
