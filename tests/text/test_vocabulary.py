"""Numbers of words and characters that come already cut."""

import pytest

from unrolled.text.vocabulary import Vocabulary


def test_frequent_items_come_first_and_rare_ones_are_unknown():
    known = Vocabulary.learn(["b", "a", "b", "c", "a", "b"], min_frequency=2)
    assert known.items == ["<eos>", "<unk>", "b", "a"]
    assert known.numbers(["a", "c", "b", "<eos>"]).tolist() == [3, 1, 2, 0]
    assert len(Vocabulary.learn("abcab", size=4)) == 4


def test_lower_case():
    known = Vocabulary.learn(["The", "the", "A"], lowercase=True)
    assert known.numbers(["THE", "a", "b"]).tolist() == [2, 3, 1]


def test_there_and_back():
    known = Vocabulary.learn(["a", " ", "ß", "A"], lowercase=True)
    again = Vocabulary.from_json(known.to_json())
    assert (again.items, again.lowercase) == (known.items, known.lowercase)


@pytest.mark.parametrize("items", [["a", "a"], ["<unk>"], [3]])
def test_damage_is_refused(items):
    with pytest.raises(ValueError, match=r"distinct|expected str"):
        Vocabulary.from_json({"items": items, "lowercase": False})
