"""Evaluation and prediction with a trained classifier: scores, labels and probabilities."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data import Labelled, read_labelled
from unrolled.data.labelled import Unlabelled, read_items
from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.models.classifier import RecurrentClassifier
from unrolled.tasks.base.estimator import LabelEstimator
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import ClassifierData, Examples, encode, encode_rows, unseen_label_notes
from unrolled.tasks.classify.input import convert_items, convert_labelled, is_source
from unrolled.tasks.classify.labels import to_array
from unrolled.tasks.classify.predicting import log_probabilities, score_examples
from unrolled.tasks.classify.score import ClassifierScore
from unrolled.tasks.classify.table import predict_rows
from unrolled.text import Tokenizer
from unrolled.training.progress_display import counting_bar

with extra("classify", "a classifier"):
    from sklearn.utils.validation import check_is_fitted


class ClassifierInference(LabelEstimator[ClassifierConfig, ClassifierData]):
    """The methods of a classifier that use a trained model: evaluate, score and predict."""

    def evaluate(self, X: Any, y: Any = None, *, progress: bool = False) -> ClassifierScore:
        """Score labelled data, in the forms that :meth:`fit` takes.

        Raises:
            DataError: if the data cannot be read, or most labels are unknown to the model.
        """
        check_is_fitted(self)
        source = is_source(X)
        form = self.config.form
        labelled = self._read(str(X)) if source else convert_labelled(X, y, self, form, fitting=False)
        unseen = unseen_label_notes(labelled.labels, self.artifacts.classes, str(X) if source else "data")
        if progress:
            show_notes((*labelled.notes, *unseen))
        return self._score(self._examples(labelled), shown=progress)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy on labelled data, in the forms that :meth:`fit` takes.

        Args:
            X: see :meth:`fit`.
            y: see :meth:`fit`.
            sample_weight: weight of each example; only for data without missing texts or labels.
        """
        result = self.evaluate(X, y)
        return float(np.average(result.predicted == result.true, weights=sample_weight))

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, in the order of the columns of :meth:`predict_proba`."""
        if self._artifacts is None:
            raise AttributeError("classes_ does not exist before fit has been called")
        return to_array(self.artifacts.classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of every label, (N, classes), with columns in the order of ``classes_``.

        Args:
            X: texts, sequences of vectors, a pandas DataFrame, or the path of a file. A single text gives a
                single row, (classes,).
        """
        check_is_fitted(self)
        if isinstance(X, str) and not X.startswith("@") and not os.path.exists(X):
            return self._probabilities([X])[0]
        if isinstance(X, str | Path):
            unlabelled = self._read_items(str(X))
            empty = next((i for i, item in enumerate(unlabelled.items, 1) if item is None), None)
            if empty is not None:
                raise DataError(f"{X}: row {empty} has no text; unrolled predict leaves such rows empty")
            return self._probabilities(unlabelled.items)
        return self._probabilities(convert_items(X, self, self.config.form, fitting=False))

    def _probabilities(self, items: list[Any]) -> NDArray[np.float64]:
        artifacts = self.artifacts
        rows = encode_rows(items, artifacts.tokenizer, artifacts.features)
        unused_labels = np.zeros(len(rows), dtype=np.int64)
        return np.exp(log_probabilities(self.model, Examples(rows, unused_labels)))

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each sequence, an array (N,); for a single text its label."""
        p = self.predict_proba(X)
        return self.artifacts.classes[p.argmax()] if p.ndim == 1 else self.classes_[p.argmax(1)]

    def predict_table(self, data: str, *, top: int = 0) -> Predictions:
        """Return the rows of a file with their label and probabilities, which are None for rows without text.

        Args:
            data: path of the file.
            top: number of most probable labels to return instead of the probability of every label.

        Raises:
            DataError: if the file cannot be read.
        """
        names = self.artifacts.class_names
        return predict_rows(data, self.config.form, names, self._probabilities, top)

    def _read_items(self, data: str) -> Unlabelled:
        return read_items(data, self.config.form, self.artifacts.class_names)

    def _examples(self, labelled: Labelled) -> Examples:
        artifacts = self.artifacts
        return encode(labelled, artifacts.tokenizer, artifacts.classes, artifacts.features)

    def _read(self, source: str) -> Labelled:
        return read_labelled(source, self.config.form)

    def _score(self, examples: Examples, *, shown: bool) -> ClassifierScore:
        with counting_bar("scoring", len(examples), shown=shown) as report:
            return score_examples(self.model, examples, self.artifacts.class_names, report)

    @property
    def model(self) -> RecurrentClassifier:
        """The trained ``nn.Module``; RunError before training."""
        return self._require_model(RecurrentClassifier)

    @property
    def artifacts(self) -> ClassifierArtifacts:
        """The labels and the vocabulary; RunError before training."""
        return self._require_artifacts(ClassifierArtifacts)

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer; None for sequences of vectors, and before training."""
        return self.artifacts.tokenizer if self._artifacts is not None else None
