"""Attention in numpy, for all hypotheses of a batch at once; see :mod:`unrolled.layers.attention`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids

Array = NDArray[np.float32]
MOST_ELEMENTS = 1 << 22
"""Largest number of elements of a temporary array of additive attention (16 MiB), unless one source needs
more."""


@dataclass(frozen=True, eq=False)
class Memory:
    """Keys and values of B sources of up to S steps."""

    keys: Array
    """(B, S, K)"""
    values: Array
    """(B, S, M)"""
    padding: NDArray[np.bool_]
    """(B, S), true past the length of a source."""

    def select(self, sources: Sequence[int]) -> "Memory":
        """Return the memory of some of the sources."""
        index = list(sources)
        return Memory(self.keys[index], self.values[index], self.padding[index])

    def source(self, number: int) -> "Memory":
        """Return a copy of the memory of one source, without padding."""
        known = ~self.padding[number]
        return Memory(*(array[number, known][None] for array in (self.keys, self.values, self.padding)))


class NativeAttention:
    """Attention of one kind with the weights of a trained module.

    Args:
        kind: ``"dot"``, ``"general"``, ``"additive"`` or ``"fixed"``.
        weights: weights of the model by name.
        prefix: what the names of the module's weights begin with.
    """

    def __init__(self, kind: str, weights: Mapping[str, Array], prefix: str) -> None:
        self.kind = kind
        names = [name for name in weights if name.startswith(prefix)]
        self._weights = {name.removeprefix(prefix): weights[name] for name in names}

    def make_memory(self, values: Array, lengths: Ids) -> Memory:
        """Return the memory of the outputs (S, B, M) of an encoder; ``lengths`` (B,) are at least 1."""
        values = np.ascontiguousarray(values.swapaxes(0, 1))
        padding = np.arange(values.shape[1]) >= lengths[:, None]
        return Memory(self._make_keys(values), values, padding)

    def attend(self, query: Array, memory: Memory) -> tuple[Array, Array]:
        """Return the context vectors (N, M) and the weights (N, S) of N = k·B queries (N, H).

        The k queries of a source are adjacent. Weights are zero past the length of a source.
        """
        sources, steps = memory.padding.shape
        grouped = query.reshape(sources, -1, query.shape[-1])
        scores = self._scores(grouped, memory.keys)
        scores[np.broadcast_to(memory.padding[:, None], scores.shape)] = -np.inf
        powers = np.exp(scores - scores.max(-1, keepdims=True))
        weights = powers / powers.sum(-1, keepdims=True)
        return (weights @ memory.values).reshape(len(query), -1), weights.reshape(len(query), steps)

    def _make_keys(self, values: Array) -> Array:
        w = self._weights
        match self.kind:
            case "dot":
                return values
            case "general":
                return values @ w["weight.weight"].T
            case "additive":
                return values @ w["key.weight"].T + w["key.bias"]
        return values[..., :0]

    def _scores(self, query: Array, keys: Array) -> Array:
        """Return the scores (B, k, S) of queries (B, k, H) and keys (B, S, K)."""
        if self.kind == "additive":
            return self._additive_scores(query @ self._weights["query.weight"].T, keys)
        if self.kind == "fixed":
            return np.zeros((*query.shape[:2], keys.shape[1]), np.float32)
        return query @ keys.swapaxes(1, 2)

    def _additive_scores(self, query: Array, keys: Array) -> Array:
        """Return vᵀ tanh(query + key), a few sources at a time: the sums have a value per unit and pair."""
        v = self._weights["score.weight"][0]
        scores = np.empty((*query.shape[:2], keys.shape[1]), np.float32)
        step = max(1, MOST_ELEMENTS // (scores[0].size * len(v)))
        for begin in range(0, len(scores), step):
            part = slice(begin, begin + step)
            scores[part] = np.tanh(query[part, :, None] + keys[part, None]) @ v
        return scores
