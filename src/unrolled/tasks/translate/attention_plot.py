"""Attention weights as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unrolled.extras import extra
from unrolled.labels import label_text, width_of
from unrolled.storage.folder import make_folder
from unrolled.storage.output import write_output
from unrolled.storage.picture import png_bytes

CELL = 0.32
"""Inches per token."""
LONGEST = 24
"""Characters of a label, at most."""
WIDEST = 24.0
TOKEN = 8
"""Font size of the labels, in points."""


def plot_attention(
    weights: NDArray[np.float32], source: Sequence[str], target: Sequence[str], path: Path
) -> Path:
    """Draw attention with the source along the top and the output down the side; return the PNG's path.

    Args:
        weights: (target, source), in [0, 1].
        source: tokens that were attended to.
        target: tokens that were written.
        path: the PNG; its folder is made where it is missing.

    Raises:
        RunError: if the file cannot be written.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    rows, columns = weights.shape
    across, down = ([label_text(t, line=LONGEST) for t in tokens] for tokens in (source, target))
    width = min(WIDEST, 2.2 + CELL * columns) + width_of(down, TOKEN)
    height = min(WIDEST, 1.8 + CELL * rows) + width_of(across, TOKEN)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(columns), across, rotation=90, fontsize=TOKEN)
    axes.set_yticks(range(rows), down, fontsize=TOKEN)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("source")
    axes.set_ylabel("output")
    figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
    make_folder(path.parent)
    write_output(path, png_bytes(figure))
    return path
