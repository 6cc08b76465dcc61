"""Labelled sequences in memory."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.short_repr import short_repr

Series = NDArray[np.float32]
"""A sequence of vectors, (T, F)."""


class ColumnChoice(NamedTuple):
    """Names of the columns of a table that were read; "" if the data are not a table."""

    text: str = ""
    """Names of the text columns, separated by commas."""
    label: str = ""


NO_COLUMNS = ColumnChoice()


@short_repr
@dataclass(frozen=True)
class Labelled:
    """Texts or sequences of vectors, with one label each."""

    items: list[str] | list[Series]
    labels: list[Any]
    notes: tuple[str, ...] = ()
    """How the data were read, one line each."""
    columns: ColumnChoice = NO_COLUMNS

    def __post_init__(self) -> None:
        assert len(self.items) == len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> "Labelled":
        """Return the rows at the given indices."""
        items: list[Any] = [self.items[i] for i in rows]
        return Labelled(items, [self.labels[i] for i in rows], self.notes, self.columns)
