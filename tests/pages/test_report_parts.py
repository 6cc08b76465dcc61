"""Parts of a page are checked when they are created."""

import numpy as np
import pytest
from report_pages import make_curve, make_page, make_picture, make_states

from unrolled.errors import ConfigError, ShapeError
from unrolled.pages import Section, Table


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", ".hidden", "-x", "a.png", "ä", "x" * 81, "a\n"])
@pytest.mark.parametrize("make", [make_curve, make_states])
def test_a_name_must_be_a_valid_file_stem(make, name):
    with pytest.raises(ConfigError, match=r"its name becomes a file name"):
        make(name)


@pytest.mark.parametrize(("first", "second"), [("same", "same"), ("Same", "sAME")])
def test_two_parts_with_the_same_name_are_refused(first, second):
    sections = (Section("One", "", (make_curve(first),)), Section("Two", "", (make_states(second),)))
    with pytest.raises(
        ConfigError, match=rf"two parts of the page are named '{second}': 'A curve' and 'States'"
    ):
        make_page(sections=sections)


def test_tokens_and_states_of_different_lengths_are_refused():
    with pytest.raises(ShapeError, match=r"state map 'states', layer 'l0': 3 states for 2 tokens"):
        make_states(tokens=["a", "b"], layers={"l0": np.zeros((3, 4))}, notes={})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(2), r"shape \(2,\); they must be \(T, H\)"),
        (np.zeros((2, 0)), r"H at least 1"),
        (np.zeros((2, 3), complex), r"real numbers"),
        ([[0.0], [0.0]], r"numpy array of real numbers"),
    ],
)
def test_states_must_be_real_matrices(values, message):
    with pytest.raises(ShapeError, match=message):
        make_states(tokens=["a", "b"], layers={"l0": values}, notes={})


def test_notes_must_refer_to_existing_layers_and_units():
    with pytest.raises(ConfigError, match=r"layer 'l2', not among its layers \(did you mean 'l"):
        make_states(notes={"l2": {0: "x"}})
    with pytest.raises(ConfigError, match=r"layer 'l1': a note about unit 6 of 6"):
        make_states(notes={"l1": {6: "x"}})


def test_an_empty_state_map_is_refused():
    with pytest.raises(ConfigError, match=r"at least one token and one layer"):
        make_states(tokens=[], layers={"l0": np.zeros((0, 2))}, notes={})
    with pytest.raises(ConfigError, match=r"at least one token and one layer"):
        make_states(layers={}, notes={})


def test_a_table_row_of_another_length_is_refused():
    with pytest.raises(ShapeError, match=r"table 'T': row 2 has 1 cell, the header 2"):
        Table("T", "", ["a", "b"], [[1, 2], [3]])


def test_drawn_parts_in_order():
    assert [p.name for p in make_page(make_picture(), make_states(), make_curve()).drawn] == [
        "picture",
        "states",
        "curve",
    ]
