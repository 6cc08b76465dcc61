"""Vocabularies of words and characters that are already split."""

import pytest

from unrolled.text.vocabulary import Vocabulary


def test_frequent_items_come_first_and_rare_ones_are_unknown():
    vocabulary = Vocabulary.learn(["b", "a", "b", "c", "a", "b"], min_frequency=2)
    assert vocabulary.items == ["<eos>", "<unk>", "b", "a"]
    assert vocabulary.numbers(["a", "c", "b", "<eos>"]).tolist() == [3, 1, 2, 0]
    assert len(Vocabulary.learn("abcab", size=4)) == 4


def test_lower_case():
    vocabulary = Vocabulary.learn(["The", "the", "A"], lowercase=True)
    assert vocabulary.numbers(["THE", "a", "b"]).tolist() == [2, 3, 1]


def test_json_round_trip():
    vocabulary = Vocabulary.learn(["a", " ", "ß", "A"], lowercase=True)
    restored = Vocabulary.from_json(vocabulary.to_json())
    assert (restored.items, restored.lowercase) == (vocabulary.items, vocabulary.lowercase)


@pytest.mark.parametrize("items", [["a", "a"], ["<unk>"], [3]])
def test_damage_is_refused(items):
    with pytest.raises(ValueError, match=r"distinct|expected str"):
        Vocabulary.from_json({"items": items, "lowercase": False})
