"""Bodies of requests: what is JSON and fits the type, and one line about all else."""

import asyncio
import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.serve.endpoint import Endpoint
from unrolled.serve.errors import InvalidRequestError, MalformedRequestError
from unrolled.serve.requests import decode, decode_body
from unrolled.serve.responses import LONGEST_MESSAGE, error_data, one_line
from unrolled.tasks.base.service import Operation, Request


class Body(Request, frozen=True, kw_only=True):
    """A body with a field of each kind."""

    text: str = ""
    count: int = 0
    number: float = 0.0
    maybe: int | None = None
    rows: list[list[int]] = []  # noqa: RUF012
    table: dict[str, list[float]] = {}  # noqa: RUF012


DECODER = Endpoint(Operation("test", "", Body, Body, lambda requests: [])).decoder


def refuse(body: bytes, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        decode(body, DECODER)
    message = error_data(caught.value)["error"]
    assert "\n" not in message
    assert len(message) <= LONGEST_MESSAGE + 1
    return message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}x",
        b"\xef\xbb\xbf{}",
        b'{"number": NaN}',
        b'{"number": Infinity}',
        b'{"number": -Infinity}',
        b'{"count": 01}',
        b'{"count": +1}',
        b"{'count': 1}",
        b'{"text": "\x00"}',
        b'{"text": "\n"}',
        b'{"text": "\xff"}',
        b'{"text": "\xed\xa0\x80"}',  # half of a surrogate pair
        rb'{"text": "\ud800"}',
        rb'{"text": "\udc00"}',
        rb'{"text": "\ud800\u0041"}',
        rb'{"text": "\x41"}',
        '{"text": "a"}'.encode("utf-16"),
        b'{"text": "a", }',
        b"[" * 3 + b"]",
    ],
    ids=repr,
)
def test_what_is_not_json_is_refused(body):
    error = InvalidRequestError if body.startswith(b"[") else MalformedRequestError
    refuse(body, error)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("null", "the body: expected `object`, got `null`"),
        ("[]", "the body: expected `object`, got `array`"),
        ('{"number": 1e999}', "number: number out of range"),
        ('{"count": 1e999}', "count: number out of range"),
        ('{"count": %s}' % ("9" * 100_000), "count: integer value out of range"),
        ('{"count": true}', "count: expected `int`, got `bool`"),
        ('{"count": "1"}', "count: expected `int`, got `str`"),
        ('{"count": 1.5}', "count: expected `int`, got `float`"),
        ('{"number": "NaN"}', "number: expected `float`, got `str`"),
        ('{"text": null}', "text: expected `str`, got `null`"),
        ('{"rows": [[1, 2], [3, "4"]]}', "rows[1][1]: expected `int`, got `str`"),
        ('{"table": {"a": [1, null]}}', "table[...][1]: expected `float`, got `null`"),
        ('{"coutn": 1}', "'coutn': is not a field (did you mean 'count'?); the fields are text, count,"),
        ('{"a\\nb\\u0000": 1}', "is not a field; the fields are"),
    ],
    ids=lambda value: value[:40],
)
def test_what_does_not_fit_is_named(body, message):
    assert message in refuse(body.encode(), InvalidRequestError)


def test_an_empty_body_is_called_empty():
    assert refuse(b" ", MalformedRequestError) == "the body is not JSON: it is empty"
    assert "JSON is malformed" not in refuse(b"text", MalformedRequestError)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"text":' * 100_000, b'{"zz":' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
    ids=["arrays", "objects", "unknown field"],
)
def test_deep_nesting_is_refused(body):
    refuse(body, InvalidRequestError)
    refuse(b'{"count": 1.0, "x": ' + body, MalformedRequestError)


def test_very_long_names_are_cut():
    message = refuse(b'{"' + b"x" * 900_000 + b'": 1}', InvalidRequestError)
    assert len(message) < 200


def test_whole_numbers_may_have_a_point():
    body = b'{"count": 3.0, "maybe": 4.0, "rows": [[1.0, 2e0]], "number": 5.0, "table": {"a": [1.0]}}'
    read = decode(body, DECODER)
    assert (read.count, read.maybe, read.rows) == (3, 4, [[1, 2]])
    assert isinstance(read.number, float)


def test_the_last_of_equal_keys_counts():
    assert decode(b'{"count": 1, "count": 2}', DECODER).count == 2


@given(
    st.builds(
        Body,
        text=st.text(),
        count=st.integers(-(2**63), 2**63 - 1),
        number=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_every_body_comes_back(body):
    assert decode(msgspec.json.encode(body), DECODER) == body


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        assert isinstance(decode(data, DECODER), Body)
    except (InvalidRequestError, MalformedRequestError) as error:
        json.dumps(error_data(error))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_any_json_is_read_or_refused(data):
    with contextlib.suppress(InvalidRequestError, MalformedRequestError):
        decode(json.dumps(data).encode(), DECODER)


@given(st.text(alphabet=st.characters(), max_size=3000))
def test_messages_are_one_printable_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 4 * LONGEST_MESSAGE
    line.encode("utf-8")


def test_others_are_answered_while_a_large_body_is_read():
    data = b'{"count": 1.5, "unknown": [' + b",".join([b"{}"] * 300_000) + b"]}"

    async def main() -> int:
        reading = asyncio.ensure_future(decode_body(data, DECODER))
        turns = 0
        while not reading.done():
            await asyncio.sleep(0)
            turns += 1
        with pytest.raises(InvalidRequestError):
            await reading
        return turns

    assert asyncio.run(main()) > 3
