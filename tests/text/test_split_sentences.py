"""Where the sentences of a text begin and end."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from property_settings import examples
from unrolled.text.split_sentences import split_sentences


def split(text):
    return [text[begin:end] for begin, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("one", ["one"]),
        ("One. Two! Three?  Four", ["One.", "Two!", "Three?", "Four"]),
        ("Wait... what?! (Really.) Yes", ["Wait...", "what?!", "(Really.)", "Yes"]),
        ("He said “no.” She left.", ["He said “no.”", "She left."]),
        ("3.5 of 1.000 at a.b", ["3.5 of 1.000 at a.b"]),
        ("a title\na line\r\nend.", ["a title", "a line", "end."]),
        ("今日は。元気！ はい", ["今日は。", "元気！", "はい"]),
    ],
)
def test_sentences_end_at_marks_and_line_breaks(text, expected):
    assert split(text) == expected


@examples(60)
@given(st.text('ab .!?\n"”。)', max_size=40))
def test_nothing_but_blanks_is_between_sentences(text):
    spans = list(split_sentences(text))
    assert all(body and body == body.strip() for body in split(text))
    bounds = [0, *(place for span in spans for place in span), len(text)]
    assert bounds == sorted(bounds)
    between = "".join(text[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True))
    assert not between.strip()


@pytest.mark.parametrize("text", ["." * 100_000 + "x", '."' * 50_000 + "x", "。" * 100_000, '"' * 100_000])
def test_no_text_takes_long(text):
    start = time.perf_counter()
    split(text)
    assert time.perf_counter() - start < 1
