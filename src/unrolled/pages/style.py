"""The house style of figures: one drawing for a light page, a dark page and a paper.

The rule that makes this work: black is ink. On a page everything pure black (text, axes, grid) takes the
colour of the page's text, in a light and in a dark theme; :data:`PAPER` takes the colour of the page's
ground; all other colours stay. In a paper black is black and the ground is white.
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
from matplotlib.legend import Legend
from matplotlib.ticker import Formatter, LogFormatterSciNotation, NullFormatter

from unrolled.pages.display import raised

INK = "black"
"""Text, axes and grid: the colour of the page's text."""
PAPER = "#fffffe"
"""Edges that set a mark off from what lies under it: the colour of the page's ground; white in a paper."""
ON_LIGHT, ON_DARK = "#010101", "#ffffff"
"""Text on a coloured field, black and white in every theme; see :func:`text_on`."""

PALETTE = ("#2966cc", "#e57300", "#00a67c", "#a6428d", "#736a2e", "#7f33ff")
"""For categories: each has a contrast of 3 or more on both grounds, and each two stay at least 20 units of
CIE L*a*b* apart as seen with protanopia, deuteranopia and tritanopia (Machado et al., 2009)."""
SEQUENTIAL = "viridis"
"""For magnitudes."""
DIVERGING_STOPS = {
    "light": ("#1c4f9c", "#6ba0dc", "#f7f6f3", "#ea9a62", "#a8440c"),
    "dark": ("#8cc2ff", "#3b76bd", "#171a1f", "#b5602a", "#ffad73"),
}
"""Negative to positive in even steps, by theme; state maps take the one that fits the page."""
DIVERGING = LinearSegmentedColormap.from_list("unrolled_diverging", DIVERGING_STOPS["light"])
"""For signed values around zero, blue below and orange above."""

WIDE, HALF = 8.6, 4.25
"""Widths in inches: of a figure that fills the column, and of one of two side by side."""

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
"""matplotlib settings under which the axes of a house figure are made; :func:`finish` does the rest."""
LOW = 1.3
"""Axes lower than this in inches get no labels between the powers of ten: they would overlap."""
LARGE_PICTURE = 1 << 18
"""Pictures of up to so many cells keep each cell's own colour and sharp edges at every size."""


class HouseFigure(Figure):
    """A figure whose axes come out in the house style, however they are added."""

    def add_subplot(self, *args: Any, **options: Any) -> Any:
        """Add axes to a grid; see :meth:`matplotlib.figure.Figure.add_subplot`."""
        with rc_context(HOUSE):
            return super().add_subplot(*args, **options)

    def add_axes(self, *args: Any, **options: Any) -> Any:
        """Add axes at a place; see :meth:`matplotlib.figure.Figure.add_axes`."""
        with rc_context(HOUSE):
            return super().add_axes(*args, **options)

    def colorbar(self, *args: Any, **options: Any) -> Any:
        """Add a bar of colours; see :meth:`matplotlib.figure.Figure.colorbar`."""
        with rc_context(HOUSE):
            return super().colorbar(*args, **options)


def new_figure(width: float = WIDE, height: float = 3.6) -> Figure:
    """Return an empty figure in the house style: transparent, with room made for what is written.

    Args:
        width: in inches, at its natural size 96 pixels of the page each. Figures of up to five inches stand
            side by side where the page is wide enough.
        height: in inches.
    """
    return HouseFigure(figsize=(width, height), layout="constrained", facecolor="none")


def text_on(colour: Any) -> str:
    """Return the colour of text that is read on a field of this colour, in every theme."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return ON_LIGHT if luminance > 0.18 else ON_DARK


def finish(figure: Figure) -> None:
    """Give a drawn figure what only its content can tell, and fix its layout; done again it changes nothing.

    Titles of axes stand on the left, legends lose their box, pictures their grid, and powers of ten on
    logarithmic axes are written in plain characters, so that the page can set them in its own typeface.
    """
    for legend in figure.findobj(Legend):
        legend.get_frame().set(facecolor=PAPER, edgecolor="none", alpha=0.8)
    for image in figure.findobj(AxesImage):
        if image.get_interpolation() == "auto" and np.asarray(image.get_array()).size <= LARGE_PICTURE:
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
        if axes.bbox.height < LOW * figure.dpi and isinstance(axes.yaxis.get_minor_formatter(), _PlainPowers):
            axes.yaxis.set_minor_formatter(NullFormatter())
    if figure.get_layout_engine() is not None:
        # Room made for labels changes ticks, which change the labels: each drawing would differ a little.
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
    """Writes 10⁻³ where matplotlib's own formatter writes ``$\\mathdefault{10^{-3}}$``."""

    def __init__(self, inner: LogFormatterSciNotation):
        self.inner = inner

    def set_axis(self, axis: Any) -> None:
        super().set_axis(axis)
        self.inner.set_axis(axis)

    def set_locs(self, locs: Any) -> None:
        super().set_locs(locs)
        self.inner.set_locs(locs)

    def __call__(self, x: float, pos: int | None = None) -> str:
        written = re.sub(r"\^\{([-0-9]+)\}", lambda m: raised(m[1]), self.inner(x, pos))
        return re.sub(r"\$|\\mathdefault|[{}]", "", written).replace("\\times", " × ")
