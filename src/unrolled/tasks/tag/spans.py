"""Spans of words from their tags; their precision, recall and F1, counted as CoNLL's conlleval does."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from unrolled.data.tagged.schemes import mark_of

Span = tuple[int, str, int, int]
"""Sentence, kind, first and last word."""


@dataclass(frozen=True)
class SpanCounts:
    """Spans of one kind, or of all kinds together."""

    correct: int
    """Predicted with the true kind, beginning and end."""
    predicted: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are correct; 0 where nothing is predicted."""
        return self.correct / max(self.predicted, 1)

    @property
    def recall(self) -> float:
        """Share of the true spans that are found; 0 where there are none."""
        return self.correct / max(self.true, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are 0."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r else 0.0


def spans_of(tags: Sequence[str], sentence: int = 0) -> set[Span]:
    """Return the spans of one sentence.

    The tags are of one of the schemes (:mod:`unrolled.data.tagged.schemes`); others mark no span. Wrong
    sequences are read as conlleval reads them (Tjong Kim Sang & De Meulder 2003): an I or E that continues
    nothing, or a span of another kind, begins a span.
    """
    found: set[Span] = set()
    before, kind_before, first = "O", "", 0
    for place, tag in enumerate([*tags, "O"]):
        position, kind = mark_of(tag)
        changed = before in "ESO" or position in "BSO" or kind != kind_before
        if changed and before != "O":
            found.add((sentence, kind_before, first, place - 1))
        if changed:
            first = place
        before, kind_before = position, kind
    return found


def count_spans(
    true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> tuple[SpanCounts, dict[str, SpanCounts]]:
    """Compare the tags of sentences; return the counts of all spans, and those of each kind by its name."""
    real = {span for number, tags in enumerate(true) for span in spans_of(tags, number)}
    guessed = {span for number, tags in enumerate(predicted) for span in spans_of(tags, number)}
    parts = [Counter(kind for _, kind, _, _ in part) for part in (real & guessed, guessed, real)]
    by_kind = {kind: SpanCounts(*(part[kind] for part in parts)) for kind in sorted(parts[1] | parts[2])}
    return SpanCounts(*(part.total() for part in parts)), by_kind


def span_table(total: SpanCounts, by_kind: dict[str, SpanCounts], digits: int = 3) -> str:
    """Return precision, recall, F1 and number of true spans of each kind as a table.

    Below the kinds are the micro average (of all spans), the macro average (mean over kinds) and the weighted
    average (mean over kinds, weighted by their true spans).
    """
    each = np.array([_figures(counts) for counts in by_kind.values()] or [_figures(total)])
    weights = [counts.true for counts in by_kind.values()] if total.true else None
    averages = {
        "micro avg": np.array(_figures(total)),
        "macro avg": each.mean(0),
        "weighted avg": np.average(each, axis=0, weights=weights),
    }
    width = max(map(len, (*by_kind, *averages)))
    heads = "".join(f" {head:>9}" for head in ("precision", "recall", "f1-score", "support"))
    lines = [f"{'':>{width}} {heads}", ""]

    def row(name: str, figures: Iterable[float], support: int) -> str:
        return f"{name:>{width}} " + "".join(f" {f:>9.{digits}f}" for f in figures) + f" {support:>9}"

    lines += [row(name, _figures(counts), counts.true) for name, counts in by_kind.items()]
    lines += ["", *(row(name, figures, total.true) for name, figures in averages.items()), ""]
    return "\n".join(lines)


def _figures(counts: SpanCounts) -> list[float]:
    return [counts.precision, counts.recall, counts.f1]
