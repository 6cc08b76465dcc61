"""Byte-pair pieces as tokens."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.text import EOS_ID, UNK_ID
from unrolled.text.subwords import SubwordTokenizer

TRAINING = "the miller thinks the thing is thin, the thicket is thick 日本語の本 naïve café 😀😀 " * 20


@pytest.fixture(scope="module")
def tokenizer():
    return SubwordTokenizer.train([TRAINING], size=300)


@given(text=st.text())
def test_any_text_round_trip(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert UNK_ID not in ids
    assert EOS_ID not in ids
    assert tokenizer.unknown(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👩‍👩‍👧‍👦 family 🇸🇪",
        "a\r\nb\t\n\n  c",
        "a \ufffd b",
        "\ufffdé",
        "\ufffd\ufffd\ufffd日",
        "<unk> and <eos> are words here",
        "\x00\x7f\u2028",
    ],
)
def test_awkward_text_round_trip(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(text=st.text(alphabet=st.characters(exclude_characters="\ufffd", exclude_categories=["Cs"])))
def test_pieces_are_never_half_characters(tokenizer, text):
    pieces = list(tokenizer.pieces(tokenizer.encode(text)))
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_pieces_wait_for_merges_across_characters():
    # Every character ends in the byte A9 and many begin with C3: the one merge is A9 C3.
    training = "".join(f"{a}{b}" for a in "éĩũƩɩʩ©" for b in "àáâãäåæçèêëì")
    tokenizer = SubwordTokenizer.train([training], size=259)
    text = "é" * 9
    pieces = list(tokenizer.pieces(tokenizer.encode(text)))
    assert len(tokenizer.encode(text)) == 10
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_pieces_are_yielded_as_soon_as_they_are_complete(tokenizer):
    ids = tokenizer.encode("thé")
    stream = iter([*ids.tolist(), EOS_ID])
    consumed = []
    pieces = tokenizer.pieces(token for token in stream if consumed.append(token) is None)
    assert next(pieces) != ""
    assert len(consumed) < len(ids)


def test_an_incomplete_character_becomes_the_replacement_character(tokenizer):
    first_byte = tokenizer.encode("𝄞")[:1].tolist()
    assert tokenizer.decode(first_byte) == "\ufffd"
    assert tokenizer.decode([*first_byte, EOS_ID, *tokenizer.encode("a")]) == "\ufffd\na"


def test_eos_is_a_line_end(tokenizer):
    the = tokenizer.encode(" the").tolist()
    assert tokenizer.decode([*the, EOS_ID, *the]) == " the\n the"


def test_frequent_words_are_single_tokens(tokenizer):
    assert len(tokenizer.encode(" the")) == 1
    assert len(tokenizer.encode(" qxz")) == 4


def test_the_vocabulary_has_the_requested_size(tokenizer):
    assert tokenizer.size == len(tokenizer.tokens) == 300
    assert tokenizer.tokens[:2] == ["<eos>", "<unk>"]
    assert len(set(tokenizer.tokens)) == 300
    assert tokenizer.encode(TRAINING).max() < 300


def test_rare_pairs_are_not_merged():
    assert SubwordTokenizer.train(["abab"], size=300, min_frequency=50).size == 258
    assert len(SubwordTokenizer.train(["ab " * 60], size=300, min_frequency=50).encode("ab")) == 1


def test_lower_casing():
    tokenizer = SubwordTokenizer.train(["Hello HELLO hello"], size=300, lowercase=True)
    assert tokenizer.decode(tokenizer.encode("HeLLo Ä")) == "hello ä"
    assert tokenizer.encode("HELLO").tolist() == tokenizer.encode("hello").tolist()


@pytest.mark.parametrize("lowercase", [False, True])
def test_json_round_trip(lowercase):
    before = SubwordTokenizer.train([TRAINING], size=290, lowercase=lowercase)
    after = SubwordTokenizer.from_json(json.loads(json.dumps(before.to_json())))
    text = "The thinker 日本 😀 <unk> \ufffd"
    assert after.tokens == before.tokens
    assert after.encode(text).tolist() == before.encode(text).tolist()
    assert after.decode(after.encode(text)) == before.decode(before.encode(text))


@pytest.mark.parametrize(
    "values", [{}, {"model": None}, {"model": {}}, {"model": {"model": {"type": "Nothing"}}}]
)
def test_damaged_json_is_refused(values):
    with pytest.raises((KeyError, TypeError, ValueError)):
        SubwordTokenizer.from_json(values)


def test_a_model_of_another_alphabet_is_refused(tokenizer):
    values = tokenizer.to_json()
    values["model"]["model"]["vocab"]["日"] = len(tokenizer.tokens) - 2
    with pytest.raises(ValueError, match="byte"):
        SubwordTokenizer.from_json(values)


def test_bytes_that_are_not_utf8_are_kept():
    tokenizer = SubwordTokenizer.train(["naïve café on the corner"] * 9, size=270)
    text = "caf" + b"\xe9\xff".decode("utf-8", "surrogateescape") + " on"
    ids = tokenizer.encode(text)
    encoded_bytes = b"".join(tokenizer._bytes[i - 2] for i in ids.tolist())
    assert encoded_bytes == b"caf\xe9\xff on"
    assert tokenizer.unknown(text) == []
    assert UNK_ID not in ids
    stray = "a\ud800b"
    assert (tokenizer.encode(stray) == UNK_ID).sum() == 1
    assert tokenizer.unknown(stray) == ["\ud800"]
