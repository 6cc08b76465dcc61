"""Attention as a picture."""

import io
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.labels import fit_labels
from unrolled.tasks.translation_writer import AttentionMap

CELL = 0.32
"""Inches of a token."""
CHARACTER = 0.09
"""Inches of a character of a label."""
LONGEST = 24
"""Characters of a label."""
WIDEST = 24.0


def plot_attention(found: AttentionMap, path: Path) -> Path:
    """Draw weights with the source along the top and the output down the side; return the PNG's path.

    Raises:
        RunError: if the file cannot be written.
    """
    from matplotlib.figure import Figure

    rows, columns = found.weights.shape
    source, target = fit_labels(found.source, line=LONGEST), fit_labels(found.target, line=LONGEST)
    size = (
        min(WIDEST, 2.2 + CELL * columns + CHARACTER * max(map(len, target))),
        min(WIDEST, 1.8 + CELL * rows + CHARACTER * max(map(len, source))),
    )
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(found.weights, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(columns), source, rotation=90, fontsize=8, parse_math=False)
    axes.set_yticks(range(rows), target, fontsize=8, parse_math=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("source")
    axes.set_ylabel("output")
    figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path.parent}: cannot be made ({error.strerror})") from error
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    write_atomically(path, picture.getvalue())
    return path
