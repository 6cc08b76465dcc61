"""Saving of figures as PNG files."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(figure: "Figure", format: str, **options: Any) -> bytes:
    """Return the bytes of a figure in a format; the options are those of ``Figure.savefig``."""
    buffer = io.BytesIO()
    with ignore_missing_glyphs():
        figure.savefig(buffer, format=format, **options)
    return buffer.getvalue()


def png_bytes(figure: "Figure", dpi: int = 120) -> bytes:
    """Return the bytes of a figure as PNG."""
    return draw(figure, "png", dpi=dpi)


def save_figure(figure: "Figure", path: Path, dpi: int = 120) -> Path:
    """Save a figure as PNG atomically; return its path.

    Raises:
        RunError: if the file cannot be written.
    """
    write_atomically(path, png_bytes(figure, dpi))
    return path


@contextmanager
def ignore_missing_glyphs() -> Iterator[None]:
    """Context manager: suppress the warning for characters missing in the font, which are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ |Matplotlib currently does not support")
        yield
