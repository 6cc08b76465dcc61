"""Scores of a classifier, as scikit-learn defines them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.extras import extra
from unrolled.short_repr import short_repr

with extra("classify", "a classifier"):
    from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score

MAX_HEADS_WIDTH = 60
"""Largest total width, in characters, of label names as column heads of the confusion table."""


@short_repr
@dataclass(frozen=True)
class ClassifierScore:
    """True and predicted labels of scored examples, and the metrics computed from them."""

    classes: list[str]
    true: Ids
    """Index of the true label of each example; negative for labels absent from the training data."""
    predicted: Ids
    """Index of the predicted label of each example."""
    nats: float
    """Mean −ln p of the true label, over examples with a label of the training data."""

    @property
    def examples(self) -> int:
        """Number of examples scored."""
        return len(self.true)

    @property
    def unseen(self) -> int:
        """Number of examples whose label is absent from the training data: each counts as wrong."""
        return int((self.true < 0).sum())

    @property
    def accuracy(self) -> float:
        """Fraction of examples whose label is predicted correctly."""
        return float(accuracy_score(self.true, self.predicted))

    @property
    def macro_f1(self) -> float:
        """Mean of F1 = 2PR / (P + R) over the labels that are true or predicted for some example."""
        return float(f1_score(self.true, self.predicted, average="macro", zero_division=0.0))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Confusion matrix, (classes, classes): rows are true labels, columns predicted ones."""
        return np.asarray(confusion_matrix(self.true, self.predicted, labels=range(len(self.classes))))

    def per_class(self) -> str:
        """Return precision, recall and F1 of each label as a table."""
        return str(
            classification_report(
                self.true,
                self.predicted,
                labels=range(len(self.classes)),
                target_names=self.classes,
                digits=3,
                zero_division=0.0,
            )
        )

    def confusion_table(self) -> str:
        """Return the confusion matrix as text: rows are true labels, columns predicted ones.

        Labels that are too long for column heads are replaced by numbers.
        """
        table = self.confusion
        longest = max(len(name) for name in self.classes)
        use_names = (longest + 1) * len(self.classes) <= MAX_HEADS_WIDTH
        heads = self.classes if use_names else [str(i + 1) for i in range(len(self.classes))]
        row_labels = heads if use_names else [f"{i:>3}  {name}" for i, name in enumerate(self.classes, 1)]
        width = max(len("true, predicted"), *map(len, row_labels))
        cell = max(len(str(table.max())), 3, *map(len, heads)) + 1
        lines = [f"{'true, predicted':<{width}}" + "".join(f"{head:>{cell}}" for head in heads)]
        for label, row in zip(row_labels, table, strict=True):
            lines.append(f"{label:<{width}}" + "".join(f"{n or '·':>{cell}}" for n in row.tolist()))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return all scores as JSON values."""
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "nats": self.nats,
            "examples": self.examples,
            "unseen_labels": self.unseen,
            "classes": self.classes,
            "confusion": self.confusion.tolist(),
        }

    def __str__(self) -> str:
        unseen = f" ({self.unseen:,} of them with a label new to the model)" if self.unseen else ""
        return (
            f"accuracy {100 * self.accuracy:.2f}%, macro F1 {100 * self.macro_f1:.2f}%, "
            f"{self.nats:.4f} nats, {self.examples:,} examples{unseen}\n"
            f"{self.per_class()}\n{self.confusion_table()}"
        )
