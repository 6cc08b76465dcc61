"""Attention as a picture."""

from pathlib import Path

from unrolled.extras import extra
from unrolled.labels import label_text, width_of
from unrolled.storage.folder import make_folder
from unrolled.storage.output import write_output
from unrolled.storage.picture import png_bytes
from unrolled.tasks.translate.writer import AttentionMap

CELL = 0.32
"""Inches of a token."""
LONGEST = 24
"""Characters of a label."""
WIDEST = 24.0
TOKEN = 8
"""Points of a token's name."""


def plot_attention(found: AttentionMap, path: Path) -> Path:
    """Draw weights with the source along the top and the output down the side; return the PNG's path.

    Raises:
        RunError: if the file cannot be written.
    """
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    rows, columns = found.weights.shape
    source, target = (
        [label_text(t, line=LONGEST) for t in tokens] for tokens in (found.source, found.target)
    )
    width = min(WIDEST, 2.2 + CELL * columns) + width_of(target, TOKEN)
    height = min(WIDEST, 1.8 + CELL * rows) + width_of(source, TOKEN)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(found.weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(columns), source, rotation=90, fontsize=TOKEN)
    axes.set_yticks(range(rows), target, fontsize=TOKEN)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("source")
    axes.set_ylabel("output")
    figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
    make_folder(path.parent)
    write_output(path, png_bytes(figure))
    return path
