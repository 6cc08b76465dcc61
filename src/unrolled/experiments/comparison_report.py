"""The result of a comparison: significance tests, table and plot."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.atomic import write_atomically
from unrolled.experiments.comparison_folder import MARKDOWN, PLOT, TABLE
from unrolled.experiments.comparison_plot import plot_comparison
from unrolled.experiments.comparison_table import format_table, frame, line_of, to_markdown
from unrolled.experiments.metrics import get_metric_scale
from unrolled.experiments.significance import Difference, paired_bootstrap
from unrolled.extras import extra
from unrolled.tasks.base.ladder import Ladder
from unrolled.tasks.base.outcome import ItemLosses, Outcome

with extra("compare", "a comparison of models"):
    import pandas as pd

Rung = tuple[list[Outcome], ItemLosses]
"""The result of one model: the outcomes of all seeds, and the losses averaged over the seeds."""


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison: its table, as a DataFrame and as text, and the plot."""

    table: pd.DataFrame
    heads: list[str]
    """Column heads of the table as text."""
    rows: list[list[str]]
    """Cells of the table as text."""
    notes: list[str]
    """Notes on single models: weights of a mixture, discounts that could not be estimated."""
    data: str
    """Description of the data."""
    plot: Path
    """Path of the PNG file."""


def write_comparison(ladder: Ladder, results: Mapping[str, Rung], data: str, folder: Path) -> Comparison:
    """Compare each model with the one before it; write table and plot into the folder.

    Args:
        ladder: the ladder of the task.
        results: results by model name, simplest first.
        data: description of the data.
        folder: output folder for table and plot.
    """
    lines: list[dict[str, Any]] = []
    previous: ItemLosses | None = None
    for outcomes, units in results.values():
        difference: Difference | None = None
        if previous is not None and np.isfinite(units.losses).all() and np.isfinite(previous.losses).all():
            difference = paired_bootstrap(units, previous, block=ladder.block)
        lines.append(line_of(outcomes, ladder.shown, difference))
        previous = units
    table = frame(lines)
    scale = get_metric_scale(ladder.shown)
    heads, rows = format_table(table, scale, ladder.counted, ladder.loss, ladder.loss_scale)
    _write(folder / TABLE, table.to_csv(index=False))
    _write(folder / MARKDOWN, f"{data}\n\n{to_markdown(heads, rows)}")
    plot = plot_comparison(
        table,
        heads[1],
        scale,
        higher=ladder.shown in ladder.higher,
        mixtures=[rung for rung in results if ladder.parts_of(rung)],
        path=folder / PLOT,
    )
    notes = [f"{line['model']}: {line['note']}" for line in lines if line["note"]]
    return Comparison(table, heads, rows, notes, data, plot)


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8", "surrogatepass"))
