"""What a translator wrote for the sources of a file, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.data import Sources
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.translate.writer import Written


@dataclass(frozen=True)
class Translated:
    """Sources and the outputs for each, best first."""

    sources: Sources
    outputs: list[list[Written]]
    notes: tuple[str, ...] = ()
    """How the sources were read, and what is wrong with outputs."""


def output_table(translated: Translated, *, scores: bool = False) -> Predictions:
    """Return the rows of the input, the sources of a file of lines, with their outputs.

    Args:
        translated: with one or more outputs for each source; more take a row each.
        scores: add the rank and the score of each output.
    """
    table = translated.sources.table
    names = ["source"] if table is None else _named(table.names, table.has_header)
    rows: Sequence[Sequence[Any]] = (
        [[text] for text in translated.sources.texts] if table is None else table.rows
    )
    extra = ["output", "rank", "score"] if scores else ["output"]
    filled = [
        [*row, *(_columns(rank, written) if scores else [written.text])]
        for row, outputs in zip(rows, translated.outputs, strict=True)
        for rank, written in enumerate(outputs, 1)
    ]
    return Predictions([*names, *(_free(name, names) for name in extra)], filled, translated.notes)


def _columns(rank: int, written: Written) -> list[Any]:
    return [written.text, rank, round(written.score, 6)]


def _named(names: Sequence[str], has_header: bool) -> list[str]:
    return list(names) if has_header else [f"column {name}" for name in names]


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name
