"""Plot of attention weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unrolled.extras import extra
from unrolled.labels import label_text, label_width
from unrolled.storage.folder import make_folder
from unrolled.storage.output import write_output
from unrolled.storage.picture import png_bytes

CELL_SIZE = 0.32
"""Inches per token."""
MAX_LABEL_CHARS = 24
"""Largest number of characters of a label."""
MAX_SIZE = 24.0
"""Largest width and height of the axes, in inches."""
FONT_SIZE = 8
"""Font size of the labels, in points."""


def plot_attention(
    weights: NDArray[np.float32], source: Sequence[str], target: Sequence[str], path: Path
) -> Path:
    """Plot attention weights, source tokens as columns and output tokens as rows; return the path of the PNG.

    Args:
        weights: attention weights in [0, 1], (target, source).
        source: source tokens.
        target: output tokens.
        path: path of the PNG; its folder is created if needed.

    Raises:
        RunError: if the file cannot be written.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    rows, columns = weights.shape
    column_labels, row_labels = (
        [label_text(t, line=MAX_LABEL_CHARS) for t in tokens] for tokens in (source, target)
    )
    width = min(MAX_SIZE, 2.2 + CELL_SIZE * columns) + label_width(row_labels, FONT_SIZE)
    height = min(MAX_SIZE, 1.8 + CELL_SIZE * rows) + label_width(column_labels, FONT_SIZE)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(columns), column_labels, rotation=90, fontsize=FONT_SIZE)
    axes.set_yticks(range(rows), row_labels, fontsize=FONT_SIZE)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("source")
    axes.set_ylabel("output")
    figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
    make_folder(path.parent)
    write_output(path, png_bytes(figure))
    return path
