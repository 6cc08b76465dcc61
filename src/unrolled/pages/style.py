"""House style of figures: one drawing for a light page, a dark page and a paper.

Black is ink: on a page, everything pure black (text, axes, grid) gets the text colour of the theme, light or
dark. :data:`PAPER` gets the background colour of the page; all other colours are kept. In a paper, black is
black and the background is white.
"""

import re
from typing import Any

import numpy as np
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import Formatter, LogFormatterSciNotation, NullFormatter

from unrolled.pages.display import superscript

INK = "black"
"""Colour of text, axes and grid; becomes the text colour of the page."""
PAPER = "#fffffe"
"""Colour of edges that separate a mark from its background; becomes the background colour of the page."""
ON_LIGHT, ON_DARK = "#010101", "#ffffff"
"""Colours of text on a coloured field, black and white in every theme; see :func:`text_on`."""

PALETTE = ("#2966cc", "#e57300", "#00a67c", "#a6428d", "#736a2e", "#7f33ff")
"""Colours of categories: each has a contrast of 3 or more on both backgrounds, and any two differ by at
least 20 units of CIE L*a*b* as seen with protanopia, deuteranopia and tritanopia (Machado et al., 2009)."""
SEQUENTIAL = "viridis"
"""Colour map of magnitudes."""
DIVERGING_STOPS = {
    "light": ("#1c4f9c", "#6ba0dc", "#f7f6f3", "#ea9a62", "#a8440c"),
    "dark": ("#8cc2ff", "#3b76bd", "#171a1f", "#b5602a", "#ffad73"),
}
"""Colours from negative to positive in even steps, by theme; state maps use those of the current theme."""
DIVERGING = LinearSegmentedColormap.from_list("unrolled_diverging", DIVERGING_STOPS["light"])
"""Colour map of signed values: blue below zero, orange above."""

WIDE, HALF = 8.6, 4.25
"""Widths in inches: of a figure that fills the column, and of each of two figures side by side."""

HOUSE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#00000080",
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelsize": 10,
    "axes.prop_cycle": cycler(linestyle=["-", "--", ":"]) * cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.alpha": 0.12,
    "grid.color": INK,
    "grid.linewidth": 0.8,
    "xtick.color": "#00000080",
    "xtick.labelcolor": "#000000d0",
    "xtick.labelsize": 9,
    "ytick.color": "#00000080",
    "ytick.labelcolor": "#000000d0",
    "ytick.labelsize": 9,
}
"""matplotlib settings for creating axes in the house style; :func:`apply_style` completes the style."""
MIN_LABEL_HEIGHT = 1.3
"""Axes lower than this in inches get no labels between powers of ten: they would overlap."""
LARGE_IMAGE = 1 << 18
"""Images of up to this many cells are drawn without interpolation, with sharp cells at every size."""


class HouseFigure(Figure):
    """A figure whose axes are in the house style, however they are added."""

    def add_subplot(self, *args: Any, **options: Any) -> Any:
        """Add axes to a grid; see :meth:`matplotlib.figure.Figure.add_subplot`."""
        with rc_context(HOUSE):
            return super().add_subplot(*args, **options)

    def add_axes(self, *args: Any, **options: Any) -> Any:
        """Add axes at a position; see :meth:`matplotlib.figure.Figure.add_axes`."""
        with rc_context(HOUSE):
            return super().add_axes(*args, **options)

    def colorbar(self, *args: Any, **options: Any) -> Any:
        """Add a colour bar; see :meth:`matplotlib.figure.Figure.colorbar`."""
        with rc_context(HOUSE):
            return super().colorbar(*args, **options)


def new_figure(width: float = WIDE, height: float = 3.6) -> Figure:
    """Return an empty figure in the house style: transparent, with constrained layout.

    Args:
        width: width in inches, at 96 pixels of the page per inch. Figures of up to five inches are placed
            side by side if the page is wide enough.
        height: height in inches.
    """
    return HouseFigure(figsize=(width, height), layout="constrained", facecolor="none")


def text_on(colour: Any) -> str:
    """Return the colour of readable text on a field of this colour, in every theme."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return ON_LIGHT if luminance > 0.18 else ON_DARK


def apply_style(figure: Figure) -> None:
    """Apply the parts of the style that depend on the content, and fix the layout. Idempotent.

    Axes titles are left-aligned, legends lose their box, images their grid, and powers of ten on logarithmic
    axes are written in plain characters, so that the page can use its own typeface.
    """
    for legend in figure.findobj(Legend):
        legend.get_frame().set(facecolor=PAPER, edgecolor="none", alpha=0.8)
    for image in figure.findobj(AxesImage):
        if image.get_interpolation() == "auto" and np.asarray(image.get_array()).size <= LARGE_IMAGE:
            image.set_interpolation("none")
    for axes in figure.findobj(Axes):
        if axes.images or any(isinstance(c, QuadMesh) for c in axes.collections):
            axes.grid(False, which="both")
        if axes.get_title():
            math = axes.title.get_parse_math()
            axes.set_title(axes.get_title(), loc="left", fontsize=10, weight="bold", parse_math=math)
            axes.set_title("")
        for axis in (axes.xaxis, axes.yaxis):
            _write_powers_plainly(axis)
        if axes.bbox.height < MIN_LABEL_HEIGHT * figure.dpi and isinstance(
            axes.yaxis.get_minor_formatter(), _PlainPowers
        ):
            axes.yaxis.set_minor_formatter(NullFormatter())
    # A layout that was switched off leaves a placeholder behind.
    if not isinstance(figure.get_layout_engine(), PlaceHolderLayoutEngine | None):
        # Space for labels changes the ticks, which change the labels: each drawing would differ slightly.
        figure.draw_without_rendering()
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def _write_powers_plainly(axis: Axis) -> None:
    major, minor = axis.get_major_formatter(), axis.get_minor_formatter()
    if isinstance(major, LogFormatterSciNotation):
        axis.set_major_formatter(_PlainPowers(major))
    if isinstance(minor, LogFormatterSciNotation):
        axis.set_minor_formatter(_PlainPowers(minor))


class _PlainPowers(Formatter):
    """Formatter that writes 10⁻³ instead of matplotlib's ``$\\mathdefault{10^{-3}}$``."""

    def __init__(self, inner: LogFormatterSciNotation):
        self.inner = inner

    def set_axis(self, axis: Any) -> None:
        super().set_axis(axis)
        self.inner.set_axis(axis)

    def set_locs(self, locs: Any) -> None:
        super().set_locs(locs)
        self.inner.set_locs(locs)

    def __call__(self, x: float, pos: int | None = None) -> str:
        label = re.sub(r"\^\{([-0-9]+)\}", lambda m: superscript(m[1]), self.inner(x, pos))
        return re.sub(r"\$|\\mathdefault|[{}]", "", label).replace("\\times", " × ")
