"""The most frequent tag of each word, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines import MajorityTag
from unrolled.errors import DataError

WORDS = [["time", "flies"], ["fruit", "flies", "like", "flies"], ["like"]]
TAGS = [["N", "V"], ["N", "N", "P", "N"], ["V"]]


def test_by_hand():
    found = MajorityTag.fit(WORDS, TAGS)
    assert found.tags == {"time": "N", "flies": "N", "fruit": "N", "like": "V"}  # V and P: V is more frequent
    assert found.otherwise == "N"
    assert found.predict([["flies", "like", "Time"], []]) == [["N", "V", "N"], []]


def test_equally_frequent_tags_go_by_letters():
    found = MajorityTag.fit([["a", "a", "b", "b"]], [["Y", "X", "X", "Y"]])
    assert (found.tags, found.otherwise) == ({"a": "X", "b": "X"}, "X")


sentences = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XYZ")), min_size=1), min_size=1
)


@given(sentences)
def test_no_rule_by_words_alone_is_better_where_it_learnt(pairs):
    words, tags = ([[p[i] for p in s] for s in pairs] for i in (0, 1))
    said = MajorityTag.fit(words, tags).predict(words)
    right = sum(a == b for s, t in zip(said, tags, strict=True) for a, b in zip(s, t, strict=True))
    flat = [p for s in pairs for p in s]
    assert right == sum(max(flat.count((w, t)) for t in "XYZ") for w in "abc")
    assert MajorityTag.fit(words[::-1], tags[::-1]) == MajorityTag.fit(words, tags)


@pytest.mark.parametrize(
    ("words", "tags", "message"),
    [
        ([["a", "b"]], [["X"]], "exactly one tag for each word"),
        ([["a"], ["b"]], [["X"]], "exactly one tag for each word"),
        ([], [], "no words"),
        ([[]], [[]], "no words"),
    ],
)
def test_wrong_input_is_refused(words, tags, message):
    with pytest.raises(DataError, match=message):
        MajorityTag.fit(words, tags)
