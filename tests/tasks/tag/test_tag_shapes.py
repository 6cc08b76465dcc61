"""Data types that fit, evaluate, score and predict accept."""

import numpy as np
import pandas as pd
import pytest

import unrolled as ur
from unrolled.data.tagged import Tagged
from unrolled.errors import ConfigError, DataError

QUICK = {"hidden": 4, "embedding": 4, "characters": 2, "epochs": 1, "threads": 1}
WORDS = [["time", "flies"], ["she", "reads", "books"]] * 6
TAGS = [["N", "V"], ["P", "V", "N"]] * 6
SHAPES = {
    "lists": (WORDS, TAGS),
    "tuples": (tuple(map(tuple, WORDS)), tuple(map(tuple, TAGS))),
    "arrays": ([np.array(s) for s in WORDS], [np.array(s) for s in TAGS]),
    "array of objects": (np.array(WORDS, dtype=object), np.array(TAGS, dtype=object)),
    "series": (pd.Series(WORDS), pd.Series(TAGS)),
    "Tagged": (Tagged(WORDS, TAGS), None),
    "pairs": ([list(zip(w, t, strict=True)) for w, t in zip(WORDS, TAGS, strict=True)], None),
}


@pytest.fixture(scope="module")
def trained():
    return ur.Tagger(**QUICK).fit(WORDS, TAGS, progress=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_data_type_gives_the_same_data(trained, shape):
    X, y = SHAPES[shape]
    tagger = ur.Tagger(**QUICK).fit(X, y, valid=(WORDS, TAGS), progress=False)
    assert (
        tagger.data_info["sha256"]
        == ur.Tagger(**QUICK)
        .fit(WORDS, TAGS, valid=(X, y) if y is not None else X, progress=False)
        .data_info["sha256"]
    )
    assert trained.evaluate(X, y).to_json() == trained.evaluate(WORDS, TAGS).to_json()
    assert trained.score(X, y) == trained.evaluate(WORDS, TAGS).accuracy


def test_one_sentence_gives_one_list_of_tags(trained):
    tags = trained.predict(["time", "flies"])
    assert [type(tag) for tag in tags] == [str, str]
    assert trained.predict([["time", "flies"]]) == [tags]
    assert trained.predict(np.array(["time", "flies"])) == tags
    assert trained.predict(pd.Series([["time", "flies"], []])) == [tags, []]
    assert trained.predict([]) == []


def test_a_path_is_read_as_a_file(trained, tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("time\nflies\n\n")
    assert trained.predict(path) == trained.predict(str(path)) == [trained.predict(["time", "flies"])]
    with pytest.raises(DataError, match="no such file or folder"):
        trained.predict("time flies")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, "", " "])
def test_missing_tags_and_sentences(missing):
    words, tags = (
        [*WORDS, ["a", "b"], ["c"]],
        [*TAGS, ["N", missing], missing if missing is None else [missing]],
    )
    tagger = ur.Tagger(**QUICK).fit(words, tags, progress=False)
    assert tagger.notes[0].startswith("2 words without a tag (the first in sentence 13); 2 of 14 sentences")
    with pytest.raises(DataError, match="sentence 13, word 'b' has no tag"):
        ur.Tagger(**QUICK, missing="error").fit(words, tags, progress=False)


@pytest.mark.parametrize("output", ["softmax", "crf"])
@pytest.mark.parametrize("tags", [["A"], ["A", "B", "C"], []])
def test_mismatched_numbers_of_tags_are_refused(trained, output, tags):
    words, tags_of_sentences = [["a", "b", "c"]] * 5 + [["a", "b"]], [["A", "B", "C"]] * 5 + [tags]
    for data in ((words, tags_of_sentences), (Tagged(words, tags_of_sentences),)):
        with pytest.raises(DataError, match=f"sentence 6 has 2 words and {len(tags)} tags?"):
            ur.Tagger(**QUICK, output=output).fit(*data, progress=False)
        with pytest.raises(DataError, match="sentence 6 has 2 words"):
            trained.evaluate(*data)
        with pytest.raises(DataError, match="sentence 6 has 2 words"):
            ur.Tagger(**QUICK).fit(WORDS, TAGS, valid=data if len(data) == 2 else data[0], progress=False)


@pytest.mark.parametrize(
    ("X", "y", "kind", "message"),
    [
        (WORDS, None, ConfigError, r"tags are missing: fit\(words, tags\)"),
        (None, TAGS, ConfigError, "tags are given without words"),
        (["time flies"], ["N V"], ConfigError, "sentence 1 is the text 'time flies', not a list of words"),
        (WORDS, TAGS[:-1], DataError, "12 sentences of words, but tags for 11"),
        ([["a", 1]], [["A", "B"]], ConfigError, "a word is 1, a int: give text"),
        (5, [["A"]], ConfigError, "is a int, not a list"),
        (pd.DataFrame({"word": ["a"]}), [["A"]], ConfigError, "is a table"),
        ([None], [None], DataError, "every sentence has a word without a tag"),
        ([], [], DataError, "holds no sentences"),
    ],
)
def test_invalid_data_are_refused(X, y, kind, message):
    with pytest.raises(kind, match=message):
        ur.Tagger(**QUICK).fit(X, y, progress=False)


def test_untokenized_text_is_refused(trained):
    with pytest.raises(ConfigError, match="split the text first"):
        trained.predict(["time flies", "she reads"])
    with pytest.raises(ConfigError, match="sentence 2: a word is missing"):
        trained.predict([["a"], ["b", None]])
