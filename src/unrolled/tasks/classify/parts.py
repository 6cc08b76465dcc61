"""A folder as training data: its held-out and test data are taken with it."""

import os
from dataclasses import replace
from pathlib import Path

from unrolled.data.commas import split_paths
from unrolled.data.labelled import find_parts
from unrolled.tasks.classify.config import LabelledConfig

SHOWN = 5
"""Names that a note lists."""


def settle_parts(corpus: LabelledConfig, *, held_out: bool) -> tuple[LabelledConfig, list[str]]:
    """Return the sources with the parts of a folder by name, and notes of what was taken.

    Args:
        corpus: as the caller gave it; parts that it names stay.
        held_out: whether the held-out data are in memory.

    Raises:
        DataError: if a part of the folder may be several files.
    """
    if not corpus.data or corpus.data.startswith("@") or not os.path.isdir(corpus.data):
        return corpus, []
    parts = find_parts(Path(corpus.data))
    if parts is None:
        return corpus, []
    notes = [f"training data: {_names(parts.train)} (--data)"]
    if parts.valid and not corpus.valid and not held_out:
        corpus = replace(corpus, valid=parts.valid)
        notes.append(f"held-out data: {_names(parts.valid)} (--valid)")
    if parts.test and not corpus.test:
        corpus = replace(corpus, test=parts.test)
        notes.append(f"test data: {_names(parts.test)} (--test)")
    if parts.unread:
        more = " …" if len(parts.unread) > SHOWN else ""
        notes.append(f"left out, of no part: {', '.join(parts.unread[:SHOWN])}{more}")
    return replace(corpus, data=parts.train), notes


def _names(source: str) -> str:
    return ", ".join(os.path.basename(path) for path in split_paths(source))
