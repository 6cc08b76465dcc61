"""Figures as PNG files. Names from data are drawn as they are: never as mathematics, whatever they hold."""

import io
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from unrolled.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 40
"""Characters of a name that are drawn."""
CHARACTER = 0.085
"""Inches that a character of 10 points takes, about."""


def label_text(name: object) -> str:
    """Return a name from data for matplotlib to draw.

    Dollar signs are escaped, so that ``$x$`` is not set as a formula. Control characters and halves of
    surrogate pairs are written as their codes. Very long names lose their middle.
    """
    text = str(name)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    shown = (_code(c) if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return "".join(shown).replace("$", r"\$")


def width_of(labels: Iterable[str], points: float = 10) -> float:
    """Return the inches that the longest label takes, about: a figure has to be wider by so much."""
    return max(map(len, labels), default=0) * CHARACTER * points / 10


def png_bytes(figure: "Figure", dpi: int = 120) -> bytes:
    """Return a figure as a PNG file."""
    buffer = io.BytesIO()
    with any_glyph():
        figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


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


def _code(character: str) -> str:
    return f"⟨{ord(character):04X}⟩"
