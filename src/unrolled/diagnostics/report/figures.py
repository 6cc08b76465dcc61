"""The figures of a page as files for papers: black on white, PNG and SVG."""

import io
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from unrolled.atomic import write_atomically
from unrolled.diagnostics.report.parts import Page, StateMap
from unrolled.diagnostics.report.state_figure import draw_states
from unrolled.diagnostics.report.style import finish
from unrolled.diagnostics.report.svg import NO_DATE, SALT

DPI = 200
"""Pixels per inch of PNG files and of what is an image inside an SVG."""


def write_figures(page: Page, folder: Path) -> list[Path]:
    """Write NAME.png and NAME.svg for each chart and each state map; return their paths.

    The folder is made where it is missing; files of these names in it are replaced, each as a whole. Text in
    the SVG is drawn as outlines, so that it looks the same wherever it is opened.

    Raises:
        RunError: if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for part in page.drawn:
        figure = draw_states(part) if isinstance(part, StateMap) else part.figure
        for ending in ("png", "svg"):
            path = folder / f"{part.name}.{ending}"
            write_atomically(path, for_paper(figure, ending))
            paths.append(path)
    return paths


def for_paper(figure: Figure, ending: str) -> bytes:
    """Return the figure on white, as the bytes of a ``"png"`` or ``"svg"`` file."""
    finish(figure)
    buffer = io.BytesIO()
    metadata = NO_DATE if ending == "svg" else {"Software": None}
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": SALT}):
        figure.savefig(buffer, format=ending, dpi=DPI, facecolor="white", metadata=metadata)
    return buffer.getvalue()
