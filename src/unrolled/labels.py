"""Names from data as labels of a plot: never so long that they leave no room for the axes."""

import textwrap
from collections.abc import Sequence


def fit_labels(names: Sequence[object], *, line: int, lines: int = 1) -> list[str]:
    """Return the names broken into lines; a name that needs more lines loses its middle.

    Args:
        names: of the ticks of an axis, in any length.
        line: characters of a line.
        lines: of a label.
    """
    return [_fit(str(name), line, lines) for name in names]


def _fit(name: str, line: int, lines: int) -> str:
    wrapped = textwrap.wrap(name, line, break_on_hyphens=False) if lines > 1 else [name]
    if len(wrapped) <= lines and len(wrapped[0] if wrapped else "") <= line:
        return "\n".join(wrapped)
    room = line * lines - 1
    short = f"{name[: room - room // 2]}…{name[-(room // 2) :]}"
    return "\n".join(short[k : k + line] for k in range(0, len(short), line))
