"""ROUGE, checked against rouge-score and by hand."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unrolled.tasks.translate.rouge import common_subsequence, rouge

rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")
VARIANTS = ["rouge1", "rouge2", "rougeL"]
VOCABULARY = ["a", "the", "cat", "Cat", "sat2", "é", "ß.", "K", "-", "İ"]
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)
TEXTS = st.one_of(WORDS, st.text(max_size=30))


@given(TEXTS, TEXTS)
@example("", "a")
@example("a_b", "a b")
def test_scores_equal_rouge_score(reference, output):
    scores = rouge_scorer.RougeScorer(VARIANTS).score(reference, output)
    assert rouge(reference, output) == tuple(scores[variant].fmeasure for variant in VARIANTS)


@pytest.mark.parametrize(
    ("a", "b", "length"),
    [("abcbdab", "bdcaba", 4), ("aaaa", "aa", 2), ("abc", "cba", 1), ("abc", "xyz", 0), ("", "abc", 0)],
)
def test_common_subsequences_by_hand(a, b, length):
    assert common_subsequence(a, b) == common_subsequence(b, a) == length
