"""Quotes, brackets, comments, indentation and words; each expected string is aligned with its text."""

from collections.abc import Callable

import pytest

from unrolled.diagnostics.tracking_marks import (
    bracket_depths,
    indentation,
    inside_comments,
    inside_double_quotes,
    inside_single_quotes,
    position_in_word,
)


def check(compute: Callable, text: str, expected: str) -> None:
    digits = "".join("." if v == 0 else str(int(v)) for v in compute(text))
    assert digits == expected, f"\n{text!r}\n{digits}\n{expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "b c" d', "..1111..."),
        ('"a" "b"', "11..11."),
        ('a "b\nc" d', "..1111..."),
        ('a "b\n\nc" d', "." * 10),  # not closed in its paragraph
        ('a "b\n \nc "d" e', ".........11..."),
        ('a "b', "...."),
        ("“a “b” c", "...11..."),
        ("„a“ «b»", "11..11."),
        ("`` a '' b", "111111..."),
        ('"a \\" b" c', "1111111..."),
        ("it's 'a'", "........"),
    ],
)
def test_double_quotes(text: str, expected: str) -> None:
    check(inside_double_quotes, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 'b c' d", "..1111..."),
        ("it's the dogs' and don't", "." * 24),
        ("'I don't' he", "11111111...."),
        ("{'a': 'b'}", ".11...11.."),
        ("a 'b\n\nc' d", "." * 10),
        ("a 'b\nc' d", "..1111..."),
        ("‘it’s’ a", "11111..."),
        ("one ' two n't ' it 's", "....1111111111......."),
        ("dogs ' it 's", "............"),
        ("`` a ''", "......."),
        ("''", ".."),
    ],
)
def test_single_quotes(text: str, expected: str) -> None:
    check(inside_single_quotes, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  # b\nc", "...111.."),
        ('a = "# b"', "........."),
        ("#include <a>", "............"),
        ("#! a\nb", "1111.."),
        ("http://a b", ".........."),
        ("a // b\nc", "..1111.."),
        ("a /* b\nc */ d", "..11111111..."),
        ("## a", "1111"),
    ],
)
def test_comments(text: str, expected: str) -> None:
    check(inside_comments, text, expected)


def test_bracket_depths_by_kind() -> None:
    depths = bracket_depths("a(b[c](d))e)f{")
    digits = {pair: "".join(str(int(v)) for v in values) for pair, values in depths.items()}
    assert digits == {"()": "01111122100000", "[]": "00011000000000", "{}": "00000000000001"}


def test_indentation_of_the_line_up_to_each_character() -> None:
    check(indentation, "a\n  b c\nd\n\te\n   ", "..12222...11.123")


def test_position_in_word_counts_letters_digits_and_apostrophes() -> None:
    check(position_in_word, "ab don't, x1 'c'", "12.12345..12..1.")
