"""Names from data as plot labels: escaped, and shortened so that they leave room for the plot."""

import textwrap
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHARACTER_WIDTH = 0.11
"""Width in inches of a wide character at 10 points."""


def label_text(name: object, *, line: int = 40, lines: int = 1) -> str:
    """Return a name from data as text that matplotlib draws literally.

    Dollar signs are escaped, so that ``$x$`` is not drawn as a formula. Control characters and halves of
    surrogate pairs are written as codes. If a name needs too many lines, its middle is left out.

    Args:
        name: the name, of any length.
        line: largest number of characters in a line.
        lines: largest number of lines.
    """
    return _fit("".join(map(_escape_character, str(name))), line, lines).replace("$", r"\$")


def label_update_axis(axes: "Axes") -> None:
    """Label the horizontal axis "update", with whole numbers as ticks."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("update")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10]))


def label_width(labels: Iterable[str], points: float = 10) -> float:
    """Return the width in inches of the longest line of the labels, to be added to the width of a figure."""
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return longest * CHARACTER_WIDTH * points / 10


def _fit(name: str, line: int, lines: int) -> str:
    wrapped = textwrap.wrap(name, line, break_on_hyphens=False) if lines > 1 else [name]
    if len(wrapped) <= lines and len(wrapped[0] if wrapped else "") <= line:
        return "\n".join(wrapped)
    room = line * lines - 1
    short = f"{name[: room - room // 2]}…{name[-(room // 2) :]}"
    return "\n".join(short[k : k + line] for k in range(0, len(short), line))


def _escape_character(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return f"⟨{ord(character):04X}⟩"
    return character
