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
from unrolled.models import TokenReader
from unrolled.models.adopt import adopt
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.inputs import Embedding
from unrolled.models.series_reader import SeriesReader
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.estimator import LabelEstimator
from unrolled.tasks.base.facts import ClassifierFacts
from unrolled.tasks.base.given_vectors import given_vectors
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.sources import absolute
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import (
    ClassifierData,
    Examples,
    Label,
    describe,
    encode,
    encode_rows,
    hold_out,
)
from unrolled.tasks.classify.input import from_memory, items_of
from unrolled.tasks.classify.job import ClassifierJob, log_probabilities, score_examples
from unrolled.tasks.classify.score import ClassifierScore
from unrolled.tasks.lm.task import LanguageModel
from unrolled.text import Tokenizer, tokenizer_from_json, tokenizer_to_json, tokenizer_type, train_tokenizer
from unrolled.training import Watcher
from unrolled.training.files import read_json
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

    verb: ClassVar[str] = "classify"
    config_type: ClassVar[type] = ClassifierConfig
    facts_type: ClassVar[type] = ClassifierFacts
    counted: ClassVar[str] = "texts"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "nats")

    def __init__(self, config: ClassifierConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._tokenizer: Tokenizer | None = None
        self._memory: tuple[Labelled | None, Labelled | None] = (None, None)

    # -- training ----------------------------------------------------------------------------------------

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
        self.config = dataclasses.replace(self.config, corpus=corpus, head=head)
        if not in_memory and not corpus.data:
            raise ConfigError("no training data: give sequences and labels, a file, a folder, or a data set")
        shown = not in_memory if progress is None else progress
        self._fit(out, overwrite=overwrite, progress=shown, watch=watch)
        self._memory = (None, None)
        return self

    @property
    def unit(self) -> str:
        """What is predicted."""
        return "sequence" if self.facts.get("features") else "text"

    def _sources(self) -> tuple[str, str]:
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> ClassifierData:
        tokenizer_type(self.config.text.tokenizer)  # says now if its package is missing
        labelled, held_out = self._labelled()
        classes: list[Label] = np.unique(np.array(labelled.labels)).tolist()
        if len(classes) < 2:
            raise DataError(f"the data are of one class ({classes[0]!r}): a classifier needs at least two")
        is_text = isinstance(labelled.items[0], str)
        if self.config.head.init_from:
            self._adopt_sizes(is_text)
        elif is_text:
            self._tokenizer = train_tokenizer(self.config.text, map(str, labelled.items))
        features = 0 if is_text else np.shape(labelled.items[0])[1]
        return self._encode(labelled, held_out, classes, features)

    def _reread(self) -> ClassifierData:
        return self._encode(*self._labelled(), self.facts["classes"], self.facts["features"])

    def _labelled(self) -> tuple[Labelled, Labelled | None]:
        """Return what to train on and what to hold out."""
        corpus, (given, held_out) = self.config.corpus, self._memory
        labelled = given or self._read(corpus.data)
        if corpus.valid:
            held_out = self._read(corpus.valid)
        elif held_out is None and corpus.valid_fraction:
            train, out = hold_out(labelled.labels, corpus.valid_fraction, self.config.training.seed)
            return labelled.take(train), labelled.take(out) if len(out) else None
        return labelled, held_out

    def _read(self, source: str) -> Labelled:
        return read_labelled(source, self.config.corpus.text_column, self.config.corpus.label_column)

    def _encode(
        self, labelled: Labelled, held_out: Labelled | None, classes: list[Label], features: int
    ) -> ClassifierData:
        source, valid_source = self._sources()
        train = encode(labelled, self._tokenizer, classes, features, source or "the training data")
        valid = None
        if held_out is not None:
            where = valid_source or source or "the held-out data"
            valid = encode(held_out, self._tokenizer, classes, features, where)
        return ClassifierData(train, valid, describe(train, valid, classes))

    def _check_before_training(self, data: ClassifierData) -> None:
        if self.config.corpus.test:
            self._examples(self._read(self.config.corpus.test), self.config.corpus.test)

    # -- the model -----------------------------------------------------------------------------------------

    def _adopt_sizes(self, is_text: bool) -> None:
        """Take tokeniser, cell and sizes of the language model to start from."""
        if not is_text:
            raise ConfigError("init_from starts from a language model, which reads text, not vectors")
        lm = LanguageModel.load(self.config.head.init_from)
        self._tokenizer = lm.tokenizer
        theirs = lm.config.network
        if theirs.input == "vectors":
            raise ConfigError(
                f"{self.config.head.init_from}: reads given vectors; init_from needs learned ones"
            )
        sizes = {
            name: getattr(theirs, name)
            for name in ("layers", "hidden", "projection", "residual", "skip", "input", "embedding")
        }
        network = dataclasses.replace(self.config.network, **sizes)
        self.config = dataclasses.replace(
            self.config, text=lm.config.text, cell=lm.config.cell, network=network
        )

    def _make_model(self, *, start: bool) -> nn.Module:
        c = self.config
        inside = dataclasses.replace(c.dropout, dropout_output=0.0)  # it acts on the pooled vector
        both = c.network.bidirectional
        reader: TokenReader | SeriesReader
        if self._tokenizer is None:
            reader = SeriesReader(self.facts["features"], c.cell, c.network, inside, bidirectional=both)
        else:
            vectors = given_vectors(self.config.network, self._tokenizer.tokens, self.facts, start=start)
            reader = TokenReader(self._tokenizer.size, c.cell, c.network, inside, vectors, bidirectional=both)
            if start and c.head.init_from:
                adopt(reader, LanguageModel.load(c.head.init_from).model)
        classes = len(self.facts["classes"])
        return RecurrentClassifier(reader, classes, c.head.pooling, c.dropout.dropout_output)

    def _make_job(self, data: ClassifierData) -> ClassifierJob:
        if isinstance(self.model.reader, SeriesReader):
            values = torch.from_numpy(np.concatenate(data.train.rows))
            self.model.reader.standardise(values.mean(0), values.std(0))
        return ClassifierJob(self.model, data, self.config)

    def _final_scores(self, data: ClassifierData, *, shown: bool) -> dict[str, Any]:
        self.model.precision = "full"
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

    # -- use -----------------------------------------------------------------------------------------------

    def evaluate(self, data: Any, y: Any = None, *, progress: bool = False) -> ClassifierScore:
        """Score labelled data: a source as in :meth:`fit`, or sequences with ``y``.

        Raises:
            DataError: if they cannot be read, or have labels that the model does not know.
        """
        check_is_fitted(self)
        source = isinstance(data, str | Path)
        labelled = self._read(str(data)) if source else from_memory(data, y, self, fitting=False)
        return self._score(self._examples(labelled, str(data) if source else "data"), shown=progress)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability (N, classes) of every label; columns as in ``classes_``."""
        check_is_fitted(self)
        rows = encode_rows(items_of(X, self, fitting=False), self._tokenizer, self.facts["features"])
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
        return encode(labelled, self._tokenizer, self.facts["classes"], self.facts["features"], source)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[ClassifierJob, Sample]:
        if data is None:
            examples, source = self._read_again().valid, self._held_out_source()
        else:
            examples, source = self._examples(self._read(str(data)), str(data)), str(data)
        if examples is None:
            raise self._nothing_held_out()
        rows = [row[: size.steps] for row in examples.rows[: size.rows]]
        cut = Examples(rows, examples.labels[: size.rows])
        job = ClassifierJob(self.model, ClassifierData(cut, None, self.facts), self.config)
        _, batch = next(cut.batches(size.rows))
        names = None
        if self._tokenizer is not None:
            names = token_names(self._tokenizer, batch.sequences, batch.lengths)
        return job, Sample(batch, names, source)

    def _score(self, examples: Examples, *, shown: bool) -> ClassifierScore:
        names = [str(c) for c in self.facts["classes"]]
        with counting_bar("scoring", len(examples), shown=shown) as report:
            return score_examples(self.model, examples, names, report)

    # -- on disk -------------------------------------------------------------------------------------------

    def _vocabularies(self) -> dict[str, Any]:
        if self._tokenizer is None:
            return {}
        return {run_folder.TOKENIZER: tokenizer_to_json(self._tokenizer)}

    def _take_vocabularies(self, folder: Path) -> None:
        if not self.facts["features"]:
            self._tokenizer = tokenizer_from_json(read_json(folder / run_folder.TOKENIZER))

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        for part in ("valid", "test"):
            if part in self.result:
                score = self.result[part]
                plot_confusion(score["confusion"], score["classes"], folder / "plots", part)

    def input_vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """See :meth:`Task.input_vectors`."""
        table = getattr(self.model.reader, "input", None)
        if self._tokenizer is None or not isinstance(table, Embedding):
            return super().input_vectors()
        return self._tokenizer.tokens, table.weight.detach().numpy()

    @property
    def model(self) -> RecurrentClassifier:
        """The torch module inside; RunError before training."""
        model = self._trained()
        assert isinstance(model, RecurrentClassifier)
        return model

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokeniser inside; None for sequences of vectors."""
        return self._tokenizer
