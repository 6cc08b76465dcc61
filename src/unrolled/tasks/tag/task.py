"""The tagger as a tool: a tag for every word of a sentence."""

import dataclasses
import sys
from pathlib import Path
from typing import Any, ClassVar, Self, TextIO

from torch import nn

from unrolled.data.tagged import Reader, Tagged, TaggedFile, complete, open_tagged, tagged_parts
from unrolled.errors import ConfigError, DataError
from unrolled.models.tagger import RecurrentTagger
from unrolled.tasks.base.better import beside
from unrolled.tasks.base.given_vectors import GivenVectors, read_given, vectors_of
from unrolled.tasks.base.parts import settle_parts
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.baseline import NAME, baseline_figures
from unrolled.tasks.tag.build import build_model
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.data import (
    EncodedSentences,
    Numbering,
    TaggerData,
    describe,
    encode_tagged,
    learn_numbering,
)
from unrolled.tasks.tag.defaults import fill_defaults
from unrolled.tasks.tag.job import TaggerJob
from unrolled.tasks.tag.memory import words_of
from unrolled.tasks.tag.predicting import score_sentences, tag_sentences
from unrolled.tasks.tag.score import TaggerScore
from unrolled.tasks.tag.sources import Parts, named_or_given, pair_of, read_parts, unseen_note
from unrolled.tasks.tag.spec import SPEC
from unrolled.training import Watcher
from unrolled.training.waiting import counting_bar
from unrolled.visible import visible

LARGEST_CONFUSION = 60
"""Tags up to which the confusion matrix is drawn."""


