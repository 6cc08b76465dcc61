"""Meanings of the labels of well-known data sets, and texts to try."""

from typing import NamedTuple


class KnownSet(NamedTuple):
    """Texts to try, written for this purpose, and the meaning of labels."""

    examples: tuple[str, ...] = ()
    meanings: tuple[tuple[str, str], ...] = ()


_SETS = {
    "trec": KnownSet(
        (
            "What is the best metal for a frying pan?",
            "How far is it from the Earth to the Moon?",
            "Which city hosted the first modern Olympic Games?",
            "Who wrote the opera Fidelio?",
            "What does the abbreviation LSTM stand for?",
            "Why do cats purr?",
        ),
        (
            ("ABBR", "abbreviation"),
            ("DESC", "description or reason"),
            ("ENTY", "thing"),
            ("HUM", "person or group"),
            ("LOC", "place"),
            ("NUM", "number or date"),
        ),
    ),
    "rt-polarity": KnownSet(
        (
            "a warm, funny and quietly moving film about two old friends.",
            "the plot goes nowhere, and it takes two long hours to get there.",
            "not the masterpiece it wants to be, but never dull.",
            "it looks gorgeous and says nothing.",
        ),
        (("pos", "positive"), ("neg", "negative")),
    ),
    "names": KnownSet(
        ("Kowalczyk", "O'Sullivan", "Yamamoto", "Papadopoulos", "Moretti", "Nguyen", "Schreiber")
    ),
}


def known_set(data: str) -> KnownSet:
    """Return labels and texts for training data such as ``@trec/train``; empty for other data."""
    return _SETS.get(data[1:].partition("/")[0], KnownSet()) if data.startswith("@") else KnownSet()
