"""Scores of a tagger."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.tagged.schemes import are_spans
from unrolled.short_repr import short_repr
from unrolled.tasks.tag.spans import SpanCounts, count_spans, extract_spans, span_table
from unrolled.wording import counted


@short_repr
@dataclass(frozen=True)
class TaggerScore:
    """True and predicted tags of scored sentences, and the metrics computed from them."""

    tags: list[str]
    """Tags that the model can predict."""
    true: list[list[str]]
    """True tags of each sentence."""
    predicted: list[list[str]]
    """Predicted tags of each sentence."""
    nats: float
    """Mean −ln p per word of the true tags (with a CRF, of the tags of a sentence jointly), over tags that
    the model can predict."""

    @property
    def words(self) -> int:
        """Number of words scored."""
        return sum(map(len, self.true))

    @property
    def accuracy(self) -> float:
        """Fraction of words whose tag is predicted correctly."""
        sentences = zip(self.true, self.predicted, strict=True)
        return sum(t == p for a, b in sentences for t, p in zip(a, b, strict=True)) / self.words

    @property
    def sentence_accuracy(self) -> float:
        """Fraction of sentences with all tags predicted correctly."""
        return sum(a == b for a, b in zip(self.true, self.predicted, strict=True)) / len(self.true)

    @property
    def has_spans(self) -> bool:
        """Whether the tags mark spans, and the true tags contain any."""
        return are_spans(self.tags) and any(map(extract_spans, self.true))

    @property
    def labels(self) -> list[str]:
        """The tags of the model, then those that only the scored data have."""
        return self.tags + sorted({tag for sentence in self.true for tag in sentence} - set(self.tags))

    @property
    def unseen(self) -> int:
        """Number of words whose tag is absent from the training data: each counts as wrong."""
        known = set(self.tags)
        return sum(tag not in known for sentence in self.true for tag in sentence)

    @property
    def main_metric(self) -> float:
        """The span F1 if there are spans, else the accuracy."""
        return self.span_f1 if self.has_spans else self.accuracy

    def span_counts(self) -> tuple[SpanCounts, dict[str, SpanCounts]]:
        """Return the counts of complete spans, of all kinds together and of each kind, as conlleval does."""
        return count_spans(self.true, self.predicted)

    @property
    def span_f1(self) -> float:
        """F1 of spans; a span is correct if its kind, start and end are."""
        return self.span_counts()[0].f1

    def spans(self) -> str:
        """Return precision, recall and F1 of each kind of span as a table."""
        return span_table(*self.span_counts())

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Confusion matrix (K, K) over :attr:`labels`: rows are true tags, columns predicted ones."""
        indices = {tag: i for i, tag in enumerate(self.labels)}
        counts = np.zeros((len(indices), len(indices)), dtype=np.int64)
        for true, predicted in zip(self.true, self.predicted, strict=True):
            for t, p in zip(true, predicted, strict=True):
                counts[indices[t], indices[p]] += 1
        return counts

    def to_json(self) -> dict[str, Any]:
        """Return all scores as JSON values."""
        values: dict[str, Any] = {
            "accuracy": self.accuracy,
            "sentence_accuracy": self.sentence_accuracy,
            "nats": self.nats,
            "words": self.words,
            "sentences": len(self.true),
            "unseen": self.unseen,
            "tags": self.labels,
            "confusion": self.confusion.tolist(),
        }
        if self.has_spans:
            total, _ = self.span_counts()
            values |= {
                "span_f1": total.f1,
                "span_precision": total.precision,
                "span_recall": total.recall,
            }
        return values

    def __str__(self) -> str:
        line = (
            f"accuracy {100 * self.accuracy:.2f}% of {counted(self.words, 'word')}, "
            f"{100 * self.sentence_accuracy:.2f}% of {counted(len(self.true), 'sentence')}, "
            f"{self.nats:.4f} nats/word"
        )
        if self.unseen:
            have = "word has a tag" if self.unseen == 1 else "words have tags"
            line += f"\n{self.unseen:,} {have} that the training data lack: counted as wrong"
        if self.has_spans:
            return f"{line}\nspan F1 {100 * self.span_f1:.2f}%\n{self.spans()}"
        return f"{line}\nno spans to find: there is no span F1" if are_spans(self.tags) else line
