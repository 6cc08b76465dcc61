"""Quality against cost: a dot a rung."""

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NETWORK, OTHER, MIXTURE = "tab:blue", "tab:gray", "tab:green"
LINE = 11
"""Height of a name in points."""


def plot_ladder(
    table: pd.DataFrame,
    metric: str,
    scale: float,
    *,
    higher: bool,
    mixtures: Collection[str] = (),
    path: Path,
) -> Path:
    """Draw the metric against training time and against the time of a prediction; return the PNG's path.

    Args:
        table: what :func:`unrolled.ladder.table.frame` gave.
        metric: its name, for people.
        scale: what it is multiplied by.
        higher: whether more is better; better is always up.
        mixtures: names of the rungs that are mixtures.
        path: of the picture. Rungs whose metric is not finite are left out.
    """
    from matplotlib.figure import Figure

    known = table[np.isfinite(table["mean"])]
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    y = scale * known["mean"].to_numpy(float)
    spread = scale * known["sd"].to_numpy(float)
    logs = not higher and len(y) > 1 and y.max() > 4 * y.min() > 0
    for axes, x, label in (
        (left, known["seconds"].clip(lower=1e-3), "training time, seconds"),
        (right, 1e6 / known["rate"], "time of one prediction, microseconds"),
    ):
        colours = [_colour(row, mixtures) for row in known.to_dict("records")]
        axes.errorbar(x, y, np.nan_to_num(spread), fmt="none", ecolor="lightgray", zorder=1)
        axes.scatter(x, y, c=colours, s=36, zorder=2)
        axes.set_xscale("log" if len(known) else "linear")
        axes.margins(x=0.25, y=0.08)
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
    if logs:
        left.set_yscale("log")
        _plain_ticks(left, y)
    if not higher:
        left.invert_yaxis()
    better = "more" if higher else "less"
    left.set_ylabel(f"{metric} ({better} is better: up)")
    figure.suptitle("grey: counting and other simple models   blue: networks   green: mixtures", fontsize=9)
    figure.draw_without_rendering()  # where the dots lie is known after the layout
    names = known["model"].tolist()
    _label(left, known["seconds"].clip(lower=1e-3).tolist(), y, names)
    _label(right, (1e6 / known["rate"]).tolist(), y, names)
    figure.savefig(path, dpi=120)
    return path


def _colour(row: dict[str, Any], mixtures: Collection[str]) -> str:
    if row["model"] in mixtures:
        return MIXTURE
    return NETWORK if np.isfinite(row["epochs"]) else OTHER


def _plain_ticks(axes: Any, y: Any) -> None:
    """Write numbers at a logarithmic axis as people read them."""
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    ticks = sorted({float(f"{v:.2g}") for v in np.geomspace(y.min(), y.max(), 9)})
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _label(axes: Any, x: Sequence[float], y: Any, names: Sequence[str]) -> None:
    """Write names beside the dots, pushed apart where they would lie on each other."""
    if not len(names):
        return
    to_points = 72 / axes.figure.dpi
    place = axes.transData.transform(np.column_stack([x, y])) * to_points
    top = axes.bbox.y1 * to_points
    order = np.argsort(place[:, 1]).tolist()
    level = place[:, 1].copy()
    for below, i in itertools.pairwise(order):
        level[i] = max(level[i], level[below] + LINE)
    # Down again from the top, where the uppermost would stand outside.
    level[order[-1]] = min(level[order[-1]], top - LINE / 2)
    for above, i in itertools.pairwise(order[::-1]):
        level[i] = min(level[i], level[above] - LINE)
    for px, py, there, target, name in zip(x, y, place[:, 1], level, names, strict=True):
        axes.annotate(
            name,
            (px, py),
            xytext=(12, target - there),
            textcoords="offset points",
            fontsize=8,
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": "lightgray",
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 3,
            },
        )
