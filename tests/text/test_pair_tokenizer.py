"""Tokenizers of pairs: source and target."""

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
def test_round_trip(config, joint):
    tokenizer = PairTokenizer.train(config, SOURCES, TARGETS, joint=joint)
    restored = PairTokenizer.from_json(tokenizer.to_json())
    assert restored.joint == tokenizer.joint == joint
    for text in TARGETS:
        ids = tokenizer.encode_target(text)
        assert restored.encode_target(text).tolist() == ids.tolist()
        assert tokenizer.decode_target(ids) == text
    assert restored.encode_source("der hund").tolist() == tokenizer.encode_source("der hund").tolist()


def test_joint_or_separate_vocabularies():
    joint = PairTokenizer.train(CONFIGS[1], SOURCES, TARGETS, joint=True)
    assert joint.encode_source("dog").tolist() == joint.encode_target("dog").tolist() != [1]
    separate = PairTokenizer.train(CONFIGS[1], SOURCES, TARGETS, joint=False)
    assert separate.encode_source("dog").tolist() == [1]
    assert separate.encode_target("hund").tolist() == [1]


def test_a_word_has_the_same_tokens_at_every_position():
    tokenizer = PairTokenizer.train(CONFIGS[2], SOURCES * 5, TARGETS * 5, joint=True)
    first, later = tokenizer.encode_target("dog").tolist(), tokenizer.encode_target("the dog").tolist()
    assert later[-len(first) :] == first


@pytest.mark.parametrize("values", [{}, {"joint": {}}, {"source": {"kind": "char"}}])
def test_damaged_values_are_refused(values):
    with pytest.raises((KeyError, TypeError, ValueError)):
        PairTokenizer.from_json(values)
