"""States as text: a round trip, and nothing that this model did not write."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.serve.errors import ConflictError
from unrolled.serve.states import ENVELOPE, StateCodec

STATE = {
    "rnn.h_l0": np.arange(12, dtype=np.float32).reshape(1, 12),
    "logits": np.full((1, 3), np.nan, np.float32),
    "steps": np.array([2**40]),
    "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "empty": np.empty((1, 0), np.float32),
}
CODEC = StateCodec(b"a" * 32, "a secret")
TEXT = CODEC.write(STATE)


def test_a_state_comes_back_bit_by_bit():
    read = CODEC.read(TEXT)
    assert read.keys() == STATE.keys()
    for name, array in STATE.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_it_is_text_that_needs_no_escape():
    assert TEXT.isascii()
    assert set(TEXT) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")


def test_another_server_of_the_same_run_reads_it():
    assert StateCodec(b"a" * 32, "a secret").read(TEXT).keys() == STATE.keys()


@pytest.mark.parametrize(
    "codec", [StateCodec(b"b" * 32, "a secret"), StateCodec(b"a" * 32, "another"), StateCodec(b"a" * 32)]
)
def test_another_model_or_token_does_not_read_it(codec):
    with pytest.raises(ConflictError, match="is not from this model"):
        codec.read(TEXT)


@given(st.integers(0, 8 * len(base64.urlsafe_b64decode(TEXT)) - 1))
def test_one_changed_bit_is_noticed(bit):
    data = bytearray(base64.urlsafe_b64decode(TEXT))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ConflictError):
        CODEC.read(base64.urlsafe_b64encode(data).decode())


def test_a_state_that_no_request_can_hold_is_refused():
    assert StateCodec(b"a" * 32, "a secret", len(TEXT) + ENVELOPE).write(STATE) == TEXT
    with pytest.raises(ConflictError, match='use keep="session"'):
        StateCodec(b"a" * 32, "a secret", len(TEXT) + ENVELOPE - 1).write(STATE)


@given(st.integers(0, len(TEXT) - 1))
def test_a_truncated_state_is_noticed(length):
    with pytest.raises(ConflictError):
        CODEC.read(TEXT[:length])


@given(st.text(max_size=100))
def test_any_text_is_refused(text):
    with pytest.raises(ConflictError):
        CODEC.read(text)


@pytest.mark.parametrize(
    "text", ["", "=", "\ud800", "\0", "AAAA" * 1000, "é" * 30, " " + TEXT[1:], TEXT + "x", TEXT + "\n"]
)
def test_odd_texts_are_refused(text):
    with pytest.raises(ConflictError):
        CODEC.read(text)
