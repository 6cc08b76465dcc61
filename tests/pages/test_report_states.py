"""States packed into bytes, ordered by similarity, and drawn for papers."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from report_pages import NASTY_TOKENS, make_states

from property_settings import examples
from unrolled.pages.display import format_number, visible
from unrolled.pages.state_figure import draw_states
from unrolled.pages.states import NOT_FINITE, colour_limit, payload, quantise, similar_order

VALUES = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(width=32, allow_nan=True)
)


@given(VALUES)
def test_quantisation_error_is_at_most_half_a_step(values):
    packed, scale = quantise(values)
    assert packed.shape == values.shape[::-1]
    finite = np.isfinite(values)
    assert ((packed.T == NOT_FINITE) == ~finite).all()
    unpacked = packed.T / 127 * scale
    error = np.abs(unpacked - np.where(finite, values, 0).astype(float))[finite]
    assert (error <= np.broadcast_to(scale / 253, values.shape)[finite]).all()


@examples(30)
@given(VALUES)
def test_every_state_can_be_packed(values):
    packed_map = payload(make_states(tokens=["t"] * len(values), layers={"l": values}, notes={}))
    assert sorted(packed_map["layers"][0]["order"]) == list(range(values.shape[1]))
    assert 0 < packed_map["layers"][0]["limit"] < np.inf


def test_units_with_similar_values_become_neighbours():
    rng = np.random.default_rng(0)
    courses = rng.normal(size=(200, 3))
    values = courses[:, [0, 1, 2] * 5] + 0.1 * rng.normal(size=(200, 15))
    courses_in_order = [unit % 3 for unit in similar_order(values)]
    assert sum(a != b for a, b in itertools.pairwise(courses_in_order)) == 2


def test_outliers_do_not_set_the_colour_scale():
    values = np.ones((1000, 10))
    values[0, 0] = 1e6
    assert colour_limit(values) == 1.0
    assert colour_limit(np.zeros((3, 3))) == 1.0
    assert colour_limit(np.full((3, 3), np.nan)) == 1.0
    sparse = np.zeros((1000, 10))
    sparse[3, 3] = 0.5
    assert colour_limit(sparse) == 0.5


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("a b\n", "a·b↵"),
        ("\t", "→"),
        ("\x00", "⟨0000⟩"),
        ("\u200b", "⟨200B⟩"),
        ("\u200d", "⟨200D⟩"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\xa0", "⟨00A0⟩"),
        ("e\u0301", "e\u0301"),
        ("\udc80", "⟨DC80⟩"),
        ("\u202e", "⟨202E⟩"),
    ],
)
def test_invisible_characters_are_shown(token, expected):
    assert visible(token) == expected


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (-3.0, "−3"),
        (0.10234, "0.102"),
        (2.3e-9, "2.30 × 10⁻⁹"),
        (-1.5e12, "−1.50 × 10¹²"),
        (12345.6, "12346"),
        (999.96, "1000"),
        (0.00099999, "0.001"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "not a number"),
        (np.float32(0.5), "0.5"),
        (True, "True"),
        ("1e5", "1e5"),
    ],
)
def test_numbers_in_words(number, words):
    assert format_number(number) == words


@pytest.mark.parametrize("tokens", [NASTY_TOKENS, list("$a_b$") * 2, ["x"] * 200, ["one"]])
def test_a_state_map_is_drawn_for_papers(tokens):
    figure = draw_states(make_states(tokens=tokens))
    figure.draw_without_rendering()
    image_axes = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left") or axes.get_title() for axes in image_axes] == ["l0", "l1"]
    assert image_axes[0].images[0].get_array().shape == (6, len(tokens))
    tick_labels = [label.get_text() for label in image_axes[-1].get_xticklabels()]
    assert (len(tick_labels) == len(tokens)) == (len(tokens) <= 80)
