"""The result of a comparison: tests of significance, table and plot."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.atomic import write_atomically
from unrolled.experiments.comparison_folder import MARKDOWN, PLOT, TABLE
from unrolled.experiments.comparison_plot import plot_comparison
from unrolled.experiments.comparison_table import frame, line_of, markdown, shown
from unrolled.experiments.figures import scale_of
from unrolled.experiments.significance import Difference, paired_bootstrap
from unrolled.extras import extra
from unrolled.tasks.base.ladder import Ladder
from unrolled.tasks.base.outcome import Outcome, Units

with extra("compare", "a comparison of models"):
    import pandas as pd

Rung = tuple[list[Outcome], Units]
"""The outcomes of all seeds, and the mean losses over them."""


@dataclass(frozen=True)
class Comparison:
    """The table of a comparison, and what was written."""

    table: pd.DataFrame
    heads: list[str]
    rows: list[list[str]]
    """The table for people."""
    notes: list[str]
    """On single rungs: the weights of a mixture, discounts that could not be estimated."""
    data: str
    """Description of the data."""
    plot: Path


def conclude(ladder: Ladder, rungs: Mapping[str, Rung], data: str, folder: Path) -> Comparison:
    """Compare each rung with the one above; write table and plot into the folder.

    Args:
        ladder: that was tried.
        rungs: from the simplest up, by name.
        data: description of the data.
        folder: where table and plot go.
    """
    lines: list[dict[str, Any]] = []
    above: Units | None = None
    for outcomes, units in rungs.values():
        difference: Difference | None = None
        if above is not None and np.isfinite(units.losses).all() and np.isfinite(above.losses).all():
            difference = paired_bootstrap(units, above, block=ladder.block)
        lines.append(line_of(outcomes, ladder.shown, difference))
        above = units
    table = frame(lines)
    scale = scale_of(ladder.shown)
    heads, rows = shown(table, scale, ladder.counted, ladder.loss, ladder.loss_scale)
    _write(folder / TABLE, table.to_csv(index=False))
    _write(folder / MARKDOWN, f"{data}\n\n{markdown(heads, rows)}")
    plot = plot_comparison(
        table,
        heads[1],
        scale,
        higher=ladder.shown in ladder.higher,
        mixtures=[rung for rung in rungs if ladder.parts_of(rung)],
        path=folder / PLOT,
    )
    notes = [f"{line['model']}: {line['note']}" for line in lines if line["note"]]
    return Comparison(table, heads, rows, notes, data, plot)


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8", "surrogatepass"))
