"""Pairs and sources from memory, in every supported shape."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import PairForm, build_pairs, build_sources
from unrolled.errors import DataError

SOURCES, TARGETS = ["a", "b c", "d"], ["1", "2", "3"]
PAIRS = list(zip(SOURCES, TARGETS, strict=True))
STRICT = PairForm(missing="error")


def get_pairs(pairs):
    return list(zip(pairs.sources, pairs.targets, strict=True))


@pytest.mark.parametrize(
    "data",
    [
        (PAIRS,),
        ([list(pair) for pair in PAIRS],),
        (np.array(PAIRS),),
        (SOURCES, TARGETS),
        (tuple(SOURCES), np.array(TARGETS)),
        (pd.Series(SOURCES), pd.Series(TARGETS, index=[7, 8, 9])),
        (pd.DataFrame({"id": [1, 2, 3], "target": TARGETS, "source": SOURCES}),),
        (pd.DataFrame({"x": SOURCES, "y": TARGETS}),),
        (iter(PAIRS),),
    ],
)
def test_every_shape_gives_the_same_pairs(data):
    assert get_pairs(build_pairs(*data)) == PAIRS


@given(st.lists(st.tuples(st.text("ab ", max_size=3), st.text("ab ", max_size=3)), max_size=8))
def test_pairs_are_kept_if_both_sides_are_present(pairs):
    expected = [(s.strip(), t.strip()) for s, t in pairs if s.strip() and t.strip()]
    if expected:
        assert get_pairs(build_pairs(pairs)) == expected
    else:
        with pytest.raises(DataError, match="holds no pairs"):
            build_pairs(pairs)


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan, pd.NA, "", " "])
def test_pairs_with_a_missing_side_are_left_out_and_counted(nothing):
    pairs = build_pairs([*PAIRS, ("x", nothing), (nothing, "y"), (nothing, nothing)])
    assert get_pairs(pairs) == PAIRS
    assert "2 of 6 pairs are left out because one side is blank (lines 4, 5)" in pairs.notes[0]
    with pytest.raises(DataError, match="blank on line 4"):
        build_pairs([*PAIRS, ("x", nothing)], form=STRICT)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([("a",)],), r"pair 1: a source and a target are needed"),
        (([("a", 3)],), r"pair 1: .* got \('a', 3\)"),
        ((["ab", "cd"],), r"pair 1: .*got 'ab'; give sources and targets"),
        (([("a", "b", "c")],), "pair 1"),
        ((SOURCES, TARGETS[:2]), "3 sources and 2 targets"),
        ((SOURCES, "abc"), "targets: a sequence of texts is needed, got the text 'abc'"),
        ((SOURCES, [1, 2, 3]), "targets: number 1 is 1 where a text is needed"),
        ((3,), "these data are int"),
    ],
)
def test_other_shapes_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        build_pairs(*data)


def test_sources_alone():
    assert build_sources(np.array(SOURCES), PairForm()).texts == SOURCES
    frame = pd.DataFrame({"n": [1, 2, 3], "text": SOURCES})
    assert build_sources(frame, PairForm()).texts == SOURCES
    assert build_sources([None, "a"], PairForm()).texts == ["", "a"]
