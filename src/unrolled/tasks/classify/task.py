"""The classifier as a tool: a label for a text or a sequence of vectors."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unrolled.data import Labelled, read_labelled
from unrolled.data.labelled import read_items
from unrolled.errors import ConfigError, DataError
from unrolled.extras import extra
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.series_reader import SeriesReader
from unrolled.tasks.base.estimator import LabelEstimator
from unrolled.tasks.base.given_vectors import GivenVectors, read_given, vectors_of
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.sources import absolute
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.build import build_model
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import (
    ClassifierData,
    Examples,
    Label,
    cut_batch,
    describe,
    divide,
    encode,
    encode_rows,
)
from unrolled.tasks.classify.input import from_memory, items_of
from unrolled.tasks.classify.job import ClassifierJob
from unrolled.tasks.classify.predicting import log_probabilities, score_examples
from unrolled.tasks.classify.score import ClassifierScore
from unrolled.tasks.classify.spec import SPEC
from unrolled.text import Tokenizer, tokenizer_type, train_tokenizer
from unrolled.training import Watcher
from unrolled.training.waiting import counting_bar

with extra("classify", "a classifier"):
    from sklearn.utils.validation import check_is_fitted


class Classifier(LabelEstimator[ClassifierConfig, ClassifierData]):
    """A recurrent classifier of texts or of sequences of vectors; one of scikit-learn's estimators.

    ``Classifier(cell="lstm", hidden=128, pooling="max")`` takes any option of :class:`ClassifierConfig` by
    its own name; so do ``get_params`` and ``set_params``.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC

    def __init__(self, config: ClassifierConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._given: GivenVectors | None = None
        self._memory: tuple[Labelled | None, Labelled | None] = (None, None)

    def fit(
        self,
        X: Any = None,
        y: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher | None = None,
        watch: bool | int = False,
    ) -> Self:
        """Train on labelled sequences and keep the weights that predict the held-out part best.

        Args:
            X: texts or sequences of vectors (see :func:`unrolled.tasks.classify.input.items_of`), with
                ``y``; or what :class:`ClassifierConfig`'s ``data`` may be; else the config's.
            y: a label for each item of X.
            valid: held-out data: the same kind of source, or a pair (X, y); else the config's, or a share of
                each label at random.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher; None shows one unless the data come from memory.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if the data cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        in_memory = X is not None and not isinstance(X, str | Path)
        if not in_memory and y is not None:
            raise ConfigError("y goes with sequences in memory; a file or data set has its own labels")
        held_out = valid if valid is None or isinstance(valid, str | Path) else None
        pair = None
        if valid is not held_out:
            valid_X, valid_y = valid
            pair = from_memory(valid_X, valid_y, self, fitting=False)
        self._memory = (from_memory(X, y, self, fitting=True) if in_memory else None, pair)
        corpus = self.config.corpus.with_sources("" if in_memory else X, held_out)
        head = dataclasses.replace(self.config.head, init_from=absolute(self.config.head.init_from))
        self.config = dataclasses.replace(self._asked, corpus=corpus, head=head)
        if not in_memory and not corpus.data:
            raise ConfigError("no training data: give sequences and labels, a file, a folder, or a data set")
        shown = not in_memory if progress is None else progress
        self._fit(out, overwrite=overwrite, progress=shown, watch=watch)
        self._memory, self._given = (None, None), None
        return self

    @property
    def unit(self) -> str:
        """What is predicted."""
        return "sequence" if self._artifacts is not None and self.artifacts.features else "text"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> ClassifierData:
        tokenizer_type(self.config.text.tokenizer)  # says now if its package is missing
        labelled, held_out = self._labelled()
        classes: list[Label] = np.unique(np.array(labelled.labels)).tolist()
        if len(classes) < 2:
            raise DataError(f"the data are of one class ({classes[0]!r}): a classifier needs at least two")
        is_text = isinstance(labelled.items[0], str)
        tokenizer: Tokenizer | None = None
        if self.config.head.init_from:
            from unrolled.tasks.classify.initial import adopt_sizes  # loads another task

            self.config, tokenizer = adopt_sizes(self.config, is_text=is_text)
        elif is_text:
            tokenizer = train_tokenizer(self.config.text, map(str, labelled.items))
        features = 0 if is_text else np.shape(labelled.items[0])[1]
        self._given = given = read_given(self.config.network, tokenizer.tokens) if tokenizer else None
        self._artifacts = ClassifierArtifacts(classes, tokenizer, features, given.size if given else None)
        data = self._encode(labelled, held_out)
        return dataclasses.replace(data, facts=data.facts | given.facts) if given else data

    def _reread(self) -> ClassifierData:
        return self._encode(*self._labelled())

    def _labelled(self) -> tuple[Labelled, Labelled | None]:
        """Return what to train on and what to hold out."""
        corpus, (given, held_out) = self.config.corpus, self._memory
        labelled = given or self._read(corpus.data)
        if corpus.valid:
            held_out = self._read(corpus.valid)
        elif held_out is None and corpus.valid_fraction:
            return divide(labelled, corpus.valid_fraction, self.config.training.seed)
        return labelled, held_out

    def _read(self, source: str) -> Labelled:
        return read_labelled(source, self.config.corpus.text_column, self.config.corpus.label_column)

    def _encode(self, labelled: Labelled, held_out: Labelled | None) -> ClassifierData:
        source, valid_source = self.sources()
        train = self._examples(labelled, source or "the training data")
        valid = None
        if held_out is not None:
            valid = self._examples(held_out, valid_source or source or "the held-out data")
        classes = self.artifacts.classes
        return ClassifierData(train, valid, classes, describe(train, valid, classes))

    def _check_before_training(self, data: ClassifierData) -> None:
        if self.config.corpus.test:
            self._examples(self._read(self.config.corpus.test), self.config.corpus.test)

    def _make_model(self, *, start: bool) -> nn.Module:
        known = self.artifacts
        vectors = None
        if known.tokenizer is not None:
            rows, size = known.tokenizer.size, known.vector_size
            vectors = vectors_of(self.config.network, self._given, rows, size, start=start)
        model = build_model(self.config, known, vectors)
        if start and self.config.head.init_from:
            from unrolled.tasks.classify.initial import adopt_weights  # loads another task

            adopt_weights(model.reader, self.config.head.init_from)
        return model

    def _make_job(self, data: ClassifierData) -> ClassifierJob:
        if isinstance(self.model.reader, SeriesReader):
            values = torch.from_numpy(np.concatenate(data.train.rows))
            self.model.reader.standardise(values.mean(0), values.std(0))
        return ClassifierJob(self.model, data, self.config)

    def _final_scores(self, data: ClassifierData, *, shown: bool) -> dict[str, Any]:
        scores: dict[str, Any] = {}
        counts = np.array(self.facts["class_counts"])
        if data.valid is not None:
            scores["valid"] = self._score(data.valid, shown=shown).to_json()
            most = float(np.mean(data.valid.labels == counts.argmax()))
            scores["baselines"] = {"most frequent label": {"valid": most}}
        if self.config.corpus.test:
            test = self._examples(self._read(self.config.corpus.test), self.config.corpus.test)
            scores["test"] = self._score(test, shown=shown).to_json()
        return scores

    def evaluate(self, data: Any, y: Any = None, *, progress: bool = False) -> ClassifierScore:
        """Score labelled data: a source as in :meth:`fit`, or sequences with ``y``.

        Raises:
            DataError: if they cannot be read, or have labels that the model does not know.
        """
        check_is_fitted(self)
        source = isinstance(data, str | Path)
        labelled = self._read(str(data)) if source else from_memory(data, y, self, fitting=False)
        return self._score(self._examples(labelled, str(data) if source else "data"), shown=progress)

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, in the order of the columns of :meth:`predict_proba`."""
        if self._artifacts is None:
            raise AttributeError("classes_ is there once fit has been called")
        return np.array(self.artifacts.classes)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability (N, classes) of every label; columns as in ``classes_``."""
        check_is_fitted(self)
        known = self.artifacts
        rows = encode_rows(items_of(X, self, fitting=False), known.tokenizer, known.features)
        nothing = np.zeros(len(rows), dtype=np.int64)
        return np.exp(log_probabilities(self.model, Examples(rows, nothing)))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label (N,) of each sequence."""
        p = self.predict_proba(X)
        return self.classes_[p.argmax(1)]

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write label, probability and text of each text of a file, separated by tabs, a line each.

        Raises:
            DataError: if the file cannot be read.
        """
        items: list[Any] = read_items(data, self.config.corpus.text_column)
        p = self.predict_proba(items)
        for item, row in zip(items, p, strict=True):
            text = " ".join(item.split()) if isinstance(item, str) else f"{len(item)} steps"
            out.write(f"{self.classes_[row.argmax()]}\t{row.max():.4f}\t{text}\n")

    def _examples(self, labelled: Labelled, source: str) -> Examples:
        known = self.artifacts
        return encode(labelled, known.tokenizer, known.classes, known.features, source)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[ClassifierJob, Sample]:
        if data is None:
            examples, source = self._read_again().valid, self._held_out_source()
        else:
            examples, source = self._examples(self._read(str(data)), str(data)), str(data)
        if examples is None:
            raise self._nothing_held_out()
        job = ClassifierJob(
            self.model, ClassifierData(examples, None, self.artifacts.classes, self.facts), self.config
        )
        batch = cut_batch(examples, size)
        names = None
        if self.tokenizer is not None:
            names = token_names(self.tokenizer, batch.sequences, batch.lengths)
        return job, Sample(batch, names, source)

    def _score(self, examples: Examples, *, shown: bool) -> ClassifierScore:
        with counting_bar("scoring", len(examples), shown=shown) as report:
            return score_examples(self.model, examples, self.artifacts.class_names, report)

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        for part in ("valid", "test"):
            if part in self.result:
                score = self.result[part]
                plot_confusion(score["confusion"], score["classes"], folder / "plots", part)

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """See :meth:`Task._input_table`."""
        if self.tokenizer is None:
            return super()._input_table()
        return self.tokenizer.tokens, getattr(self.model.reader, "input", None)

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
