"""A folder as training data: its held-out and test data are taken with it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from unrolled.data.commas import split_paths
from unrolled.data.parts import Parts

SHOWN = 5
"""Names that a note lists."""


class Sources(Protocol):
    """Where a task's data come from."""

    @property
    def data(self) -> str:
        """Training data."""

    @property
    def valid(self) -> str:
        """Held-out data; "" for none."""

    @property
    def test(self) -> str:
        """Data to score once training is over; "" for none."""


AnySources = TypeVar("AnySources", bound=Sources)


def settle_parts(
    corpus: AnySources, find: Callable[[Path], Parts | None], *, held_out: bool
) -> tuple[AnySources, list[str]]:
    """Return the sources with the parts of a folder by name, and notes of what was taken.

    Args:
        corpus: as the caller gave it; parts that it names stay.
        find: returns the parts of a folder; None if it has none.
        held_out: whether the held-out data are in memory.

    Raises:
        DataError: if a part of the folder may be several files.
    """
    if not corpus.data or corpus.data.startswith("@") or not os.path.isdir(corpus.data):
        return corpus, []
    parts = find(Path(corpus.data))
    if parts is None:
        return corpus, []
    taken = {"data": parts.train}
    notes = [f"training data: {_names(parts.train)} (--data)"]
    if parts.valid and not corpus.valid and not held_out:
        taken["valid"] = parts.valid
        notes.append(f"held-out data: {_names(parts.valid)} (--valid)")
    if parts.test and not corpus.test:
        taken["test"] = parts.test
        notes.append(f"test data: {_names(parts.test)} (--test)")
    if parts.unread:
        more = " …" if len(parts.unread) > SHOWN else ""
        notes.append(f"left out, of no part: {', '.join(parts.unread[:SHOWN])}{more}")
    config: Any = corpus
    settled: AnySources = replace(config, **taken)
    return settled, notes


def _names(source: str) -> str:
    return ", ".join(os.path.basename(path) for path in split_paths(source))
