"""Tagging schemes for spans: detection from the tags, and the allowed transitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.tagged.schemes import SCHEMES, are_spans, find_scheme, get_rules, is_allowed, parse_tag

SPANS = st.lists(st.tuples(st.sampled_from(["X", "Y", None]), st.integers(1, 4)), min_size=1, max_size=6)
LETTERS = {"bio": "BIIB", "iobes": "BIES", "bilou": "BILU", "bmes": "BMES"}


def write_tags(spans, scheme):
    """Return the tags of spans given as (kind, length); kind None means outside."""
    tags, before = [], None
    for kind, length in spans:
        if kind is None:
            tags += ["O"] * length
        elif scheme == "iob1":
            tags += [f"B-{kind}" if before == kind else f"I-{kind}", *[f"I-{kind}"] * (length - 1)]
        else:
            first, middle, last, single = LETTERS[scheme]
            letters = single if length == 1 else first + middle * (length - 2) + last
            tags += [f"{letter}-{kind}" for letter in letters]
        before = kind
    return tags


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["B-X I-X O", "O B-X"], "bio"),
        (["I-X I-X O", "O I-X B-X I-X I-Y"], "iob1"),
        (["I-X O I-Y"], "iob1"),
        (["B-X E-X S-Y O"], "iobes"),
        (["B-X L-X U-Y O"], "bilou"),
        (["B-X M-X E-X O"], "bmes"),
        (["B I O", "O B"], "bio"),
        (["I I O", "I B I"], "iob1"),
        (["B M E S", "S B E"], "bmes"),
        (["B E S B I E"], "iobes"),
        (["B_X I_X O"], "bio"),
        (["NOUN VERB"], ""),
        (["O O"], ""),
        (["B S"], ""),
    ],
)
def test_the_scheme_is_detected(sentences, scheme):
    detected = find_scheme([sentence.split() for sentence in sentences])
    assert detected.scheme == scheme
    assert detected.broken == [] or scheme == "iob1"


def test_tags_that_break_the_scheme_are_listed():
    detected = find_scheme([["B-X", "I-X"], ["O", "I-X", "I-Y"], ["B-Y", "B-X"]])
    assert detected.scheme == "bio"
    assert detected.broken == [(1, 1), (1, 2)]
    assert find_scheme([["B-X", "O"], ["S-X", "B-X"]]).broken == [(0, 1), (1, 1)]


@given(SPANS, st.sampled_from(SCHEMES))
def test_a_scheme_allows_the_tags_it_writes(spans, scheme):
    marks = [parse_tag(tag) for tag in write_tags(spans, scheme)]
    assert all(is_allowed(scheme, a, b) for a, b in zip([None, *marks], [*marks, None], strict=True))


@given(st.lists(SPANS, min_size=1), st.sampled_from(SCHEMES))
def test_rules_agree_with_allowed_pairs(many, scheme):
    tags = sorted({tag for spans in many for tag in write_tags(spans, scheme)})
    rules, marks = get_rules(scheme, tags), [parse_tag(tag) for tag in tags]
    for i, a in enumerate(marks):
        assert rules.start[i] == is_allowed(scheme, None, a)
        assert rules.end[i] == is_allowed(scheme, a, None)
        for j, b in enumerate(marks):
            assert rules.transition[i, j] == is_allowed(scheme, a, b)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["O", "B-X", "I-X"], True), (["S-X", "E-Y"], True), (["O"], False), (["O", "NOUN"], False),
        (["B", "I", "O"], True), (["I", "O"], True), (["S", "V", "O"], False), (["S", "O"], False),
    ],
)  # fmt: skip
def test_span_tags_are_recognised(tags, expected):
    assert are_spans(tags) == expected
