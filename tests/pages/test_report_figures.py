"""Figures: their style, and their files for papers."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from report_pages import make_curve, make_page, make_picture, make_states

from unrolled.pages import Chart, new_figure, write_figures
from unrolled.pages.figures import render_for_paper
from unrolled.pages.style import PALETTE, PAPER, apply_style, text_on
from unrolled.pages.svg import page_svg

pytestmark = pytest.mark.draws

BACKGROUNDS = ("#fdfdfc", "#14171b")
CIE = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
# Machado, Oliveira and Fernandes (2009), severity 1.0.
VISION = {
    "fully": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}


def to_linear(colour):
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    low, high = sorted(float(to_linear(c) @ CIE[1]) + 0.05 for c in (first, second))
    return high / low


def to_lab(linear_rgb):
    x, y, z = np.cbrt(np.maximum(CIE @ np.clip(linear_rgb, 0, 1) / [0.95047, 1, 1.08883], 0.009))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("colour", PALETTE)
def test_palette_has_enough_contrast_on_both_backgrounds(colour):
    assert min(contrast(colour, background) for background in BACKGROUNDS) >= 3


@pytest.mark.parametrize("vision", VISION)
def test_palette_is_distinguishable_with_colour_blindness(vision):
    colours_in_lab = [to_lab(np.array(VISION[vision]) @ to_linear(c)) for c in PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(colours_in_lab, 2)) > 20


@pytest.mark.parametrize("colour", ["#ffffff", "#fde725", "#808080", "#440154", "black", *PALETTE])
def test_text_has_enough_contrast_on_colours(colour):
    assert contrast(text_on(colour), colour) >= 4.5


def test_figure_files_have_the_requested_formats(tmp_path):
    report_page = make_page(make_curve(width=5), make_states(tokens=list("abc")))
    paths = write_figures(report_page, tmp_path / "new" / "figures")
    assert [p.name for p in paths] == [f"{n}.{e}" for n in ("curve", "states") for e in ("png", "svg")]
    assert sorted(paths) == sorted((tmp_path / "new" / "figures").iterdir())
    pixels = imread(paths[0])
    assert pixels.shape[:2] == (480, 1000)
    assert (pixels[0, 0, :3] == 1).all()  # white background
    assert (pixels[..., 3] == 1).all()
    assert pixels[..., :3].sum(-1).min() < 0.9  # black text
    for path in paths[1::2]:
        drawing = path.read_text(encoding="utf-8")
        assert ElementTree.fromstring(drawing).tag.endswith("svg")
        assert "<text" not in drawing  # outlines
        assert "currentColor" not in drawing


def test_figure_files_are_reproducible():
    figure_1, figure_2 = make_curve().figure, make_curve().figure
    rendered = {ending: render_for_paper(figure_1, ending) for ending in ("svg", "png")}
    page_svg(figure_1, "p.", "label")
    for figure, ending in ((figure_1, "png"), (figure_1, "svg"), (figure_2, "svg")):
        assert render_for_paper(figure, ending) == rendered[ending]


def test_black_follows_the_theme_and_colours_stay():
    figure = new_figure(4, 2)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o", markeredgecolor=PAPER)
    axes.axhline(0.5, color="black")
    axes.text(0.5, 0.5, "on a field", color=text_on("white"))
    drawing = page_svg(figure, "p.", "label")
    assert "#000000" not in drawing
    assert PAPER not in drawing
    assert PALETTE[0] in drawing
    assert "#010101" in drawing


def test_plain_matplotlib_figures_are_accepted():
    figure = Figure(figsize=(4, 3))
    figure.subplots().set_title("plain")
    drawing = page_svg(figure, "p.", 'says "this"')
    assert "#ffffff" not in drawing
    assert 'aria-label="says &quot;this&quot;"' in drawing
    assert 'style="--natural: 384px"' in drawing


def test_low_axes_have_no_minor_labels():
    for height, has_labels in ((0.9, False), (4.0, True)):
        figure = new_figure(4, height)
        axes = figure.subplots()
        axes.plot([0.7, 6.0])
        axes.set_yscale("log")
        apply_style(figure)
        figure.draw_without_rendering()
        assert any(t.get_text() for t in axes.yaxis.get_minorticklabels()) == has_labels


def test_images_have_sharp_cells_and_no_grid():
    chart = make_picture()
    apply_style(chart.figure)
    axes = chart.figure.axes[0]
    assert axes.images[0].get_interpolation() == "none"
    assert not any(line.get_visible() for line in axes.get_xgridlines())


def test_labels_that_look_like_ids_are_kept():
    figure = new_figure(4, 2)
    figure.subplots().set_xlabel('id="x" url(#y) #000000')
    chart = Chart("ids", "T", "", figure, {})
    assert 'id="x" url(#y) #000000' in page_svg(chart.figure, "p.", "T")
