"""Quality against cost: a dot a rung."""

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.picture import any_glyph, save_picture

with extra("compare", "a comparison of models"):
    import pandas as pd

NETWORK, OTHER, MIXTURE = "tab:blue", "tab:gray", "tab:green"
LINE = 11
"""Height of a name in points."""


def plot_comparison(
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
        table: what :func:`unrolled.experiments.comparison_table.frame` gave.
        metric: its name, for people.
        scale: what it is multiplied by.
        higher: whether more is better; better is always up.
        mixtures: names of the rungs that are mixtures.
        path: of the picture. Rungs whose metric is not finite are left out.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    known = table[np.isfinite(table["mean"])]
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    y = scale * known["mean"].to_numpy(float)
    spread = scale * known["sd"].to_numpy(float)
    logs = not higher and len(y) > 1 and y.max() > 4 * y.min() > 0
    for axes, x, label in (
        (left, known["seconds"].clip(lower=1e-6), "training time, seconds"),
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
    left.set_ylabel(f"{label_text(metric)} ({better} is better: up)")
    figure.suptitle("grey: counting and other simple models   blue: networks   green: mixtures", fontsize=9)
    with any_glyph():
        figure.draw_without_rendering()  # where the dots lie is known after the layout
    names = _short(known["model"].tolist())
    _label(left, known["seconds"].clip(lower=1e-6).tolist(), y, names)
    _label(right, (1e6 / known["rate"]).tolist(), y, names)
    return save_picture(figure, path)


def _colour(row: dict[str, Any], mixtures: Collection[str]) -> str:
    if row["model"] in mixtures:
        return MIXTURE
    return NETWORK if np.isfinite(row["epochs"]) else OTHER


def _plain_ticks(axes: Any, y: Any) -> None:
    """Write numbers at a logarithmic axis as people read them."""
    with extra("plots", "a picture"):
        from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    ticks = sorted({float(f"{v:.2g}") for v in np.geomspace(y.min(), y.max(), 9)})
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _label(axes: Any, x: Sequence[float], y: Any, names: Sequence[str]) -> None:
    """Write names beside the dots, on the side of the middle, pushed apart where they would overlap."""
    to_points = 72 / axes.figure.dpi
    place = axes.transData.transform(np.column_stack([x, y]).reshape(-1, 2)) * to_points
    middle = (axes.bbox.x0 + axes.bbox.x1) / 2 * to_points
    for right in (False, True):
        here = [i for i in range(len(names)) if (place[i, 0] > middle) == right]
        heights = _apart([float(place[i, 1]) for i in here], axes.bbox.y1 * to_points)
        for i, height in zip(here, heights, strict=True):
            written = axes.annotate(
                label_text(names[i]),
                (x[i], y[i]),
                xytext=(-12 if right else 12, height - place[i, 1]),
                textcoords="offset points",
                fontsize=8,
                va="center",
                ha="right" if right else "left",
                arrowprops={"arrowstyle": "-", "color": "lightgray", "linewidth": 0.6, "shrinkB": 3},
            )
            written.set_in_layout(False)  # the dots stay where names were placed by them


def _apart(heights: Sequence[float], top: float) -> list[float]:
    """Return heights at least a line apart, as near to these as goes, none above the top."""
    found = list(heights)
    order = sorted(range(len(found)), key=lambda i: found[i])
    for below, i in itertools.pairwise(order):
        found[i] = max(found[i], found[below] + LINE)
    if order:
        found[order[-1]] = min(found[order[-1]], top - LINE / 2)
    for above, i in itertools.pairwise(order[::-1]):
        found[i] = min(found[i], found[above] - LINE)
    return found


def _short(names: Sequence[str]) -> list[str]:
    """Return names without options of their own, where these are not needed to tell them apart."""
    plain = ["+".join(part.partition(":")[0] for part in name.split("+")) for name in names]
    return [p if plain.count(p) == 1 else name for p, name in zip(plain, names, strict=True)]
