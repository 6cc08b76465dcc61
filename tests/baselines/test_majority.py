"""The most frequent tag of each word, compared with hand-computed results."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines import MajorityTag
from unrolled.errors import DataError

WORDS = [["time", "flies"], ["fruit", "flies", "like", "flies"], ["like"]]
TAGS = [["N", "V"], ["N", "N", "P", "N"], ["V"]]


def test_hand_computed_tags():
    model = MajorityTag.fit(WORDS, TAGS)
    assert model.tags == {"time": "N", "flies": "N", "fruit": "N", "like": "V"}  # V and P: V is more frequent
    assert model.otherwise == "N"
    assert model.predict([["flies", "like", "Time"], []]) == [["N", "V", "N"], []]


def test_ties_are_broken_alphabetically():
    model = MajorityTag.fit([["a", "a", "b", "b"]], [["Y", "X", "X", "Y"]])
    assert (model.tags, model.otherwise) == ({"a": "X", "b": "X"}, "X")


sentences = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XYZ")), min_size=1), min_size=1
)


@given(sentences)
def test_no_per_word_rule_is_better_on_the_training_data(pairs):
    words, tags = ([[p[i] for p in s] for s in pairs] for i in (0, 1))
    predicted = MajorityTag.fit(words, tags).predict(words)
    correct = sum(a == b for s, t in zip(predicted, tags, strict=True) for a, b in zip(s, t, strict=True))
    flat = [p for s in pairs for p in s]
    assert correct == sum(max(flat.count((w, t)) for t in "XYZ") for w in "abc")
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
