"""Export of the figures of a page for papers: black on white, as PNG and SVG."""

from collections.abc import Iterator
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from unrolled.pages.parts import Page, StateMap
from unrolled.pages.state_figure import draw_states
from unrolled.pages.style import apply_style
from unrolled.pages.svg import NO_DATE, SALT
from unrolled.storage import picture
from unrolled.storage.folder import make_folder
from unrolled.storage.output import write_output
from unrolled.storage.picture import ignore_missing_glyphs

DPI = 200
"""Pixels per inch of PNG files and of images inside an SVG."""


def write_figures(page: Page, folder: Path) -> list[Path]:
    """Write NAME.png and NAME.svg for each chart and each state map; return the paths.

    The folder is created if missing; existing files of these names are replaced atomically. Text in the SVG
    is converted to outlines, so that it looks the same everywhere.

    Raises:
        RunError: if a file cannot be written.
    """
    make_folder(folder)
    paths = []
    for name, data in figure_files(page):
        write_output(folder / name, data)
        paths.append(folder / name)
    return paths


def figure_files(page: Page) -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of each file that :func:`write_figures` writes."""
    for part in page.drawn:
        figure = draw_states(part) if isinstance(part, StateMap) else part.figure
        for ending in ("png", "svg"):
            yield f"{part.name}.{ending}", render_for_paper(figure, ending)


def render_for_paper(figure: Figure, ending: str) -> bytes:
    """Return the figure on a white background, as the bytes of a ``"png"`` or ``"svg"`` file."""
    metadata = NO_DATE if ending == "svg" else {"Software": None}
    with ignore_missing_glyphs():
        apply_style(figure)
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": SALT}):
        return picture.draw(figure, ending, dpi=DPI, facecolor="white", metadata=metadata)
