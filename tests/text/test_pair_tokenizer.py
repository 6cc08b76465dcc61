"""Tokenisers of two sides."""

import pytest

from unrolled.text import TextConfig
from unrolled.text.pairs import PairTokenizer

SOURCES = ["der hund bellt", "ein hund", "der hund"] * 3
TARGETS = ["the dog barks", "a dog", "the dog"] * 3
CONFIGS = [
    TextConfig(tokenizer="char"),
    TextConfig(tokenizer="word"),
    TextConfig(tokenizer="bpe", vocabulary=300, lowercase=True),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.tokenizer)
@pytest.mark.parametrize("joint", [False, True])
def test_there_and_back(config, joint):
    made = PairTokenizer.train(config, SOURCES, TARGETS, joint=joint)
    again = PairTokenizer.from_json(made.to_json())
    assert again.joint == made.joint == joint
    for text in TARGETS:
        ids = made.encode_target(text)
        assert again.encode_target(text).tolist() == ids.tolist()
        assert made.decode_target(ids) == text
    assert again.encode_source("der hund").tolist() == made.encode_source("der hund").tolist()


def test_one_vocabulary_or_two():
    joint = PairTokenizer.train(CONFIGS[1], SOURCES, TARGETS, joint=True)
    assert joint.encode_source("dog").tolist() == joint.encode_target("dog").tolist() != [1]
    apart = PairTokenizer.train(CONFIGS[1], SOURCES, TARGETS, joint=False)
    assert apart.encode_source("dog").tolist() == [1]
    assert apart.encode_target("hund").tolist() == [1]


def test_a_word_is_spelt_alike_wherever_it_stands():
    made = PairTokenizer.train(CONFIGS[2], SOURCES * 5, TARGETS * 5, joint=True)
    first, later = made.encode_target("dog").tolist(), made.encode_target("the dog").tolist()
    assert later[-len(first) :] == first


@pytest.mark.parametrize("values", [{}, {"joint": {}}, {"source": {"kind": "char"}}])
def test_damaged_values_are_refused(values):
    with pytest.raises((KeyError, TypeError, ValueError)):
        PairTokenizer.from_json(values)
