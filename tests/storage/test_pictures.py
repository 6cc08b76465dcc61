"""Names from the data in plots are drawn literally, whatever they contain."""

import warnings

import pytest
from matplotlib.figure import Figure

from unrolled.errors import RunError
from unrolled.labels import label_text
from unrolled.storage.picture import ignore_missing_glyphs, png_bytes, save_figure

pytestmark = pytest.mark.draws

DIFFICULT_NAMES = [
    r"$\frac{$",
    "$_$",
    r"\$x$",
    "a\x00b\x1b[31m",
    "\udc80",
    "漢字",
    "a\nb\u2028c",
    "x" * 5000,
    "",
    "$" * 7,
]


def preprocess_name(name):
    """Return the characters that matplotlib draws for a name, and whether it draws them as mathematics."""
    figure = Figure()
    text = figure.text(0, 0, label_text(name))
    return text._preprocess_math(text.get_text())


@pytest.mark.parametrize("name", [r"$\frac{$", "$_$", r"\$x$", "plain", "a$b", r"100\% $5$ $$"])
def test_dollar_signs_are_drawn_literally(name):
    assert preprocess_name(name) == (name, False)


def test_characters_without_a_glyph_are_written_as_codes():
    assert label_text("a\nb\x1b\udc80\u2028") == "a⟨000A⟩b⟨001B⟩⟨DC80⟩⟨2028⟩"
    assert label_text(3) == "3"
    assert len(label_text("ab" * 500)) == 40


@pytest.mark.parametrize("name", DIFFICULT_NAMES)
def test_any_name_can_be_drawn(name):
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.set_xticks([0, 1], [label_text(name), "b"])
    axes.set_title(label_text(name))
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_missing_glyphs_are_boxes_without_a_warning():
    figure = Figure()
    figure.text(0, 0, "漢字")
    with warnings.catch_warnings(), ignore_missing_glyphs():
        warnings.filterwarnings("error", category=DeprecationWarning)
        figure.draw_without_rendering()


def test_a_picture_is_replaced_atomically(tmp_path, monkeypatch):
    path = tmp_path / "p.png"
    path.write_bytes(b"old")

    def fail(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(RunError, match=r"p\.png: could not be written \(No space left"):
        save_figure(Figure(), path)
    assert path.read_bytes() == b"old"
