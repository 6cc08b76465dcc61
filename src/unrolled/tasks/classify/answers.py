"""What a trained classifier answers: scores, labels and probabilities."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data import Labelled, read_labelled
from unrolled.data.labelled import Unlabelled, read_items
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.models.classifier import RecurrentClassifier
from unrolled.tasks.base.estimator import LabelEstimator
from unrolled.tasks.base.predictions import Predictions, tabulate
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import ClassifierData, Examples, encode, encode_rows, note_unseen
from unrolled.tasks.classify.input import from_memory, is_source, items_of
from unrolled.tasks.classify.labels import as_array
from unrolled.tasks.classify.predicting import log_probabilities, score_examples
from unrolled.tasks.classify.score import ClassifierScore
from unrolled.text import Tokenizer
from unrolled.training.waiting import counting_bar

with extra("classify", "a classifier"):
    from sklearn.utils.validation import check_is_fitted


class ClassifierAnswers(LabelEstimator[ClassifierConfig, ClassifierData]):
    """Scores and predicts with a trained model."""

    def evaluate(self, X: Any, y: Any = None, *, progress: bool = False) -> ClassifierScore:
        """Score labelled data: what :meth:`fit` takes.

        Raises:
            DataError: if they cannot be read, or most have labels that the model does not know.
        """
        check_is_fitted(self)
        source = is_source(X)
        form = self.config.form
        labelled = self._read(str(X)) if source else from_memory(X, y, self, form, fitting=False)
        unseen = note_unseen(labelled.labels, self.artifacts.classes, str(X) if source else "data")
        if progress:
            show_notes((*labelled.notes, *unseen))
        return self._score(self._examples(labelled), shown=progress)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy on labelled data: what :meth:`fit` takes.

        Args:
            X: see :meth:`fit`.
            y: see :meth:`fit`.
            sample_weight: weight of each example, of data without missing ones.
        """
        found = self.evaluate(X, y)
        return float(np.average(found.predicted == found.true, weights=sample_weight))

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, in the order of the columns of :meth:`predict_proba`."""
        if self._artifacts is None:
            raise AttributeError("classes_ is there once fit has been called")
        return as_array(self.artifacts.classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability (N, classes) of every label; columns as in ``classes_``.

        Args:
            X: texts, sequences of vectors, a table of pandas, or the path of a file. One text gives one row.
        """
        check_is_fitted(self)
        if isinstance(X, str) and not X.startswith("@") and not os.path.exists(X):
            return self._probabilities([X])[0]
        if isinstance(X, str | Path):
            read = self._read_items(str(X))
            lacking = next((i for i, item in enumerate(read.items, 1) if item is None), None)
            if lacking is not None:
                raise DataError(f"{X}: row {lacking} has no text; unrolled predict leaves such rows empty")
            return self._probabilities(read.items)
        return self._probabilities(items_of(X, self, self.config.form, fitting=False))

    def _probabilities(self, items: list[Any]) -> NDArray[np.float64]:
        known = self.artifacts
        rows = encode_rows(items, known.tokenizer, known.features)
        nothing = np.zeros(len(rows), dtype=np.int64)
        return np.exp(log_probabilities(self.model, Examples(rows, nothing)))

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each sequence, as an array (N,); of one text its label."""
        p = self.predict_proba(X)
        return self.artifacts.classes[p.argmax()] if p.ndim == 1 else self.classes_[p.argmax(1)]

    def predict_table(self, data: str, *, top: int = 0) -> Predictions:
        """Return the rows of a file with label and probabilities; a row without text has none.

        Args:
            data: the file.
            top: as many of the most probable labels, in place of the probability of every label.

        Raises:
            DataError: if the file cannot be read.
        """
        if not data:
            raise ConfigError("no texts to predict; give data=FILE, or data=- for standard input")
        read = self._read_items(data)
        filled = [i for i, item in enumerate(read.items) if item is not None]
        p: list[NDArray[np.float64] | None] = [None] * len(read.items)
        found = self._probabilities([read.items[i] for i in filled]) if filled else ()
        for i, row in zip(filled, found, strict=True):
            p[i] = row
        gaps = len(read.items) - len(filled)
        note = (
            f"{gaps:,} of {len(read.items):,} rows {'has' if gaps == 1 else 'have'} no text, and no "
            "prediction"
        )
        notes = (*read.notes, *([note] if gaps else []))
        return tabulate(read.names, read.rows, p, self.artifacts.class_names, top, notes)

    def _read_items(self, data: str) -> Unlabelled:
        return read_items(data, self.config.form, self.artifacts.class_names)

    def _examples(self, labelled: Labelled) -> Examples:
        known = self.artifacts
        return encode(labelled, known.tokenizer, known.classes, known.features)

    def _read(self, source: str) -> Labelled:
        return read_labelled(source, self.config.form)

    def _score(self, examples: Examples, *, shown: bool) -> ClassifierScore:
        with counting_bar("scoring", len(examples), shown=shown) as report:
            return score_examples(self.model, examples, self.artifacts.class_names, report)

    @property
    def model(self) -> RecurrentClassifier:
        """The torch module inside; RunError before training."""
        return self._trained(RecurrentClassifier)

    @property
    def artifacts(self) -> ClassifierArtifacts:
        """The labels and the vocabulary; RunError before training."""
        return self._learned(ClassifierArtifacts)

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokeniser inside; None for sequences of vectors, and before training."""
        return self.artifacts.tokenizer if self._artifacts is not None else None
