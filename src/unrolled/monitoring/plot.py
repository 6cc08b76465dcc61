"""Plot of the reach of gradients over a whole training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.extras import extra
from unrolled.storage.folder import make_inner_folder
from unrolled.storage.picture import save_figure

MAX_HEIGHT = 200.0
"""Maximum height of the figure in inches: a PNG has at most 65,535 rows of pixels."""
MAX_TICKS = 9
"""Maximum number of labelled updates on the axis."""
SMALLEST_NORM = 1e-12
"""Smallest norm with its own colour, relative to the largest."""


def reach_over_training(records: Sequence[dict[str, Any]]) -> Any:
    """Draw the gradient norm by update (across) and distance (down), one panel per layer (its state h).

    Args:
        records: records of the log; those of kind "watch" are drawn.

    Returns:
        The matplotlib figure; None if no record has such norms.
    """
    with extra("plots", "a picture"):
        from matplotlib.colors import LogNorm
        from matplotlib.figure import Figure

    watch_records = [r for r in records if r["kind"] == "watch" and r["gradients"]["norm"]]
    names = sorted({n for r in watch_records for n in r["gradients"]["norm"] if n.endswith(" h")})
    tables = {name: _table(watch_records, name) for name in names}
    positive = [t[t > 0] for t in tables.values()]
    if not any(part.size for part in positive):
        return None
    top = max(float(part.max()) for part in positive if part.size)
    low = min(float(part.min()) for part in positive if part.size)
    scale = LogNorm(max(low, SMALLEST_NORM * top) * 0.999, top)
    figure = Figure(figsize=(8, min(1.2 + 2.3 * len(names), MAX_HEIGHT)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
    distances = _distances(watch_records)
    image = None
    for axes, name in zip(panels, names, strict=True):
        axes.set_facecolor("0.8")
        shown = np.ma.masked_invalid(np.where(tables[name] > 0, tables[name], np.nan))
        image = axes.imshow(shown, norm=scale, cmap="viridis", aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(distances)), [str(d) for d in distances], fontsize=8)
        axes.set_title(name.removesuffix(" h"), fontsize=10, loc="left")
        axes.set_ylabel("steps back, d")
    assert image is not None
    ticks = range(0, len(watch_records), -(-len(watch_records) // MAX_TICKS))
    panels[-1].set_xticks(ticks, [f"{watch_records[i]['step']:,}" for i in ticks])
    panels[-1].set_xlabel("update")
    figure.suptitle("Reach of gradients (grey: no such step, or zero)", fontsize=11)
    figure.colorbar(image, ax=list(panels), label="mean ‖∂E(t) / ∂h(t − d)‖")
    return figure


def plot_reach(records: Sequence[dict[str, Any]], folder: Path) -> Path | None:
    """Save :func:`reach_over_training` as a PNG; return its path, or None if there is nothing to draw."""
    figure = reach_over_training(records)
    if figure is None:
        return None
    make_inner_folder(folder)
    return save_figure(figure, folder / "gradients_by_distance.png", dpi=110)


def render_pixels(figure: Any) -> NDArray[np.uint8]:
    """Render a figure to pixels (height, width, 3)."""
    with extra("plots", "a picture"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _distances(watch_records: Sequence[dict[str, Any]]) -> list[int]:
    return sorted({d for r in watch_records for d in r["gradients"]["distance"]})


def _table(watch_records: Sequence[dict[str, Any]], name: str) -> NDArray[np.float64]:
    """Return the norms (distances, records), NaN if missing."""
    row_of = {d: i for i, d in enumerate(_distances(watch_records))}
    table = np.full((len(row_of), len(watch_records)), np.nan)
    for column, r in enumerate(watch_records):
        norms = r["gradients"]["norm"].get(name, [])
        for distance, norm in zip(r["gradients"]["distance"], norms, strict=bool(norms)):
            table[row_of[distance], column] = np.nan if norm is None else norm
    return table
