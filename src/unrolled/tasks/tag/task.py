"""The tagger: predicts a tag for every word of a sentence."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self, TextIO

from torch import nn

from unrolled.data.tagged import Tagged, TaggedFile, find_tagged_parts, select_complete
from unrolled.errors import ConfigError, DataError
from unrolled.models.tagger import RecurrentTagger
from unrolled.tasks.base.baseline_comparison import compare_with_baselines
from unrolled.tasks.base.folder_parts import resolve_parts
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.base.pretrained_vectors import PretrainedVectors, initial_vectors, read_pretrained_vectors
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.baseline import BASELINE_NAME, score_baseline
from unrolled.tasks.tag.batches import make_batches
from unrolled.tasks.tag.build import build_model
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.data import (
    EncodedSentences,
    TaggerData,
    Vocabularies,
    describe,
    encode_tagged,
    learn_vocabularies,
)
from unrolled.tasks.tag.defaults import fill_defaults
from unrolled.tasks.tag.job import TaggerJob
from unrolled.tasks.tag.predicting import score_sentences, tag_and_score
from unrolled.tasks.tag.prediction import open_for_model, predict_input, print_notes, write_tagged
from unrolled.tasks.tag.score import TaggerScore
from unrolled.tasks.tag.sources import (
    SplitSentences,
    read_split,
    split_pair,
    to_path_or_sentences,
    unseen_tag_notes,
)
from unrolled.tasks.tag.spec import SPEC
from unrolled.training import Callback
from unrolled.training.progress_display import counting_bar

MAX_CONFUSION_TAGS = 60
"""Largest number of tags with which the confusion matrix is plotted."""


class Tagger(Task[TaggerConfig, TaggerData]):
    """A recurrent tagger of sentences.

    ``Tagger(cell="lstm", hidden=200, layers=2, output="crf")`` takes every option of :class:`TaggerConfig` as
    a keyword argument.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _word_vectors: PretrainedVectors | None = None
    _in_memory: tuple[TaggedFile | None, TaggedFile | None] = (None, None)

    def fit(
        self,
        X: Any = None,
        y: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Callback = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on tagged sentences and keep the weights that predict the held-out part best.

        Args:
            X: a file, a data set such as ``"@ud_english-ewt/train"``, ``Tagged``, a list of words for each
                sentence, or without ``y`` a list of pairs (word, tag) for each sentence. None uses the data
                of the configuration.
            y: a list of tags for each sentence of X. Tags that are None, NaN or empty are missing: see the
                option ``missing``.
            valid: held-out data in the forms of X, or ``(words, tags)``. None uses those of the
                configuration, or the last training sentences.
            out: run folder for checkpoints, log and plots; None keeps everything in memory.
            overwrite: replace an existing run in ``out``.
            progress: show a progress bar, or call this callback.
            watch: interval, in optimizer steps, of diagnostics during training: how far back gradients reach,
                saturated units, weight changes (docs/training.md). True chooses the interval.

        Raises:
            ConfigError: if sentences from memory have another form.
            DataError: if the data cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        path, sentences = to_path_or_sentences(X, y)
        valid_path, held_out = to_path_or_sentences(*split_pair(valid))
        self._in_memory = (sentences, held_out)
        corpus = self._user_config.corpus.with_sources(
            "" if sentences else path, "" if held_out else valid_path
        )
        self.config = dataclasses.replace(self._user_config, corpus=corpus)
        if sentences is None and not corpus.data:
            raise ConfigError(
                "no training data: give a file of tagged sentences, a data set, or words and tags"
            )
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        self._in_memory, self._word_vectors = (None, None), None
        return self

    @property
    def unit(self) -> str:
        """Noun for one prediction."""
        return "word"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _prepare_data(self) -> TaggerData:
        corpus, part_notes = resolve_parts(
            self.config.corpus, find_tagged_parts, held_out=self._in_memory[1] is not None
        )
        self.config = dataclasses.replace(self.config, corpus=corpus)
        split = self._read_split()
        self.config, default_notes = fill_defaults(self.config, split.train, split.columns, split.valid)
        vocabularies = learn_vocabularies(split.train.words, split.train.tags, self.config.words)
        vectors = read_pretrained_vectors(self.config.network, vocabularies.words.items)
        self._word_vectors = vectors
        self._artifacts = TaggerArtifacts(vocabularies, vectors.size if vectors else None)
        data = self._encode(split)
        data_info = data.data_info | (vectors.data_info if vectors else {})
        return dataclasses.replace(
            data, data_info=data_info, notes=(*part_notes, *data.notes, *default_notes)
        )

    def _reload_data(self) -> TaggerData:
        return self._encode(self._read_split())

    def _read_split(self) -> SplitSentences:
        return read_split(self.config.corpus, *self._in_memory)

    def _encode(self, split: SplitSentences) -> TaggerData:
        source, valid_source = self.sources()
        vocabularies = self.vocabularies
        train = encode_tagged(split.train, vocabularies, source or "the training data")
        held_out, notes = None, split.notes
        if split.valid is not None:
            name = valid_source or source or "the held-out data"
            held_out = encode_tagged(split.valid, vocabularies, name, max_unseen_fraction=0.999)
            notes += unseen_tag_notes(held_out)
        data_info = describe(train, held_out, vocabularies) | {"form": split.form}
        return TaggerData(train, held_out, vocabularies.tags, data_info, notes)

    def _check_before_training(self, data: TaggerData) -> None:
        if self.config.corpus.test:
            self._read(self.config.corpus.test)

    def _make_model(self, *, start: bool) -> nn.Module:
        artifacts = self.artifacts
        rows, size = len(artifacts.vocabularies.words), artifacts.vector_size
        vectors = initial_vectors(self.config.network, self._word_vectors, rows, size, start=start)
        return build_model(self.config, artifacts, vectors)

    def _make_job(self, data: TaggerData) -> TaggerJob:
        return TaggerJob(self.model, data, self.config)

    def _final_scores(self, data: TaggerData, *, shown: bool) -> dict[str, Any]:
        parts = {"valid": data.valid}
        if self.config.corpus.test:
            parts["test"] = self._read(self.config.corpus.test)
        scores: dict[str, Any] = {}
        baseline: dict[str, dict[str, float]] = {}
        for name, part in parts.items():
            if part is None:
                continue
            score = self._score(part, shown=shown)
            scores[name] = score.to_json()
            baseline[name] = score_baseline(data.train.text, part.text, data.tags)
            if name == "valid" or "valid" not in scores:
                metric = "span_f1" if score.has_spans else "accuracy"
                baseline_scores = {BASELINE_NAME: baseline[name][metric]}
                scores |= compare_with_baselines(
                    metric.replace("_f1", " F1"), score.main_metric, baseline_scores, higher=True
                )
        return scores | {"baselines": {BASELINE_NAME: baseline}}

    def evaluate(self, X: Any, y: Any = None, *, progress: bool = False) -> TaggerScore:
        """Score tagged sentences, in the forms that ``fit`` takes.

        Raises:
            ConfigError: if sentences from memory have another form.
            DataError: if the sentences cannot be read, or most words have tags that the training data lack.
        """
        path, sentences = to_path_or_sentences(X, y)
        if sentences is None:
            return self._score(self._read(str(path), shown=progress), shown=progress)
        tagged, _ = select_complete(sentences, self.config.corpus.missing)
        return self._score(encode_tagged(tagged, self.vocabularies, "the data"), shown=progress)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the fraction of words whose tag is predicted correctly, on data that ``evaluate`` takes."""
        return self.evaluate(X, y).accuracy

    def predict(self, X: Any) -> Any:
        """Return the predicted tags of words.

        Args:
            X: one sentence, as a list of words; or a list of such sentences; or a file.

        Returns:
            A list of tags for one sentence, else a list of tags for each sentence.

        Raises:
            ConfigError: if a sentence is not a list of words.
            DataError: if a file cannot be read.
        """
        return predict_input(X, lambda path: self._open(path, tagged=False).words, self._predict_tags)

    def _predict_tags(self, sentences: list[list[str]]) -> list[list[str]]:
        """Return the tags of each sentence, none of which is empty."""
        encoded = EncodedSentences(sentences, self.vocabularies)
        return tag_and_score(self.model, encoded, self.vocabularies.tags)[0]

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write a copy of a file with predicted tags; see :func:`write_tagged`.

        Raises:
            DataError: if the file cannot be read.
        """
        write_tagged(self._open(data, tagged=False), self._predict_tags, out)

    def _open(self, source: str, *, tagged: bool) -> TaggedFile:
        tags = self.vocabularies.tags
        return open_for_model(source, self.config.corpus, self.data_info, tags, tagged=tagged)

    def _read(self, source: str, *, shown: bool = False) -> EncodedSentences:
        file = self._open(source, tagged=True)
        tagged, dropped = select_complete(file, self.config.corpus.missing)
        if shown:
            print_notes(file.notes + dropped)
        return encode_tagged(tagged, self.vocabularies, source)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[TaggerJob, Sample]:
        if data is None:
            self._reload_training_data()
            tagged, source = self._read_split().valid, self._held_out_source()
        else:
            tagged, source = self._read(str(data)).text, str(data)
        if tagged is None:
            raise self._no_held_out_error()
        known_tags = set(self.vocabularies.tags)
        rows = [i for i, tags in enumerate(tagged.tags) if known_tags.issuperset(tags)][: size.rows]
        if not rows:
            raise DataError(f"{source}: every sentence has a tag that the training data lack")
        words, tags = ([s[: size.steps] for s in part] for part in dataclasses.astuple(tagged.take(rows)))
        encoded = encode_tagged(Tagged(words, tags), self.vocabularies, source)
        sample_data = TaggerData(encoded, None, self.vocabularies.tags, self.data_info)
        job = TaggerJob(self.model, sample_data, self.config)
        order, batch = next(make_batches(encoded, size.rows))
        return job, Sample(batch, [words[i] for i in order], source)

    def _score(self, sentences: EncodedSentences, *, shown: bool) -> TaggerScore:
        with counting_bar("scoring", sentences.word_count, shown=shown) as report:
            return score_sentences(self.model, sentences, self.vocabularies.tags, report)

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        for part in ("valid", "test"):
            if part in self.result:
                score = self.result[part]
                if len(score["tags"]) > MAX_CONFUSION_TAGS:
                    continue
                plot_confusion(score["confusion"], score["tags"], folder / "plots", part)

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """See :meth:`Task._input_table`."""
        return self.vocabularies.words.items, self.model.input

    @property
    def model(self) -> RecurrentTagger:
        """The trained ``nn.Module``; RunError before training."""
        return self._require_model(RecurrentTagger)

    @property
    def artifacts(self) -> TaggerArtifacts:
        """The vocabularies and the size of word vectors; RunError before training."""
        return self._require_artifacts(TaggerArtifacts)

    @property
    def vocabularies(self) -> Vocabularies:
        """The words, characters and tags that the model knows; RunError before training."""
        return self.artifacts.vocabularies
