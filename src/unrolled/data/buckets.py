"""Group sequences of similar length into batches, to reduce padding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

POOL = 50
"""Batches per pool; with a seed, sequences are sorted by length within each pool."""
SLACK = 16
"""Padding that does not matter: steps of a short sequence."""


def length_buckets(lengths: Sequence[int], batch: int, seed: int | None = None) -> list[NDArray[np.int64]]:
    """Return the indices of the sequences in each batch.

    With a seed, sequences are shuffled, sorted by length within pools of 50 batches, and then the batches are
    shuffled. Without one, all sequences are sorted by length. The same seed gives the same batches.
    """
    sizes = np.asarray(lengths)
    if seed is None:
        order = np.argsort(sizes, kind="stable")
        return [order[i : i + batch] for i in range(0, len(order), batch)]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(sizes))
    pool = POOL * batch
    batches: list[NDArray[np.int64]] = []
    for begin in range(0, len(order), pool):
        part = order[begin : begin + pool]
        part = part[np.argsort(sizes[part], kind="stable")]
        batches += [part[i : i + batch] for i in range(0, len(part), batch)]
    return [batches[i] for i in rng.permutation(len(batches))]


def even_buckets(lengths: Sequence[int], batch: int, steps: int) -> list[NDArray[np.int64]]:
    """Return the indices of the sequences in each batch, sorted by length, with little padding.

    A batch has at most ``batch`` sequences and, with its padding, ``steps`` steps (or one sequence). No
    sequence is much longer than twice the shortest one of its batch.
    """
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    shortest = 0
    for index in np.argsort(sizes, kind="stable"):
        size = int(sizes[index])
        last = batches[-1] if batches else []
        if not last or len(last) == batch or (len(last) + 1) * size > steps or size > 2 * shortest + SLACK:
            batches.append([])
            shortest = size
        batches[-1].append(int(index))
    return [np.array(rows, dtype=np.int64) for rows in batches]
