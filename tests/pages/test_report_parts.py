"""Parts are checked when they are put together."""

import numpy as np
import pytest
from report_pages import curve, page, picture, states

from unrolled.errors import ConfigError, ShapeError
from unrolled.pages import Section, Table


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", ".hidden", "-x", "a.png", "ä", "x" * 81, "a\n"])
@pytest.mark.parametrize("make", [curve, states])
def test_a_name_must_be_the_stem_of_a_file(make, name):
    with pytest.raises(ConfigError, match=r"its name becomes a file name"):
        make(name)


@pytest.mark.parametrize(("first", "second"), [("same", "same"), ("Same", "sAME")])
def test_two_parts_of_the_same_name(first, second):
    sections = (Section("One", "", (curve(first),)), Section("Two", "", (states(second),)))
    with pytest.raises(
        ConfigError, match=rf"two parts of the page are named '{second}': 'A curve' and 'States'"
    ):
        page(sections=sections)


def test_tokens_and_states_of_different_lengths():
    with pytest.raises(ShapeError, match=r"state map 'states', layer 'l0': 3 states for 2 tokens"):
        states(tokens=["a", "b"], layers={"l0": np.zeros((3, 4))}, notes={})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.zeros(2), r"shape \(2,\); they must be \(T, H\)"),
        (np.zeros((2, 0)), r"H at least 1"),
        (np.zeros((2, 3), complex), r"real numbers"),
        ([[0.0], [0.0]], r"numpy array of real numbers"),
    ],
)
def test_states_must_be_real_matrices(values, says):
    with pytest.raises(ShapeError, match=says):
        states(tokens=["a", "b"], layers={"l0": values}, notes={})


def test_notes_must_be_about_what_is_there():
    with pytest.raises(ConfigError, match=r"layer 'l2', not among its layers \(did you mean 'l"):
        states(notes={"l2": {0: "x"}})
    with pytest.raises(ConfigError, match=r"layer 'l1': a note about unit 6 of 6"):
        states(notes={"l1": {6: "x"}})


def test_nothing_to_show():
    with pytest.raises(ConfigError, match=r"at least one token and one layer"):
        states(tokens=[], layers={"l0": np.zeros((0, 2))}, notes={})
    with pytest.raises(ConfigError, match=r"at least one token and one layer"):
        states(layers={}, notes={})


def test_a_row_of_another_length():
    with pytest.raises(ShapeError, match=r"table 'T': row 2 has 1 cell, the header 2"):
        Table("T", "", ["a", "b"], [[1, 2], [3]])


def test_drawn_parts_in_order():
    assert [p.name for p in page(picture(), states(), curve()).drawn] == ["picture", "states", "curve"]
