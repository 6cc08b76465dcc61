"""Spans from tags, and their precision, recall and F1, as CoNLL's conlleval counts them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.data.tagged.schemes import parse_tag

Span = tuple[int, str, int, int]
"""Sentence index, kind, and indices of the first and last word."""


@dataclass(frozen=True)
class SpanCounts:
    """Numbers of spans of one kind, or of all kinds together."""

    correct: int
    """Number of spans predicted with the true kind, start and end."""
    predicted: int
    true: int

    @property
    def precision(self) -> float:
        """Fraction of the predicted spans that are correct; 0 without predicted spans."""
        return self.correct / max(self.predicted, 1)

    @property
    def recall(self) -> float:
        """Fraction of the true spans that are predicted; 0 without true spans."""
        return self.correct / max(self.true, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 if both are 0."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r else 0.0


def extract_spans(tags: Sequence[str], sentence: int = 0) -> set[Span]:
    """Return the spans that the tags of one sentence mark.

    Tags outside the schemes of :mod:`unrolled.data.tagged.schemes` mark no span. Invalid sequences are
    treated as in conlleval (Tjong Kim Sang & De Meulder 2003): an I or E that continues no span, or a span of
    another kind, begins a new span.
    """
    spans: set[Span] = set()
    last_position, last_kind, first = "O", "", 0
    for index, tag in enumerate([*tags, "O"]):
        position, kind = parse_tag(tag)
        changed = last_position in "ESO" or position in "BSO" or kind != last_kind
        if changed and last_position != "O":
            spans.add((sentence, last_kind, first, index - 1))
        if changed:
            first = index
        last_position, last_kind = position, kind
    return spans


def count_spans(
    true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> tuple[SpanCounts, dict[str, SpanCounts]]:
    """Return the counts of all true and predicted spans, and the counts of each kind by its name."""
    true_spans = {span for i, tags in enumerate(true) for span in extract_spans(tags, i)}
    predicted_spans = {span for i, tags in enumerate(predicted) for span in extract_spans(tags, i)}
    sets = (true_spans & predicted_spans, predicted_spans, true_spans)
    counters = [Counter(kind for _, kind, _, _ in spans) for spans in sets]
    kinds = sorted(counters[1] | counters[2])
    by_kind = {kind: SpanCounts(*(counter[kind] for counter in counters)) for kind in kinds}
    return SpanCounts(*(counter.total() for counter in counters)), by_kind


def span_table(total: SpanCounts, by_kind: dict[str, SpanCounts], digits: int = 3) -> str:
    """Return a table of precision, recall, F1 and the number of true spans of each kind.

    The last rows are the micro average (over all spans), the macro average (mean over kinds) and the weighted
    average (mean over kinds, weighted by their number of true spans).
    """
    by_kind_scores = np.array([_scores(counts) for counts in by_kind.values()] or [_scores(total)])
    weights = [counts.true for counts in by_kind.values()] if total.true else None
    averages = {
        "micro avg": np.array(_scores(total)),
        "macro avg": by_kind_scores.mean(0),
        "weighted avg": np.average(by_kind_scores, axis=0, weights=weights),
    }
    width = max(map(len, (*by_kind, *averages)))
    heads = "".join(f" {head:>9}" for head in ("precision", "recall", "f1-score", "support"))
    lines = [f"{'':>{width}} {heads}", ""]

    def row(name: str, scores: Iterable[float], support: int) -> str:
        return f"{name:>{width}} " + "".join(f" {f:>9.{digits}f}" for f in scores) + f" {support:>9}"

    lines += [row(name, _scores(counts), counts.true) for name, counts in by_kind.items()]
    lines += ["", *(row(name, scores, total.true) for name, scores in averages.items()), ""]
    return "\n".join(lines)


def _scores(counts: SpanCounts) -> list[float]:
    return [counts.precision, counts.recall, counts.f1]
