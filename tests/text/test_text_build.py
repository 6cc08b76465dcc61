"""Tokenizers from a configuration and from JSON."""

import json

import pytest

from unrolled.errors import ConfigError
from unrolled.text import TextConfig, tokenizer_from_json, tokenizer_to_json, train_tokenizer

TEXT = "The cat sat on the mat.\nThe dog sat on the cat.\n"


@pytest.mark.parametrize("kind", ["char", "word", "bpe"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_every_kind_json_round_trip(kind, lowercase):
    before = train_tokenizer(TextConfig(kind, min_frequency=1, lowercase=lowercase), [TEXT])
    assert before.kind == kind
    after = tokenizer_from_json(json.loads(json.dumps(tokenizer_to_json(before))))
    assert type(after) is type(before)
    assert after.tokens == before.tokens
    assert after.encode(TEXT).tolist() == before.encode(TEXT).tolist()
    expected = TEXT.lower() if lowercase else TEXT
    assert after.decode(after.encode(TEXT)) == expected


@pytest.mark.parametrize(("kind", "size"), [("char", 5), ("word", 5), ("bpe", 259)])
def test_the_vocabulary_limit_counts_eos_and_unk(kind, size):
    assert train_tokenizer(TextConfig(kind, vocabulary=size), [TEXT]).size == size


def test_bpe_stops_at_2000_pieces_by_default():
    text = " ".join(f"{a}{b}{c}" for a in "bcdfghjklm" for b in "aeiou" for c in "nprstvwxyz") * 2
    assert train_tokenizer(TextConfig("bpe"), [text]).size <= 2000
    assert train_tokenizer(TextConfig("char"), [text]).size == 2 + len(set(text))


def test_rare_words_become_unknown_by_default():
    often = ["The", "on", "sat", "the"]
    rare = ["cat", "cat.", "dog", "mat."]

    def words(n):
        return train_tokenizer(TextConfig("word", min_frequency=n), [TEXT]).tokens[2:]

    assert words(0) == words(2) == often
    assert words(1) == often + rare
    assert words(4) == []


def test_rare_characters_are_kept_by_default():
    for n in (0, 1):
        assert "C" in train_tokenizer(TextConfig("char", min_frequency=n), [TEXT + "C"]).tokens
    assert "C" not in train_tokenizer(TextConfig("char", min_frequency=2), [TEXT + "C"]).tokens


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_frequency": -1}, "min_frequency=-1: must be at least 0"),
        ({"vocabulary": -1}, "vocabulary=-1: must be at least 0"),
        ({"vocabulary": 2}, "at least 3"),
        ({"tokenizer": "bpe", "vocabulary": 257}, "at least 258"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        TextConfig(**options)


@pytest.mark.parametrize("values", [{}, {"kind": "morse"}, {"kind": ["char"]}, {"kind": "word"}])
def test_damaged_json_is_refused(values):
    with pytest.raises((KeyError, TypeError, ValueError)):
        tokenizer_from_json(values)
