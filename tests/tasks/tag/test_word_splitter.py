"""Texts are split into words as those of the training data."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from property_settings import examples
from unrolled.tasks.tag.service.splitting import WordSplitter
from unrolled.text.vocabulary import Vocabulary

ENGLISH = [
    "the",
    ".",
    "-",
    "'s",
    "n't",
    "do",
    "'re",
    "mr.",
    "u.s.",
    "no",
    "l'",
    "e-mail",
    "no.",
    "/",
    *map(str, range(200)),
]
SPLITTER = WordSplitter(Vocabulary(ENGLISH, lowercase=True))


def split(text, splitter=SPLITTER):
    return [[text[place.begin : place.end] for place in words] for words in splitter.sentences(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("Don't! It's they’re", "Do n't ! It 's they ’re"),
        ("John's dogs' l'ami can't", "John 's dogs ' l' ami ca n't"),
        ("Mr. Smith of the U.S. said no.", "Mr. Smith of the U.S. said no ."),
        ("a well-known e-mail and/or 3-4", "a well - known e-mail and / or 3-4"),
        ("at 3:30, $1,000.50 (or 5%)...", "at 3:30 , $ 1,000.50 ( or 5 % ) ..."),
        ("see https://a.org/b?c=1, me@x.org.", "see https://a.org/b?c=1 , me@x.org ."),
        ("rock'n'roll", "rock'n'roll"),
    ],
)
def test_known_words_tell_where_words_end(text, words):
    assert [word for sentence in split(text) for word in sentence] == words.split()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two? three", ["One .", "Two ? three"]),
        ("Mr. X left. Then", ["Mr. X left .", "Then"]),
        ("He said “no.” She (left!) Yes", ["He said “ no . ”", "She ( left ! )", "Yes"]),
        ("a title\n\nA line\r\nend", ["a title", "A line", "end"]),
        ("今日は。元気", ["今日は 。", "元気"]),
        (".", ["."]),
        ("a.b 3.5 x", ["a.b 3.5 x"]),
    ],
)
def test_sentences_end_at_marks_and_line_breaks(text, sentences):
    assert [" ".join(words) for words in split(text)] == sentences


def test_hyphens_stay_in_words_if_known_words_have_them():
    compounds = WordSplitter(Vocabulary(["-", "well-known", *ENGLISH[3:9]], lowercase=True))
    assert split("an ill-known-thing", compounds) == [["an", "ill-known-thing"]]
    none = WordSplitter(Vocabulary(["the"]))
    assert split("an ill-known thing's", none) == [["an", "ill-known", "thing's"]]


@examples(100)
@given(st.text(st.sampled_from("aBn't’- .!?\n\"”。/@1é\u0301\ud800"), max_size=30))
def test_every_character_is_in_one_word_or_blank(text):
    places = [place for words in SPLITTER.sentences(text) for place in words]
    bounds = [0, *(bound for place in places for bound in place), len(text)]
    assert bounds == sorted(bounds)
    assert all(place.begin < place.end for place in places)
    assert not any(" " in word or "\n" in word for words in split(text) for word in words)
    between = [text[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
    assert not "".join(between).strip()


@pytest.mark.parametrize("part", ["+-", "a'", "www.", "www.!", "a-", ".", "a@", "a.b@c.", "x ", "1.", "n't"])
def test_no_text_takes_long(part):
    start = time.perf_counter()
    split(part * (60_000 // len(part)))
    assert time.perf_counter() - start < 3
