"""How well labels are predicted, by scikit-learn's definitions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.extras import extra
from unrolled.short_repr import short_repr

with extra("classify", "a classifier"):
    from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score

Numbers = NDArray[np.int64]
NAMED_COLUMNS = 60
"""Characters over which labels may stand above the columns of a table."""


@short_repr
@dataclass(frozen=True)
class ClassifierScore:
    """Figures of a classification."""

    classes: list[str]
    true: Numbers
    """Number of the label of each example; below 0 for labels that training had not."""
    predicted: Numbers
    nats: float
    """Mean −ln p of the true label, over the labels that training had."""

    @property
    def examples(self) -> int:
        """Number of examples scored."""
        return len(self.true)

    @property
    def unseen(self) -> int:
        """Number of examples whose label training had not: each counts as wrong."""
        return int((self.true < 0).sum())

    @property
    def accuracy(self) -> float:
        """Share of examples whose label is predicted."""
        return float(accuracy_score(self.true, self.predicted))

    @property
    def macro_f1(self) -> float:
        """Mean over the labels that occur, in truth or prediction, of F1 = 2PR / (P + R)."""
        return float(f1_score(self.true, self.predicted, average="macro", zero_division=0.0))

    @property
    def confusion(self) -> Numbers:
        """Counts (classes, classes): row the true label, column the predicted one."""
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
        """Return the confusion matrix as text: a row a true label, a column a predicted one.

        Labels that are too long to stand above the columns are numbered.
        """
        table = self.confusion
        longest = max(len(name) for name in self.classes)
        named = (longest + 1) * len(self.classes) <= NAMED_COLUMNS
        heads = self.classes if named else [str(i + 1) for i in range(len(self.classes))]
        rows = heads if named else [f"{i:>3}  {name}" for i, name in enumerate(self.classes, 1)]
        width = max(len("true, predicted"), *map(len, rows))
        cell = max(len(str(table.max())), 3, *map(len, heads)) + 1
        lines = [f"{'true, predicted':<{width}}" + "".join(f"{head:>{cell}}" for head in heads)]
        for head, row in zip(rows, table, strict=True):
            lines.append(f"{head:<{width}}" + "".join(f"{n or '·':>{cell}}" for n in row.tolist()))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return every figure."""
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
