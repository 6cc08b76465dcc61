"""Typed JSON, TOML and numbers; anything else raises MalformedError or ValueError."""

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.reading import MalformedError, convert, parse_json, parse_toml, plain_float, plain_int


@dataclass(frozen=True)
class Size:
    width: int
    names: list[str]

    def __post_init__(self):
        if self.width < 1:
            raise ValueError("width must be positive")


def test_values_are_converted_to_the_type():
    assert parse_json(b'{"width": 3, "names": ["a"]}', Size) == Size(3, ["a"])
    assert convert({"width": 3, "names": []}, Size) == Size(3, [])
    assert parse_json('"\udce9"'.encode("utf-8", "surrogatepass"), str) == "\udce9"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (b"", Any, "not JSON .Expecting value at line 1, column 1"),
        (b'{"a": 1,\n b}', Any, "line 2, column 2"),
        (b"\xff", Any, "not JSON .byte 0 is not UTF-8"),
        (b"[" * 100_000, Any, "nested too deep"),
        (b'{"a":' * 100_000, Any, "nested too deep"),
        (b"1" * 5000, Any, "more than 4,300 digits"),
        (b"[1]", dict[str, Any], "not of the expected form: expected object, got array"),
        (b'{"width": "3", "names": []}', Size, "expected int, got str at width"),
        (b'{"width": 3, "names": [1]}', Size, r"expected str, got int at names\[0\]"),
        (b'{"width": 3}', Size, "missing required field names"),
        (b'{"width": 0, "names": []}', Size, "width must be positive"),
        (b'{"width": 3, "names": [], "\\ud800": 1}', Size, "surrogate"),
        (b"1" * 400, float, "out of range"),
    ],
)
def test_values_of_another_form_are_reported(text, kind, message):
    with pytest.raises(MalformedError, match=message):
        parse_json(text, kind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a =", "not valid TOML"),
        ("a = " + "[" * 100_000, "nested too deep"),
        ("a = " + "1" * 5000, "4,300 digits"),
        ("a = 2020-13-45", "TOML"),
        ("b = 1\n" + "a." * 20_000 + "a = 1", "nested too deep: a key on line 2"),
        ("'a' .\t" * 100 + "a = 1", "nested too deep"),
        ('["a".' + '"a b".' * 100 + "a]", "nested too deep"),
        ("# " + "a" * (1 << 18), "more than 256 KiB"),
    ],
)
def test_unreadable_toml_is_reported(text, message):
    with pytest.raises(MalformedError, match=message):
        parse_toml(text)
    assert parse_toml("a = 1") == {"a": 1}


def test_toml_with_long_texts_is_read():
    text = "one.two " * 1000 + "." * 100
    assert parse_toml(f"a.b = '{text}'") == {"a": {"b": text}}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_python_writes_is_read(value):
    assert plain_float(repr(value)) == value


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_every_whole_number_of_18_digits_is_read(value):
    assert plain_int(str(value)) == value


@pytest.mark.parametrize(
    "text", ["1_0", "nan", "inf", " 1", "1 ", "٣", "0x10", "", ".", "1e", "--1", "1" * 500]
)
def test_other_number_formats_are_refused(text):
    with pytest.raises(ValueError, match="is not a"):
        plain_float(text)
    with pytest.raises(ValueError, match="is not a"):
        plain_int(text)


def test_number_formats_of_other_programs():
    assert [plain_float(t) for t in ("1.", ".5", "+2", "-1E-3", "1e999")] == [1.0, 0.5, 2.0, -0.001, math.inf]
