"""Words as tokens."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.text import EOS_ID, UNK_ID
from unrolled.text.words import WordTokenizer

words = st.text(min_size=1, max_size=6).filter(lambda w: w.split() == [w] and w not in ("<eos>", "<unk>"))
lines = st.lists(words, max_size=5)
normalised = st.lists(lines, max_size=4).map(lambda ls: "\n".join(" ".join(line) for line in ls))


@given(normalised)
def test_normalised_text_round_trip(text):
    tokenizer = WordTokenizer.train([text])
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(normalised)
def test_every_line_end_is_eos(text):
    tokenizer = WordTokenizer.train([text])
    expected = []
    for line in text.split("\n"):
        expected += [tokenizer.tokens.index(w) for w in line.split()] + [EOS_ID]
    assert tokenizer.encode(text).tolist() == expected[:-1]
    assert tokenizer.encode(text + "\n").tolist() == expected


def test_white_space_of_any_kind_separates():
    tokenizer = WordTokenizer.train(["a b"])
    ids = tokenizer.encode("  a\t b\u00a0a\r\n\n b ")
    assert tokenizer.decode(ids) == "a b a\n\nb"


def test_words_named_like_special_tokens_are_those_tokens():
    tokenizer = WordTokenizer.train(["the <unk> cat <eos> <unk>"])
    assert tokenizer.tokens == ["<eos>", "<unk>", "cat", "the"]
    assert tokenizer.encode("the <unk> <eos>").tolist() == [3, UNK_ID, EOS_ID]
    assert tokenizer.unknown("the <unk> dog") == ["dog"]


def test_unseen_words_are_unknown():
    tokenizer = WordTokenizer.train(["a b"])
    assert tokenizer.encode("a c b").tolist() == [2, UNK_ID, 3]
    assert tokenizer.decode([2, UNK_ID]) == "a <unk>"
    assert tokenizer.unknown("c a d d") == ["d", "c"]


def test_rare_words_are_left_out():
    texts = ["b a b", "c b a"]
    assert WordTokenizer.train(texts, min_frequency=2).tokens[2:] == ["b", "a"]
    assert WordTokenizer.train(texts, min_frequency=3).tokens[2:] == ["b"]


@given(normalised, st.integers(3, 6))
def test_the_largest_vocabulary_keeps_the_most_frequent(text, size):
    counts = Counter(text.split())
    kept = WordTokenizer.train([text], size=size).tokens[2:]
    assert kept == sorted(counts, key=lambda w: (-counts[w], w))[: size - 2]


def test_lower_casing_applies_to_training_and_use():
    tokenizer = WordTokenizer.train(["The THE cat"], lowercase=True)
    assert tokenizer.tokens[2:] == ["the", "cat"]
    assert tokenizer.encode("ThE CAT").tolist() == [2, 3]
    assert tokenizer.unknown("DOG The") == ["dog"]
    assert WordTokenizer.train(["the"]).encode("The").tolist() == [UNK_ID]


def test_pieces_come_word_by_word():
    tokenizer = WordTokenizer.train(["a b"])
    assert list(tokenizer.pieces(iter([2, 3, EOS_ID, 3, 2]))) == ["a", " b", "\n", "b", " a"]


@pytest.mark.parametrize("lowercase", [False, True])
def test_json_round_trip(lowercase):
    before = WordTokenizer.train(["Grüße an die 世界 😀\nund <unk>"], lowercase=lowercase)
    after = WordTokenizer.from_json(json.loads(json.dumps(before.to_json())))
    text = "Grüße an alle <unk>\n😀"
    assert after.tokens == before.tokens
    assert after.encode(text).tolist() == before.encode(text).tolist()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"words": ["a"]},
        {"words": ["a", "a"], "lowercase": False},
        {"words": ["a", "<eos>"], "lowercase": False},
        {"words": ["a", 3], "lowercase": False},
        {"words": [["a"]], "lowercase": False},
        {"words": None, "lowercase": False},
    ],
)
def test_damaged_json_is_refused(values):
    with pytest.raises((KeyError, TypeError, ValueError)):
        WordTokenizer.from_json(values)
