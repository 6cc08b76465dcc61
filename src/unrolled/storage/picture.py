"""Figures as PNG files."""

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
    """Return a figure as a file of a format; the options are those of ``Figure.savefig``."""
    buffer = io.BytesIO()
    with any_glyph():
        figure.savefig(buffer, format=format, **options)
    return buffer.getvalue()


def png_bytes(figure: "Figure", dpi: int = 120) -> bytes:
    """Return a figure as a PNG file."""
    return draw(figure, "png", dpi=dpi)


def save_picture(figure: "Figure", path: Path, dpi: int = 120) -> Path:
    """Write a figure as a PNG, replaced as a whole or not at all; return its path.

    Raises:
        RunError: if it cannot be written.
    """
    write_atomically(path, png_bytes(figure, dpi))
    return path


@contextmanager
def any_glyph() -> Iterator[None]:
    """Draw a box for each character that the typeface does not have, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ |Matplotlib currently does not support")
        yield
