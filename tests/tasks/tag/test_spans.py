"""Spans, checked against seqeval and by hand."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.tasks.tag.spans import count_spans, extract_spans, span_table

warnings.filterwarnings("ignore", category=DeprecationWarning, module="seqeval")
metrics = pytest.importorskip("seqeval.metrics")

TAGS = ["O", *(f"{position}-{kind}" for position in "BIES" for kind in ("PER", "LOC", "A-B", "_"))]
SENTENCES = st.lists(
    st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS), st.booleans()), min_size=1, max_size=8),
    min_size=1,
    max_size=6,
)


@given(SENTENCES)
def test_metrics_and_table_equal_seqeval(pairs):
    true = [[t for t, _, _ in sentence] for sentence in pairs]
    predicted = [[t if same else p for t, p, same in sentence] for sentence in pairs]
    total, by_kind = count_spans(true, predicted)
    assert total.precision == metrics.precision_score(true, predicted, zero_division=0)
    assert total.recall == metrics.recall_score(true, predicted, zero_division=0)
    assert total.f1 == metrics.f1_score(true, predicted, zero_division=0)
    if by_kind:  # seqeval fails without spans
        table = metrics.classification_report(true, predicted, digits=12, zero_division=0)
        assert span_table(total, by_kind, digits=12) == table


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-X I-X O B-X", {(0, "X", 0, 1), (0, "X", 3, 3)}),
        ("I-X I-X O I-Y", {(0, "X", 0, 1), (0, "Y", 3, 3)}),
        ("B-X I-Y", {(0, "X", 0, 0), (0, "Y", 1, 1)}),
        ("B-X B-X", {(0, "X", 0, 0), (0, "X", 1, 1)}),
        ("S-X B-Y E-Y", {(0, "X", 0, 0), (0, "Y", 1, 2)}),
        ("B-X E-X I-X", {(0, "X", 0, 1), (0, "X", 2, 2)}),
        ("O O", set()),
    ],
)
def test_spans_by_hand(tags, spans):
    assert extract_spans(tags.split()) == spans


def test_no_span_crosses_the_end_of_a_sentence():
    total, _ = count_spans([["B-X"], ["I-X"]], [["B-X"], ["O"]])
    assert (total.correct, total.predicted, total.true) == (1, 1, 2)


def test_a_table_without_spans():
    lines = span_table(*count_spans([["O"]], [["O"]])).splitlines()
    assert [line.split() for line in lines if "avg" in line] == [
        [name, "avg", "0.000", "0.000", "0.000", "0"] for name in ("micro", "macro", "weighted")
    ]
