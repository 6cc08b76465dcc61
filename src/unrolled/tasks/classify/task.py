"""The classifier: predicts a label for a text or a sequence of vectors."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from unrolled.data import Labelled
from unrolled.data.labelled import find_labelled_parts
from unrolled.errors import ConfigError, DataError
from unrolled.models.series_encoder import SeriesEncoder
from unrolled.tasks.base.folder_parts import resolve_parts
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.base.pretrained_vectors import PretrainedVectors, initial_vectors, read_pretrained_vectors
from unrolled.tasks.base.sample import Sample, SampleSize, token_names
from unrolled.tasks.base.sources import make_absolute
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.baselines import compare_baselines
from unrolled.tasks.classify.batches import make_small_batch
from unrolled.tasks.classify.build import build_model
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.data import (
    ClassifierData,
    Examples,
    describe,
    split_train_held_out,
    unseen_label_notes,
)
from unrolled.tasks.classify.defaults import fill_defaults, tokenizer_config
from unrolled.tasks.classify.inference import ClassifierInference
from unrolled.tasks.classify.input import convert_labelled, is_source
from unrolled.tasks.classify.job import ClassifierJob
from unrolled.tasks.classify.labels import Label, unique_labels
from unrolled.tasks.classify.spec import SPEC
from unrolled.text import Tokenizer, tokenizer_type, train_tokenizer
from unrolled.training import Callback


class Classifier(ClassifierInference):
    """A recurrent classifier of texts or of sequences of vectors, with the interface of scikit-learn.

    ``Classifier(cell="lstm", hidden=128, pooling="max")`` takes every option of :class:`ClassifierConfig` as
    a keyword argument; ``get_params`` and ``set_params`` use the same names.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC

    def __init__(self, config: ClassifierConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._word_vectors: PretrainedVectors | None = None
        self._in_memory: tuple[Labelled | None, Labelled | None] = (None, None)

    def fit(
        self,
        X: Any = None,
        y: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Callback | None = None,
        watch: bool | int = False,
    ) -> Self:
        """Train on labelled sequences and keep the weights that predict the held-out part best.

        Args:
            X: texts or sequences of vectors (see :func:`unrolled.tasks.classify.input.convert_items`), with
                ``y``; or a pandas DataFrame with a text and a label column; or a source in a form of the
                option ``data``. None uses the data of the configuration.
            y: a label for each item of X.
            valid: held-out data: a source, a DataFrame, or a pair (X, y). None uses those of the
                configuration, or a random fraction of the examples of each label.
            out: run folder for checkpoints, log and plots; None keeps everything in memory.
            overwrite: replace an existing run in ``out``.
            progress: show a progress bar, or call this callback; None shows a bar unless the data come from
                memory.
            watch: interval, in optimizer steps, of diagnostics during training: how far back gradients reach,
                saturated units, weight changes (docs/training.md). True chooses the interval.

        Raises:
            DataError: if the data cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        in_memory = X is not None and not is_source(X)
        if not in_memory and y is not None:
            raise ConfigError("y is for sequences in memory; a file or data set contains its own labels")
        held_out = valid if valid is None or isinstance(valid, str | Path) else None
        form, pair = self._user_config.form, None
        if valid is not held_out:
            valid_X, valid_y = valid if isinstance(valid, tuple) else (valid, None)
            pair = convert_labelled(valid_X, valid_y, self, form, fitting=False)
        train = convert_labelled(X, y, self, form, fitting=True) if in_memory else None
        self._in_memory = (train, pair)
        corpus = self._user_config.corpus.with_sources("" if in_memory else X, held_out)
        head = dataclasses.replace(
            self._user_config.head, init_from=make_absolute(self._user_config.head.init_from)
        )
        self.config = dataclasses.replace(self._user_config, corpus=corpus, head=head)
        if not in_memory and not corpus.data:
            raise ConfigError("no training data: give sequences and labels, a file, a folder, or a data set")
        show = not in_memory if progress is None else progress
        self._fit(out, overwrite=overwrite, progress=show, watch=watch)
        self._in_memory, self._word_vectors = (None, None), None
        return self

    @property
    def unit(self) -> str:
        """Noun for one example: "sequence" or "text"."""
        return "sequence" if self._artifacts is not None and self.artifacts.features else "text"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _prepare_data(self) -> ClassifierData:
        if self.config.text.tokenizer == "bpe":
            tokenizer_type("bpe")  # fails now if its package is missing
        corpus, part_notes = resolve_parts(
            self.config.corpus, find_labelled_parts, held_out=self._in_memory[1] is not None
        )
        self.config = dataclasses.replace(self.config, corpus=corpus)
        labelled, held_out = self._read_labelled()
        classes: list[Label] = unique_labels(labelled.labels)
        if len(classes) < 2:
            raise DataError(f"the data have one class ({classes[0]!r}): a classifier needs at least two")
        is_text = isinstance(labelled.items[0], str)
        tokenizer: Tokenizer | None = None
        notes: tuple[str, ...] = ()
        if self.config.head.init_from:
            from unrolled.tasks.classify.pretrained import load_lm_sizes  # imports another task

            self.config, tokenizer = load_lm_sizes(self.config, is_text=is_text)
        self.config, notes = fill_defaults(self.config, labelled)
        if is_text and tokenizer is None:
            tokenizer = train_tokenizer(tokenizer_config(self.config.text), map(str, labelled.items))
        features = 0 if is_text else np.shape(labelled.items[0])[1]
        vectors = read_pretrained_vectors(self.config.network, tokenizer.tokens) if tokenizer else None
        self._word_vectors = vectors
        self._artifacts = ClassifierArtifacts(classes, tokenizer, features, vectors.size if vectors else None)
        data = self._encode(labelled, held_out)
        return dataclasses.replace(
            data,
            data_info=data.data_info | (vectors.data_info if vectors else {}),
            notes=(
                *part_notes,
                *labelled.notes,
                *_additional_notes(held_out, labelled),
                *notes,
                *self._held_out_notes(held_out),
                *self._unseen_notes(held_out),
            ),
        )

    def _held_out_notes(self, held_out: Labelled | None) -> list[str]:
        fraction = self.config.corpus.valid_fraction
        if held_out is not None or not fraction:
            return []
        return [f"nothing is held out: {fraction:g} of each label is less than half a row (--valid-fraction)"]

    def _unseen_notes(self, held_out: Labelled | None) -> list[str]:
        """Return notes on labels of the held-out and test data that are absent from the training data."""
        classes, (source, valid) = self.artifacts.classes, self.sources()
        test = self.config.corpus.test
        notes: list[str] = []
        if held_out:
            notes += unseen_label_notes(held_out.labels, classes, valid or source or "held-out data")
        if test:
            notes += unseen_label_notes(self._read(test).labels, classes, test)
        return notes

    def _reload_data(self) -> ClassifierData:
        return self._encode(*self._read_labelled())

    def _read_labelled(self) -> tuple[Labelled, Labelled | None]:
        """Return the training and the held-out examples."""
        corpus, (in_memory, held_out) = self.config.corpus, self._in_memory
        labelled = in_memory or self._read(corpus.data)
        if labelled.columns.text:  # the other files have the same columns
            text, label = labelled.columns
            corpus = dataclasses.replace(corpus, text_column=text, label_column=label)
            self.config = dataclasses.replace(self.config, corpus=corpus)
        if corpus.valid:
            held_out = self._read(corpus.valid)
        elif held_out is None and corpus.valid_fraction:
            return split_train_held_out(labelled, corpus.valid_fraction, self.config.training.seed)
        return labelled, held_out

    def _encode(self, labelled: Labelled, held_out: Labelled | None) -> ClassifierData:
        train = self._examples(labelled)
        valid = self._examples(held_out) if held_out is not None else None
        classes = self.artifacts.classes
        data_info = describe(train, valid, classes)
        return ClassifierData(train, valid, classes, data_info, (labelled, held_out))

    def _check_before_training(self, data: ClassifierData) -> None:
        if self.config.corpus.test:
            self._examples(self._read(self.config.corpus.test))

    def _make_model(self, *, start: bool) -> nn.Module:
        artifacts = self.artifacts
        vectors = None
        if artifacts.tokenizer is not None:
            rows, size = artifacts.tokenizer.size, artifacts.vector_size
            vectors = initial_vectors(self.config.network, self._word_vectors, rows, size, start=start)
        model = build_model(self.config, artifacts, vectors)
        if start and self.config.head.init_from:
            from unrolled.tasks.classify.pretrained import load_lm_weights  # imports another task

            load_lm_weights(model.reader, self.config.head.init_from)
        return model

    def _make_job(self, data: ClassifierData) -> ClassifierJob:
        if isinstance(self.model.reader, SeriesEncoder):
            values = torch.from_numpy(np.concatenate(data.train.rows))
            self.model.reader.standardise(values.mean(0), values.std(0))
        return ClassifierJob(self.model, data, self.config)

    def _final_scores(self, data: ClassifierData, *, shown: bool) -> dict[str, Any]:
        scores: dict[str, Any] = {}
        parts: dict[str, tuple[Labelled, Examples]] = {}
        labelled, held_out = data.texts
        if data.valid is not None and held_out is not None:
            parts["valid"] = held_out, data.valid
        if self.config.corpus.test:
            test = self._read(self.config.corpus.test)
            parts["test"] = test, self._examples(test)
        for part, (_, examples) in parts.items():
            scores[part] = self._score(examples, shown=shown).to_json()
        characters = self.config.text.tokenizer == "char"
        scored = {part: part_labelled for part, (part_labelled, _) in parts.items()}
        return scores | compare_baselines(scores, labelled, scored, characters=characters)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[ClassifierJob, Sample]:
        if data is None:
            examples, source = self._reload_training_data().valid, self._held_out_source()
        else:
            examples, source = self._examples(self._read(str(data))), str(data)
        if examples is None:
            raise self._no_held_out_error()
        examples = examples.with_known_labels()
        if not len(examples):
            raise DataError(f"{source}: the model knows none of the labels")
        job = ClassifierJob(
            self.model,
            ClassifierData(examples, None, self.artifacts.classes, self.data_info, (Labelled([], []), None)),
            self.config,
        )
        batch = make_small_batch(examples, size)
        names = None
        if self.tokenizer is not None:
            names = token_names(self.tokenizer, batch.sequences, batch.lengths)
        return job, Sample(batch, names, source)

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


def _additional_notes(held_out: Labelled | None, labelled: Labelled) -> list[str]:
    """Return the notes on the held-out data that are not also notes on the training data."""
    return [note for note in (held_out.notes if held_out else ()) if note not in labelled.notes]
