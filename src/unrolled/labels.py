"""Names from data as labels of a plot: drawn as they are, and never so long that they leave no room."""

import textwrap
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHARACTER = 0.11
"""Inches that a wide character of 10 points takes."""


def label_text(name: object, *, line: int = 40, lines: int = 1) -> str:
    """Return a name from data for matplotlib to draw.

    Dollar signs are escaped, so that ``$x$`` is not set as a formula. Control characters and halves of
    surrogate pairs are written as their codes. A name of too many lines loses its middle.

    Args:
        name: of any length.
        line: characters of a line.
        lines: of the label.
    """
    return _fit("".join(map(_shown, str(name))), line, lines).replace("$", r"\$")


def label_updates(axes: "Axes") -> None:
    """Name the horizontal axis after the updates that it counts; ticks are whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("update")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10]))


def width_of(labels: Iterable[str], points: float = 10) -> float:
    """Return the inches that the longest line of labels may take: a figure has to be wider by so much."""
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return longest * CHARACTER * points / 10


def _fit(name: str, line: int, lines: int) -> str:
    wrapped = textwrap.wrap(name, line, break_on_hyphens=False) if lines > 1 else [name]
    if len(wrapped) <= lines and len(wrapped[0] if wrapped else "") <= line:
        return "\n".join(wrapped)
    room = line * lines - 1
    short = f"{name[: room - room // 2]}…{name[-(room // 2) :]}"
    return "\n".join(short[k : k + line] for k in range(0, len(short), line))


def _shown(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return f"⟨{ord(character):04X}⟩"
    return character
