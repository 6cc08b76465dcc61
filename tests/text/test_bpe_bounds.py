"""Byte-pair encoding of unusual texts and damaged files."""

import copy
import random
import time

import pytest

from unrolled.text.long_runs import LONGEST, cut_long_runs
from unrolled.text.subwords import SubwordTokenizer


def test_texts_without_long_runs_are_not_cut():
    texts = ["", "plain words, " * 900, "x" * LONGEST + " " + "7" * LONGEST, "naïve—日本 " * 500]
    assert list(cut_long_runs(texts)) == texts


@pytest.mark.parametrize("sign", ["a", "7", "-", " ", "_", "é", "²"])
def test_long_runs_are_cut(sign):
    text = "before " + sign * (3 * LONGEST + 5) + " after"
    parts = list(cut_long_runs(["one", text]))
    assert parts[0] == "one"
    assert "".join(parts[1:]) == text
    assert max(len(p) for p in parts) <= LONGEST + len("before  after")


def test_training_on_a_text_without_blanks_takes_linear_time():
    rng, seconds = random.Random(0), []
    for length in (40_000, 160_000):
        text = "".join(rng.choices("ACGT", k=length))
        began = time.process_time()
        tokenizer = SubwordTokenizer.train([text], size=400)
        seconds.append(time.process_time() - began)
    assert tokenizer.decode(tokenizer.encode(text[:500])) == text[:500]
    assert seconds[1] < 8 * max(seconds[0], 0.05)


@pytest.fixture(scope="module")
def stored():
    return SubwordTokenizer.train(["the cat sat on the mat " * 9], size=280).to_json()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (
            "pre_tokenizer",
            {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False},
        ),
        ("pre_tokenizer", None),
        ("normalizer", {"type": "Replace", "pattern": {"Regex": "(x+x+)+y"}, "content": ""}),
        ("post_processor", {"type": "ByteLevel"}),
        ("added_tokens", [{"id": 0, "content": "a"}]),
        ("truncation", {"max_length": 3}),
    ],
)
def test_only_the_pipeline_that_we_write_is_accepted(stored, place, value):
    values = copy.deepcopy(stored)
    values["model"][place] = value
    with pytest.raises(ValueError, match=place):
        SubwordTokenizer.from_json(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["vocab"].update({"a": 10**9}), "ids of the vocabulary must be 0 to"),
        (lambda m: m["vocab"].update({"a": 0}), "ids of the vocabulary must be 0 to"),
        (lambda m: m["merges"].append(["a", "zzz"]), "'a zzz' needs tokens"),
        (lambda m: m["merges"].append(["a"]), "merges"),
        (lambda m: m.update(dropout=0.5), "dropout"),
        (lambda m: m.update(ignore_merges=True), "must be false"),
        (lambda m: m.update(merges=[], vocab={"a": 0}), "must have a token for every byte"),
    ],
)
def test_a_damaged_model_is_refused(stored, change, message):
    values = copy.deepcopy(stored)
    change(values["model"]["model"])
    with pytest.raises(ValueError, match=message):
        SubwordTokenizer.from_json(values)
