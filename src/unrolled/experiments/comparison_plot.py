"""Plot of a comparison: metric against cost, one dot per model."""

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.picture import ignore_missing_glyphs, save_figure

with extra("compare", "a comparison of models"):
    import pandas as pd

NETWORK, OTHER, MIXTURE = "tab:blue", "tab:gray", "tab:green"
LINE_HEIGHT = 11
"""Smallest distance between labels, in points."""


def plot_comparison(
    table: pd.DataFrame,
    metric: str,
    scale: float,
    *,
    higher: bool,
    mixtures: Collection[str] = (),
    path: Path,
) -> Path:
    """Plot the metric against training time and time per prediction; return the path of the PNG file.

    Args:
        table: from :func:`unrolled.experiments.comparison_table.frame`. Rows whose mean is not finite are
            left out.
        metric: display name of the metric.
        scale: factor for the metric.
        higher: whether a higher metric is better; the better end of the axis is always at the top.
        mixtures: names of the models that are mixtures.
        path: file to write.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    finite = table[np.isfinite(table["mean"])]
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    y = scale * finite["mean"].to_numpy(float)
    deviations = scale * finite["sd"].to_numpy(float)
    use_log_scale = not higher and len(y) > 1 and y.max() > 4 * y.min() > 0
    for axes, x, label in (
        (left, finite["seconds"].clip(lower=1e-6), "training time, seconds"),
        (right, 1e6 / finite["rate"], "time of one prediction, microseconds"),
    ):
        colours = [_colour(row, mixtures) for row in finite.to_dict("records")]
        axes.errorbar(x, y, np.nan_to_num(deviations), fmt="none", ecolor="lightgray", zorder=1)
        axes.scatter(x, y, c=colours, s=36, zorder=2)
        axes.set_xscale("log" if len(finite) else "linear")
        axes.margins(x=0.25, y=0.08)
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
    if use_log_scale:
        left.set_yscale("log")
        _set_plain_ticks(left, y)
    if not higher:
        left.invert_yaxis()
    better = "more" if higher else "less"
    left.set_ylabel(f"{label_text(metric)} ({better} is better: up)")
    figure.suptitle("grey: counting and other simple models   blue: networks   green: mixtures", fontsize=9)
    with ignore_missing_glyphs():
        figure.draw_without_rendering()  # the layout sets the positions of the dots
    names = _shorten(finite["model"].tolist())
    _label_dots(left, finite["seconds"].clip(lower=1e-6).tolist(), y, names)
    _label_dots(right, (1e6 / finite["rate"]).tolist(), y, names)
    return save_figure(figure, path)


def _colour(row: dict[str, Any], mixtures: Collection[str]) -> str:
    if row["model"] in mixtures:
        return MIXTURE
    return NETWORK if np.isfinite(row["epochs"]) else OTHER


def _set_plain_ticks(axes: Any, y: Any) -> None:
    """Label a logarithmic axis with plain numbers instead of powers of ten."""
    with extra("plots", "a picture"):
        from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    ticks = sorted({float(f"{v:.2g}") for v in np.geomspace(y.min(), y.max(), 9)})
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _label_dots(axes: Any, x: Sequence[float], y: Any, names: Sequence[str]) -> None:
    """Write each name next to its dot, towards the middle, and move overlapping names apart."""
    to_points = 72 / axes.figure.dpi
    position = axes.transData.transform(np.column_stack([x, y]).reshape(-1, 2)) * to_points
    middle = (axes.bbox.x0 + axes.bbox.x1) / 2 * to_points
    for right in (False, True):
        on_side = [i for i in range(len(names)) if (position[i, 0] > middle) == right]
        heights = _spread_apart([float(position[i, 1]) for i in on_side], axes.bbox.y1 * to_points)
        for i, height in zip(on_side, heights, strict=True):
            label = axes.annotate(
                label_text(names[i]),
                (x[i], y[i]),
                xytext=(-12 if right else 12, height - position[i, 1]),
                textcoords="offset points",
                fontsize=8,
                va="center",
                ha="right" if right else "left",
                arrowprops={"arrowstyle": "-", "color": "lightgray", "linewidth": 0.6, "shrinkB": 3},
            )
            label.set_in_layout(False)  # a new layout would move the dots away from their names


def _spread_apart(heights: Sequence[float], top: float) -> list[float]:
    """Move heights apart until they differ by a line or more; none is above the top."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=lambda i: moved[i])
    for below, i in itertools.pairwise(order):
        moved[i] = max(moved[i], moved[below] + LINE_HEIGHT)
    if order:
        moved[order[-1]] = min(moved[order[-1]], top - LINE_HEIGHT / 2)
    for above, i in itertools.pairwise(order[::-1]):
        moved[i] = min(moved[i], moved[above] - LINE_HEIGHT)
    return moved


def _shorten(names: Sequence[str]) -> list[str]:
    """Return names without the options after the colon, where names stay unique without them."""
    plain = ["+".join(part.partition(":")[0] for part in name.split("+")) for name in names]
    return [p if plain.count(p) == 1 else name for p, name in zip(plain, names, strict=True)]