class Tagger(Task[TaggerConfig, TaggerData]):
    """A recurrent tagger of sentences.

    ``Tagger(cell="lstm", hidden=200, layers=2, output="crf")`` takes any option of :class:`TaggerConfig` by
    its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _given: GivenVectors | None = None
    _memory: tuple[TaggedFile | None, TaggedFile | None] = (None, None)

    def fit(
        self,
        X: Any = None,
        y: Any = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on tagged sentences and keep the weights that predict the held-out part best.

        Args:
            X: a file, a data set such as ``"@ud_english-ewt/train"``, ``Tagged``, a list of words for each
                sentence, or without y a list of pairs (word, tag) for each; else the config's.
            y: a list of tags for each sentence of X. None, NaN and empty ones are missing: see ``missing``.
            valid: held-out data: what X takes, or ``(words, tags)``; else the config's, or the last part of
                the training data.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            ConfigError: if sentences from memory have another shape.
            DataError: if the data cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        path, sentences = named_or_given(X, y)
        valid_path, held_out = named_or_given(*pair_of(valid))
        self._memory = (sentences, held_out)
        corpus = self._asked.corpus.with_sources("" if sentences else path, "" if held_out else valid_path)
        self.config = dataclasses.replace(self._asked, corpus=corpus)
        if sentences is None and not corpus.data:
            raise ConfigError(
                "no training data: give a file of tagged sentences, a data set, or words and tags"
            )
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        self._memory, self._given = (None, None), None
        return self

    @property
    def unit(self) -> str:
        """What is predicted."""
        return "word"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.corpus.data, self.config.corpus.valid

    def _learn(self) -> TaggerData:
        corpus, taken = settle_parts(self.config.corpus, tagged_parts, held_out=self._memory[1] is not None)
        self.config = dataclasses.replace(self.config, corpus=corpus)
        parts = self._parts()
        self.config, choices = fill_defaults(self.config, parts.train, parts.columns, parts.valid)
        numbering = learn_numbering(parts.train.words, parts.train.tags, self.config.words)
        self._given = given = read_given(self.config.network, numbering.words.items)
        self._artifacts = TaggerArtifacts(numbering, given.size if given else None)
        data = self._encode(parts)
        facts = data.facts | (given.facts if given else {})
        return dataclasses.replace(data, facts=facts, notes=(*taken, *data.notes, *choices))

    def _reread(self) -> TaggerData:
        return self._encode(self._parts())

    def _parts(self) -> Parts:
        return read_parts(self.config.corpus, *self._memory)

    def _encode(self, parts: Parts) -> TaggerData:
        source, valid_source = self.sources()
        known = self.numbering
        encoded = encode_tagged(parts.train, known, source or "the training data")
        held_out, notes = None, parts.notes
        if parts.valid is not None:
            name = valid_source or source or "the held-out data"
            held_out = encode_tagged(parts.valid, known, name, most_unseen=0.999)
            notes += unseen_note(held_out)
        facts = describe(encoded, held_out, known) | {"form": parts.form}
        return TaggerData(encoded, held_out, known.tags, facts, notes)

    def _check_before_training(self, data: TaggerData) -> None:
        if self.config.corpus.test:
            self._read(self.config.corpus.test)

    def _make_model(self, *, start: bool) -> nn.Module:
        known = self.artifacts
        rows, size = len(known.numbering.words), known.vector_size
        vectors = vectors_of(self.config.network, self._given, rows, size, start=start)
        return build_model(self.config, known, vectors)

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
            baseline[name] = baseline_figures(data.train.text, part.text, data.tags)
            if name == "valid" or "valid" not in scores:
                figure = "span_f1" if score.has_spans else "accuracy"
                simple = {NAME: baseline[name][figure]}
                scores |= beside(figure.replace("_f1", " F1"), score.main, simple, higher=True)
        return scores | {"baselines": {NAME: baseline}}

    def evaluate(self, X: Any, y: Any = None, *, progress: bool = False) -> TaggerScore:
        """Score tagged sentences, in the forms that ``fit`` takes.

        Raises:
            ConfigError: if sentences from memory have another shape.
            DataError: if they cannot be read, or most of their tags are none that the model knows.
        """
        path, sentences = named_or_given(X, y)
        if sentences is None:
            return self._score(self._read(str(path), shown=progress), shown=progress)
        tagged, _ = complete(sentences, self.config.corpus.missing)
        return self._score(encode_tagged(tagged, self.numbering, "the data"), shown=progress)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of words whose tag is predicted, of what ``evaluate`` takes."""
        return self.evaluate(X, y).accuracy

    def predict(self, X: Any) -> Any:
        """Return the tags of words.

        Args:
            X: a list of words, one sentence; or a list of such sentences; or a file.

        Returns:
            A list of tags for one sentence, else a list of them for each sentence.

        Raises:
            ConfigError: if a sentence is not a list of words.
            DataError: if a file cannot be read.
        """
        if isinstance(X, Path) or (isinstance(X, str) and is_path(X)):
            return self._tags_of(self._open(str(X), tagged=False).words)
        words, alone = words_of(X)
        tags = self._tags_of(words)
        return tags[0] if alone else tags

    def _tags_of(self, sentences: list[list[str]]) -> list[list[str]]:
        filled = [sentence for sentence in sentences if sentence]
        if not filled:
            return [[] for _ in sentences]
        tagged, _ = tag_sentences(self.model, EncodedSentences(filled, self.numbering), self.numbering.tags)
        found = iter(tagged)
        return [next(found) if sentence else [] for sentence in sentences]

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write a file with predicted tags in place of its own, or in a new last column; all else is kept.

        Plain text is read as a sentence a line, and written as two columns. What was taken for what is
        printed to standard error.

        Raises:
            DataError: if the file cannot be read.
        """
        file = self._open(data, tagged=False)
        _say(file.notes)
        out.write(file.with_tags(self._tags_of(file.words)))

    def _open(self, source: str, *, tagged: bool) -> TaggedFile:
        """Open a file that the model reads, with the columns of training if it has the same form."""
        corpus = self.config.corpus
        numbered = corpus.word_column.lstrip("-").isdecimal()
        earlier = ("columns" if numbered else "conllu") if corpus.word_column else ""
        form = self.facts.get("form", earlier)
        reader = Reader("" if form == "memory" else form, frozenset(self.numbering.tags))
        return open_tagged(source, corpus.columns, encoding=corpus.encoding, tagged=tagged, model=reader)

    def _read(self, source: str, *, shown: bool = False) -> EncodedSentences:
        file = self._open(source, tagged=True)
        tagged, dropped = complete(file, self.config.corpus.missing)
        if shown:
            _say(file.notes + dropped)
        return encode_tagged(tagged, self.numbering, source)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[TaggerJob, Sample]:
        if data is None:
            self._read_again()
            tagged, source = self._parts().valid, self._held_out_source()
        else:
            tagged, source = self._read(str(data)).text, str(data)
        if tagged is None:
            raise self._nothing_held_out()
        known = set(self.numbering.tags)
        rows = [i for i, tags in enumerate(tagged.tags) if known.issuperset(tags)][: size.rows]
        if not rows:
            raise DataError(f"{source}: every sentence has a tag that training had not")
        words, tags = ([s[: size.steps] for s in part] for part in dataclasses.astuple(tagged.take(rows)))
        encoded = encode_tagged(Tagged(words, tags), self.numbering, source)
        job = TaggerJob(self.model, TaggerData(encoded, None, self.numbering.tags, self.facts), self.config)
        order, batch = next(encoded.batches(size.rows))
        return job, Sample(batch, [words[i] for i in order], source)

    def _score(self, sentences: EncodedSentences, *, shown: bool) -> TaggerScore:
        with counting_bar("scoring", sentences.word_count, shown=shown) as report:
            return score_sentences(self.model, sentences, self.numbering.tags, report)

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        for part in ("valid", "test"):
            if part in self.result:
                score = self.result[part]
                if len(score["tags"]) > LARGEST_CONFUSION:
                    continue
                plot_confusion(score["confusion"], score["tags"], folder / "plots", part)

    def _input_table(self) -> tuple[list[str], nn.Module | None]:
        """See :meth:`Task._input_table`."""
        return self.numbering.words.items, self.model.input

    @property
    def model(self) -> RecurrentTagger:
        """The torch module inside; RunError before training."""
        return self._trained(RecurrentTagger)

    @property
    def artifacts(self) -> TaggerArtifacts:
        """The words, characters and tags of training; RunError before that."""
        return self._learned(TaggerArtifacts)

    @property
    def numbering(self) -> Numbering:
        """The words, characters and tags that are known; RunError before training."""
        return self.artifacts.numbering


def _say(notes: tuple[str, ...]) -> None:
    """Print notes of a file that is used, without the options of training that they name."""
    for note in notes:
        print(visible(note.partition(" (--")[0]), file=sys.stderr)
