"""How far back gradients reach, over a whole training, as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.extras import extra
from unrolled.storage.folder import make_inner_folder
from unrolled.storage.picture import save_picture

HIGHEST = 200.0
"""Inches: a PNG may have 65,535 rows of pixels."""
LABELS = 9
"""Updates that are named along the axis, at most."""
DEEPEST = 1e-12
"""The smallest norm that has a colour, as a share of the largest."""


def reach_over_training(records: Sequence[dict[str, Any]]) -> Any:
    """Draw the gradient norm by update (across) and distance (down), one panel for each layer's h.

    Args:
        records: of the log, of which those of kind "watch" are drawn.

    Returns:
        matplotlib's figure; None where no record has such norms.
    """
    with extra("plots", "a picture"):
        from matplotlib.colors import LogNorm
        from matplotlib.figure import Figure

    looks = [r for r in records if r["kind"] == "watch" and r["gradients"]["norm"]]
    names = sorted({n for r in looks for n in r["gradients"]["norm"] if n.endswith(" h")})
    tables = {name: _table(looks, name) for name in names}
    drawn = [t[t > 0] for t in tables.values()]
    if not any(part.size for part in drawn):
        return None
    top = max(float(part.max()) for part in drawn if part.size)
    low = min(float(part.min()) for part in drawn if part.size)
    scale = LogNorm(max(low, DEEPEST * top) * 0.999, top)
    figure = Figure(figsize=(8, min(1.2 + 2.3 * len(names), HIGHEST)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
    distances = _distances(looks)
    image = None
    for axes, name in zip(panels, names, strict=True):
        axes.set_facecolor("0.8")
        shown = np.ma.masked_invalid(np.where(tables[name] > 0, tables[name], np.nan))
        image = axes.imshow(shown, norm=scale, cmap="viridis", aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(distances)), [str(d) for d in distances], fontsize=8)
        axes.set_title(name.removesuffix(" h"), fontsize=10, loc="left")
        axes.set_ylabel("steps back, d")
    assert image is not None
    places = range(0, len(looks), -(-len(looks) // LABELS))
    panels[-1].set_xticks(places, [f"{looks[i]['step']:,}" for i in places])
    panels[-1].set_xlabel("update")
    figure.suptitle("How far back gradients reach (grey: no such step, or zero)", fontsize=11)
    figure.colorbar(image, ax=list(panels), label="mean ‖∂E(t) / ∂h(t − d)‖")
    return figure


def plot_reach(records: Sequence[dict[str, Any]], folder: Path) -> Path | None:
    """Draw :func:`reach_over_training` as a PNG; return its path, or None where there is nothing to draw."""
    figure = reach_over_training(records)
    if figure is None:
        return None
    make_inner_folder(folder)
    return save_picture(figure, folder / "gradients_by_distance.png", dpi=110)


def pixels_of(figure: Any) -> NDArray[np.uint8]:
    """Return a figure as it is drawn, (height, width, 3)."""
    with extra("plots", "a picture"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _distances(looks: Sequence[dict[str, Any]]) -> list[int]:
    return sorted({d for r in looks for d in r["gradients"]["distance"]})


def _table(looks: Sequence[dict[str, Any]], name: str) -> NDArray[np.float64]:
    """Return norms (distances, looks), NaN where there are none."""
    place = {d: i for i, d in enumerate(_distances(looks))}
    table = np.full((len(place), len(looks)), np.nan)
    for column, r in enumerate(looks):
        norms = r["gradients"]["norm"].get(name, [])
        for distance, norm in zip(r["gradients"]["distance"], norms, strict=bool(norms)):
            table[place[distance], column] = np.nan if norm is None else norm
    return table
