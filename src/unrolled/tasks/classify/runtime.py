"""The classifier without torch: predictions for whole sequences, and streams."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unrolled.data.buckets import even_buckets
from unrolled.data.padding import pad_arrays
from unrolled.decoding.softmax import softmax
from unrolled.engine import Engine
from unrolled.errors import ConfigError, DataError, ExportError
from unrolled.models.native.classifier import ClassifierSpec, SequenceClassifier
from unrolled.models.steps.classifier import VECTOR, classifier_step, series_entry, text_entry
from unrolled.models.steps.stack import TOKEN, stack_spec, vector_size
from unrolled.programs.program import Program, Shape
from unrolled.tasks.base.numbers import finite_array
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import encode_rows
from unrolled.tasks.classify.labels import Label
from unrolled.tasks.classify.options import DROPOUT
from unrolled.tasks.classify.stream import ClassifierStream
from unrolled.tasks.classify.table import Probabilities, predict_rows
from unrolled.text.tokenizer import EOS_ID

BATCH_SIZE = 64
BATCH_STEPS = 32_768
"""Largest number of steps of a batch with several sequences, padding included."""
BACKWARDS = "this classifier also reads backwards, which needs the whole sequence"


class ClassifierRuntime(Runtime[ClassifierConfig, ClassifierArtifacts]):
    """A trained classifier in the native runtime; see :class:`Runtime`."""

    verb: ClassVar[str] = "classify"

    @cached_property
    def spec(self) -> ClassifierSpec:
        """The network."""
        c, artifacts, tokenizer = self.config, self.artifacts, self.artifacts.tokenizer
        if tokenizer is None:
            size, entry = artifacts.features, series_entry(artifacts.features)
        else:
            size = vector_size(c.network, tokenizer.size, artifacts.vector_size)
            entry = text_entry(tokenizer.size, c.network, artifacts.vector_size)
        dropout, both = c.dropout.resolve(DROPOUT["vectors"]), c.network.bidirectional
        stack = stack_spec(size, c.cell, c.network, dropout, bidirectional=both)
        pooling = c.head.pooling if c.head.pooling != "auto" else "max"
        return ClassifierSpec(entry=entry, stack=stack, pooling=pooling, classes=len(artifacts.classes))

    def shapes(self) -> dict[str, Shape]:
        """See :meth:`Runtime.shapes`."""
        return self.spec.shapes()

    @cached_property
    def _classifier(self) -> SequenceClassifier:
        return SequenceClassifier(self.spec, self.weights, self.precision)

    @property
    def classes(self) -> list[Label]:
        """The labels, in the order of the columns of :meth:`probabilities`."""
        return self.artifacts.classes

    def probabilities(self, items: Sequence[Any]) -> Probabilities:
        """Return the probability of every label, (N, classes); see :meth:`logits`."""
        return softmax(self.logits(items))

    def logits(self, items: Sequence[Any]) -> NDArray[np.float64]:
        """Return the logit of every label, (N, classes).

        Args:
            items: texts, or sequences of vectors (T, I), T at least 1.

        Raises:
            ConfigError: for a single text instead of a list.
            DataError: if an item is not what the classifier reads.
        """
        rows = self._encode(items)
        result = np.empty((len(rows), len(self.classes)))
        for indices in even_buckets([len(row) for row in rows], BATCH_SIZE, BATCH_STEPS):
            padded, lengths = pad_arrays([rows[i] for i in indices], EOS_ID)
            name = TOKEN if self.artifacts.tokenizer is not None else VECTOR
            inputs, tokens = ({}, {name: padded}) if name == TOKEN else ({name: padded}, {})
            result[indices] = self._classifier.logits(inputs, tokens, lengths)
        return result

    def predict(self, items: Sequence[Any]) -> list[Label]:
        """Return the most probable label of each text or sequence of vectors; see :meth:`probabilities`."""
        return [self.classes[i] for i in self.probabilities(items).argmax(1)]

    def predict_table(self, data: str, *, top: int = 0) -> Predictions:
        """Return the rows of a file with their label and probabilities; see :func:`predict_rows`."""
        return predict_rows(data, self.config.form, self.artifacts.class_names, self.probabilities, top)

    def stream(self, batch: int = 1) -> ClassifierStream:
        """Return a stream of ``batch`` sequences that are read step by step.

        Raises:
            ConfigError: if the classifier also reads backwards.
        """
        if self.spec.stack.bidirectional:
            raise ConfigError(
                f"{BACKWARDS}: predict whole sequences, or train with --no-bidirectional to stream"
            )
        return ClassifierStream(self._engine.stream(batch), self.artifacts)

    def step_program(self) -> Program:
        """See :meth:`Runtime.step_program`: token or vector → logits of the sequence so far."""
        spec = self.spec
        if spec.stack.bidirectional:
            raise ExportError(f"{BACKWARDS}: use to='onnx', or train with --no-bidirectional")
        return classifier_step(spec.entry, spec.stack, spec.classes, spec.pooling)

    @cached_property
    def _engine(self) -> Engine:
        return self.make_engine(self.step_program())

    def _encode(self, items: Sequence[Any]) -> list[NDArray[Any]]:
        if isinstance(items, str):
            raise ConfigError("got a single text: give a list of texts")
        features = self.artifacts.features
        if features:
            items = [as_vectors(item, f"item {number}") for number, item in enumerate(items, 1)]
        return encode_rows(list(items), self.artifacts.tokenizer, features)


def as_vectors(item: Any, where: str) -> Any:
    """Return a sequence of vectors as an array (T, I); a text unchanged.

    Raises:
        DataError: if it is not a sequence of finite vectors, or has no step.
    """
    if isinstance(item, str):
        return item
    array = finite_array(item, where)
    if array.ndim != 2 or not len(array):
        raise DataError(f"{where}: has shape {array.shape}; give vectors (T, I), T at least 1")
    return array
