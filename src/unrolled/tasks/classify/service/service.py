"""The operations of a classifier."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from unrolled.decoding.softmax import softmax
from unrolled.models.steps.classifier import READER
from unrolled.tasks.base.service import Limits, Operation, Service, State, StatefulOperation
from unrolled.tasks.base.service.checks import check_shown, check_texts
from unrolled.tasks.base.service.operations import AnyOperation
from unrolled.tasks.classify.runtime import ClassifierRuntime
from unrolled.tasks.classify.service.answers import Labeller
from unrolled.tasks.classify.service.explaining import Explainer
from unrolled.tasks.classify.service.known_sets import known_set
from unrolled.tasks.classify.service.messages import (
    ExplainText,
    Explanation,
    Prediction,
    Predictions,
    PredictSequences,
    PredictTexts,
    Prefixes,
    PrefixesOfText,
    Reading,
    ReadText,
    ReadVectors,
)
from unrolled.tasks.classify.service.sequences import Steps, as_sequences

MAX_FEATURES = 100
MAX_LABELS = 1000
"""Largest numbers of input values and labels in the details of a model."""


class ClassifierService(Service[ClassifierRuntime]):
    """The operations of a classifier; see :class:`Service`."""

    def __init__(self, runtime: ClassifierRuntime, limits: Limits) -> None:
        super().__init__(runtime, limits)
        self._labeller = Labeller(runtime)
        self._explainer = Explainer(self._labeller, limits)
        self._reads_text = runtime.artifacts.tokenizer is not None

    @property
    def unit(self) -> str:
        """See :meth:`Service.unit`."""
        return "texts" if self._reads_text else "sequences"

    def operations(self) -> Sequence[AnyOperation]:
        """See :meth:`Service.operations`."""
        explain, prefixes = self._explainer.explain, self._explainer.prefixes
        reads_text = self._reads_text
        what, request = ("texts", PredictTexts) if reads_text else ("sequences", PredictSequences)
        operations: list[AnyOperation] = [
            Operation(
                "predict",
                f"The labels of {what}",
                request,
                Predictions,
                self.predict,
                {what: [self._example]},
            )
        ]
        if reads_text:
            example = {"text": self._example}
            operations += [
                Operation(
                    "explain", "What each word adds to a label", ExplainText, Explanation, explain, example
                ),
                Operation(
                    "prefixes", "The label after each word", PrefixesOfText, Prefixes, prefixes, example
                ),
            ]
        if not self.runtime.spec.stack.bidirectional:
            summary = f"The label of {what} that arrive in parts"
            part = ReadText if reads_text else ReadVectors
            example = {"text" if reads_text else "vectors": self._example, "keep": "session"}
            operations.append(StatefulOperation("read", summary, part, Reading, self.read, example))
        return operations

    @property
    def _example(self) -> Any:
        """A text or sequence, for the description of the operations."""
        if self._reads_text:
            return "A small example."
        return [[0.0] * self.runtime.artifacts.features, [1.0] * self.runtime.artifacts.features]

    def details(self) -> dict[str, Any]:
        """See :meth:`Service.details`."""
        runtime, facts = self.runtime, self.runtime.data_info
        artifacts, data = runtime.artifacts, runtime.config.corpus.data
        known = known_set(data)
        return {
            "labels": artifacts.class_names[:MAX_LABELS],
            "label_count": len(artifacts.classes),
            "meanings": dict(known.meanings),
            "examples": list(known.examples),
            "data": data if data.startswith("@") else "",
            "training_examples": facts.get("examples"),
            "label_counts": facts.get("class_counts", [])[:MAX_LABELS],
            "mean_length": facts.get("mean_length"),
            "reads": "text" if artifacts.tokenizer else "vectors",
            "features": artifacts.features,
            **self._scale(),
            "tokenizer": artifacts.tokenizer.kind if artifacts.tokenizer else "",
            "vocabulary": artifacts.tokenizer.size if artifacts.tokenizer else 0,
            "bidirectional": runtime.spec.stack.bidirectional,
        }

    def _scale(self) -> dict[str, list[float]]:
        """Return mean and standard deviation of each number in training, for models that read vectors."""
        if self._reads_text:
            return {}
        weights = self.runtime.weights
        return {name: weights[f"{READER}{name}"][:MAX_FEATURES].tolist() for name in ("mean", "scale")}

    def predict(self, requests: Sequence[PredictTexts | PredictSequences]) -> list[Predictions]:
        """Return the labels of all texts or sequences of all requests, read in one batch."""
        groups = [self._items(request) for request in requests]
        rows = iter(softmax(self._labeller.logits([item for group in groups for item in group])))
        return [
            Predictions(
                predictions=[
                    Prediction(**self._labeller.label(p, request.top)) for p in islice(rows, len(group))
                ]
            )
            for request, group in zip(requests, groups, strict=True)
        ]

    def read(self, request: ReadText | ReadVectors, state: State | None) -> tuple[Reading, State]:
        """Return the label of what was read so far, and the state after it."""
        stream = self.runtime.stream()
        if state is not None:
            stream.restore(state)
        if isinstance(request, ReadText):
            check_texts([request.text], self.limits, "text")
            p = stream.push(request.text)[0]
        else:
            p = stream.push(self._sequences([request.vectors], "vectors")[0])[0]
        return Reading(**self._labeller.label(p)), stream.state()

    def _items(self, request: PredictTexts | PredictSequences) -> Sequence[Any]:
        classes = len(self.runtime.artifacts.classes)
        items = request.texts if isinstance(request, PredictTexts) else request.sequences
        check_shown(len(items) * min(request.top or classes, classes), "top", "fewer")
        if isinstance(request, PredictTexts):
            check_texts(request.texts, self.limits)
            return request.texts
        return self._sequences(request.sequences, "sequences")

    def _sequences(self, sequences: Sequence[Steps], field: str) -> list[Any]:
        return as_sequences(sequences, self.runtime.artifacts.features, self.limits, field)
