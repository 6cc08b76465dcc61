"""Characters as tokens."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.text import EOS_ID, UNK_ID
from unrolled.text.characters import CharacterTokenizer


@given(st.text(min_size=1), st.data())
def test_text_of_known_characters_round_trip(training, data):
    tokenizer = CharacterTokenizer.train([training])
    text = data.draw(st.text(alphabet=sorted(set(training))))
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int64
    assert len(ids) == len(text)
    assert UNK_ID not in ids
    assert tokenizer.decode(ids) == text


@given(st.text(min_size=1), st.text())
def test_exactly_the_unseen_characters_are_unknown(training, text):
    tokenizer = CharacterTokenizer.train([training])
    ids = tokenizer.encode(text)
    assert (ids == UNK_ID).tolist() == [c not in training for c in text]
    assert tokenizer.decode(ids) == "".join(c if c in training else "\ufffd" for c in text)
    assert set(tokenizer.unknown(text)) == set(text) - set(training)


def test_the_vocabulary_begins_with_eos_and_unk():
    tokenizer = CharacterTokenizer.train(["cab", "ab\n"])
    assert tokenizer.tokens == ["<eos>", "<unk>", "\n", "a", "b", "c"]
    assert tokenizer.size == 6
    assert tokenizer.encode("a\nb").tolist() == [3, 2, 4]
    assert tokenizer.decode([3, EOS_ID, UNK_ID, 4]) == "a\n\ufffdb"


def test_counts_are_over_all_documents():
    texts = ["aab", "bbc"]
    assert CharacterTokenizer.train(texts, min_frequency=2).tokens[2:] == ["a", "b"]
    assert CharacterTokenizer.train(texts, min_frequency=3).tokens[2:] == ["b"]
    assert CharacterTokenizer.train(texts, min_frequency=4).tokens == ["<eos>", "<unk>"]


@given(st.text(min_size=1), st.integers(3, 8))
def test_the_largest_vocabulary_keeps_the_most_frequent(text, size):
    tokenizer = CharacterTokenizer.train([text], size=size)
    counts = Counter(text)
    kept = tokenizer.tokens[2:]
    assert len(kept) == min(size - 2, len(counts))
    dropped = set(counts) - set(kept)
    assert all(counts[k] >= counts[d] for k in kept for d in dropped)


def test_lower_casing_applies_to_training_and_use():
    tokenizer = CharacterTokenizer.train(["ABC"], lowercase=True)
    assert tokenizer.tokens[2:] == ["a", "b", "c"]
    assert tokenizer.decode(tokenizer.encode("aBc")) == "abc"
    assert tokenizer.unknown("AD") == ["d"]
    assert (CharacterTokenizer.train(["abc"]).encode("ABC") == UNK_ID).all()


def test_unknown_lists_the_most_frequent_first():
    assert CharacterTokenizer.train(["a"]).unknown("xayzzyz") == ["z", "y", "x"]


def test_characters_outside_the_basic_multilingual_plane():
    tokenizer = CharacterTokenizer.train(["a😀"])
    assert tokenizer.encode("😀a😁").tolist() == [3, 2, UNK_ID]


@pytest.mark.parametrize("lowercase", [False, True])
def test_json_round_trip(lowercase):
    before = CharacterTokenizer.train(["Grüße, 世界 😀\n"], lowercase=lowercase)
    after = CharacterTokenizer.from_json(json.loads(json.dumps(before.to_json())))
    text = "Grüße 世 😀 and others"
    assert after.tokens == before.tokens
    assert after.encode(text).tolist() == before.encode(text).tolist()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"characters": ["a"]},
        {"characters": ["a", "a"], "lowercase": False},
        {"characters": ["ab"], "lowercase": False},
        {"characters": [1], "lowercase": False},
        {"characters": None, "lowercase": False},
    ],
)
def test_damaged_json_is_refused(values):
    with pytest.raises((KeyError, TypeError, ValueError)):
        CharacterTokenizer.from_json(values)
