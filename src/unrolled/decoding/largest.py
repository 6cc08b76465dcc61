"""The largest values of each row of an array, in a defined order."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids

GROUP = 32
"""Number of values in a group."""
GROUPS_PER_VALUE = 4
"""Smallest number of groups, for each value to find, with which groups are faster."""
Float = TypeVar("Float", bound=np.floating)


def largest(x: NDArray[Float], count: int) -> tuple[NDArray[Float], Ids]:
    """Return the ``count`` largest values (N, count) of each row of x (N, V), descending, and their indices.

    Of equal values, the one with the smallest index comes first.
    """
    if count == 1:
        best = x.argmax(1)[:, None]
        return np.take_along_axis(x, best, 1), best
    # Values below the bound cannot be among the largest, and few values are not below it.
    places = np.flatnonzero(x >= _lower_bound(x, count)[:, None])
    rows, indices = np.divmod(places, x.shape[1])
    values = x[rows, indices]
    order = np.lexsort((indices, -values, rows))
    first = np.searchsorted(rows, np.arange(len(x)))  # rows are in increasing order
    taken = order[first[:, None] + np.arange(count)]
    return values[taken], indices[taken]


def _lower_bound(x: NDArray[Float], count: int) -> NDArray[Float]:
    """Return a number (N,) for each row that at least ``count`` of its values reach.

    Of a long row it is the count-th largest of the maxima of groups, which are fast to compute.
    """
    groups = x.shape[1] // GROUP
    if groups >= GROUPS_PER_VALUE * count:
        x = x[:, : groups * GROUP].reshape(len(x), GROUP, groups).max(1)
    place = x.shape[1] - count
    return np.partition(x, place, axis=1)[:, place]
