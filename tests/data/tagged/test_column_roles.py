"""Detect which column holds the words and which the tags."""

import pytest

from unrolled.data.tagged import Columns, open_tagged
from unrolled.errors import DataError

WORDS = [f"word{i}" for i in range(40)]


@pytest.fixture
def open_rows(tmp_path):
    """``open_rows(rows)`` writes one row per line, in sentences of four, and reads the file."""

    def read(rows, columns=None):
        path = tmp_path / "t.txt"
        lines = [" ".join(row) + ("\n" if i % 4 == 3 else "") for i, row in enumerate(rows)]
        path.write_text("\n".join(lines) + "\n")
        return open_tagged(path, columns or Columns())

    return read


@pytest.mark.parametrize("tags", [["DET", "NOUN", "VERB"], ["aa", "bb"]])
def test_tags_before_words_are_detected_by_their_few_values(open_rows, tags):
    file = open_rows([(tags[i % len(tags)], word) for i, word in enumerate(WORDS)])
    assert file.words[0] == WORDS[:4]
    assert file.tags[0][:2] == tags[:2]
    assert any("tags come first (--tag-column)" in note for note in file.notes)


def test_words_before_tags_are_the_default(open_rows):
    assert open_rows([(word, f"t{i % 3}") for i, word in enumerate(WORDS)]).words[0] == WORDS[:4]
    assert open_rows([(word, f"t{i % 30}") for i, word in enumerate(WORDS)]).words[0] == WORDS[:4]


def test_ambiguous_columns_are_refused_unless_given(open_rows):
    rows = [(f"x{i % 14}", word) for i, word in enumerate(WORDS)]
    with pytest.raises(
        DataError, match=r"column 1 \(14 distinct.* or in column 2 \(40 distinct.*--word-column 2"
    ):
        open_rows(rows)
    for columns in (Columns("2"), Columns(tag="1"), Columns("2", "1")):
        assert open_rows(rows, columns).words[0] == WORDS[:4]
    assert open_rows(rows, Columns("1")).tags[0] == WORDS[:4]


def test_lemmas_are_not_tags(open_rows):
    rows = [(word, f"t{i % 3}", word if i % 2 else f"lemma{i}") for i, word in enumerate(WORDS)]
    assert open_rows([(w.replace("word", "Wo"), t, "wo") for w, t, _ in rows]).tags[0] == ["wo"] * 4
    letters = ["the", "dogs", "ran", "home"]
    file = open_rows([(w, t, w.removesuffix("s")) for w, t in zip(letters * 5, "DNVA" * 5, strict=True)])
    assert file.tags[0] == list("DNVA")
    assert any("column 3 holds lemmas" in note for note in file.notes)
