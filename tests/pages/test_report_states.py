"""States packed into bytes, ordered by likeness, and drawn for papers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from report_pages import NASTY, states

from unrolled.pages.display import in_words, visible
from unrolled.pages.state_figure import draw_states
from unrolled.pages.states import NOT_FINITE, colour_limit, payload, quantise, similar_order

VALUES = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(width=32, allow_nan=True)
)


@given(VALUES)
def test_bytes_keep_every_finite_value_to_half_a_step(values):
    packed, scale = quantise(values)
    assert packed.shape == values.shape[::-1]
    finite = np.isfinite(values)
    assert ((packed.T == NOT_FINITE) == ~finite).all()
    found = packed.T / 127 * scale
    error = np.abs(found - np.where(finite, values, 0).astype(float))[finite]
    assert (error <= np.broadcast_to(scale / 253, values.shape)[finite]).all()


@settings(max_examples=30)
@given(VALUES)
def test_every_state_can_be_packed(values):
    made = payload(states(tokens=["t"] * len(values), layers={"l": values}, notes={}))
    assert sorted(made["layers"][0]["order"]) == list(range(values.shape[1]))
    assert 0 < made["layers"][0]["limit"] < np.inf


def test_units_of_like_courses_become_neighbours():
    rng = np.random.default_rng(0)
    courses = rng.normal(size=(200, 3))
    values = courses[:, [0, 1, 2] * 5] + 0.1 * rng.normal(size=(200, 15))
    kinds = [unit % 3 for unit in similar_order(values)]
    assert sum(a != b for a, b in itertools.pairwise(kinds)) == 2


def test_a_few_outliers_do_not_pale_the_rest():
    values = np.ones((1000, 10))
    values[0, 0] = 1e6
    assert colour_limit(values) == 1.0
    assert colour_limit(np.zeros((3, 3))) == 1.0
    assert colour_limit(np.full((3, 3), np.nan)) == 1.0
    sparse = np.zeros((1000, 10))
    sparse[3, 3] = 0.5
    assert colour_limit(sparse) == 0.5


@pytest.mark.parametrize(
    ("token", "shown"),
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
def test_what_cannot_be_seen_is_shown(token, shown):
    assert visible(token) == shown


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
    assert in_words(number) == words


@pytest.mark.parametrize("tokens", [NASTY, list("$a_b$") * 2, ["x"] * 200, ["one"]])
def test_a_map_for_papers(tokens):
    figure = draw_states(states(tokens=tokens))
    figure.draw_without_rendering()
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left") or axes.get_title() for axes in drawn] == ["l0", "l1"]
    assert drawn[0].images[0].get_array().shape == (6, len(tokens))
    named = [label.get_text() for label in drawn[-1].get_xticklabels()]
    assert (len(named) == len(tokens)) == (len(tokens) <= 80)
