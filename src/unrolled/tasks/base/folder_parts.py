"""Find the held-out and test data in a folder that is given as training data."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from unrolled.data.corpus_parts import Parts
from unrolled.data.path_lists import split_paths

MAX_NAMES = 5
"""Maximum number of file names in a note."""


class Sources(Protocol):
    """Configuration group with the data sources of a task."""

    @property
    def data(self) -> str:
        """Training data."""

    @property
    def valid(self) -> str:
        """Held-out data; "" if not given."""

    @property
    def test(self) -> str:
        """Test data, scored after training; "" if not given."""


AnySources = TypeVar("AnySources", bound=Sources)


def resolve_parts(
    corpus: AnySources, find: Callable[[Path], Parts | None], *, held_out: bool
) -> tuple[AnySources, list[str]]:
    """Return the sources with a folder replaced by its parts, and notes on the parts used.

    Args:
        corpus: sources that the caller gave; explicitly given parts are kept.
        find: returns the parts of a folder; None if it has none.
        held_out: True if the held-out data are in memory.

    Raises:
        DataError: if it is ambiguous which file of the folder a part is.
    """
    if not corpus.data or corpus.data.startswith("@") or not os.path.isdir(corpus.data):
        return corpus, []
    parts = find(Path(corpus.data))
    if parts is None:
        return corpus, []
    sources = {"data": parts.train}
    notes = [f"training data: {_names(parts.train)} (--data)"]
    if parts.valid and not corpus.valid and not held_out:
        sources["valid"] = parts.valid
        notes.append(f"held-out data: {_names(parts.valid)} (--valid)")
    if parts.test and not corpus.test:
        sources["test"] = parts.test
        notes.append(f"test data: {_names(parts.test)} (--test)")
    if parts.unread:
        more = " …" if len(parts.unread) > MAX_NAMES else ""
        notes.append(
            f"not used, neither training, held-out nor test data: {', '.join(parts.unread[:MAX_NAMES])}{more}"
        )
    config: Any = corpus
    resolved: AnySources = replace(config, **sources)
    return resolved, notes


def _names(source: str) -> str:
    return ", ".join(os.path.basename(path) for path in split_paths(source))
