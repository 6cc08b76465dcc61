"""Sources with their outputs, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.data import Sources
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.translate.generator import Output


@dataclass(frozen=True)
class SourcesWithOutputs:
    """Sources, and the outputs for each, best first."""

    sources: Sources
    outputs: list[list[Output]]
    notes: tuple[str, ...] = ()
    """How the sources were read, and how many outputs were cut off."""


def output_table(translated: SourcesWithOutputs, *, with_scores: bool = False) -> Predictions:
    """Return a table: the columns of the input (one column "source" for a text file), then the output.

    Args:
        translated: sources with one or more outputs each; every output gets a row.
        with_scores: add columns for the rank and the score of each output.
    """
    table = translated.sources.table
    names = ["source"] if table is None else _column_names(table.names, table.has_header)
    rows: Sequence[Sequence[Any]] = (
        [[text] for text in translated.sources.texts] if table is None else table.rows
    )
    extra = ["output", "rank", "score"] if with_scores else ["output"]
    output_rows = [
        [*row, *(_cells(rank, output) if with_scores else [output.text])]
        for row, outputs in zip(rows, translated.outputs, strict=True)
        for rank, output in enumerate(outputs, 1)
    ]
    return Predictions(
        [*names, *(_unused_name(name, names) for name in extra)], output_rows, translated.notes
    )


def _cells(rank: int, output: Output) -> list[Any]:
    return [output.text, rank, round(output.score, 6)]


def _column_names(names: Sequence[str], has_header: bool) -> list[str]:
    return list(names) if has_header else [f"column {name}" for name in names]


def _unused_name(name: str, used: Sequence[str]) -> str:
    """Return the name, with underscores appended if a column already has it."""
    while name in used:
        name += "_"
    return name
