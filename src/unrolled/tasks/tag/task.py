"""The tagger as a tool: a tag for every word of a sentence."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self, TextIO

from torch import nn

from unrolled.data.files import read_text
from unrolled.data.tagged import (
    Columns,
    Tagged,
    check_conllu_columns,
    is_word,
    open_path,
    parse_conllu,
    read_tagged,
)
from unrolled.errors import ConfigError
from unrolled.models.tagger import RecurrentTagger
from unrolled.tasks.base.given_vectors import GivenVectors, read_given, vectors_of
from unrolled.tasks.base.plots import plot_confusion
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.build import build_model
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.data import (
    EncodedSentences,
    Numbering,
    TaggerData,
    check_source,
    describe,
    divide,
    encode_tagged,
    learn_numbering,
)
from unrolled.tasks.tag.job import TaggerJob
from unrolled.tasks.tag.predicting import score_sentences, tag_sentences
from unrolled.tasks.tag.score import TaggerScore, are_spans
from unrolled.tasks.tag.spec import SPEC
from unrolled.training import Watcher
from unrolled.training.waiting import counting_bar


class Tagger(Task[TaggerConfig, TaggerData]):
    """A recurrent tagger of sentences.

    ``Tagger(cell="lstm", hidden=200, layers=2, output="crf")`` takes any option of :class:`TaggerConfig` by
    its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC
    _given: GivenVectors | None = None
    _memory: tuple[Tagged | None, Tagged | None] = (None, None)

    def fit(
        self,
        data: str | Path | Tagged | None = None,
        *,
        valid: str | Path | Tagged | None = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on tagged sentences and keep the weights that predict the held-out part best.

        Args:
            data: a file, a data set such as ``"@ud_english-ewt/train"``, or sentences; else the config's.
            valid: held-out data, likewise; else the config's, or the last part of the training data.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if the data cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        for given in (data, valid):
            check_source(given)
        sentences = data if isinstance(data, Tagged) else None
        held_out = valid if isinstance(valid, Tagged) else None
        self._memory = (sentences, held_out)
        corpus = self.config.corpus.with_sources(
            "" if isinstance(data, Tagged) else data, None if isinstance(valid, Tagged) else valid
        )
        self.config = dataclasses.replace(self._asked, corpus=corpus)
        if sentences is None and not corpus.data:
            raise ConfigError("no training data: give a .conllu file, a file of columns, or a data set")
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
        train, valid = self._tagged()
        numbering = learn_numbering(train.words, train.tags, self.config.words)
        if self.config.tags.select == "span_f1" and not are_spans(numbering.tags):
            raise ConfigError("select='span_f1' needs BIO or IOBES tags; these are others")
        self._given = given = read_given(self.config.network, numbering.words.items)
        self._artifacts = TaggerArtifacts(numbering, given.size if given else None)
        data = self._encode(train, valid)
        return dataclasses.replace(data, facts=data.facts | given.facts) if given else data

    def _reread(self) -> TaggerData:
        return self._encode(*self._tagged())

    def _tagged(self) -> tuple[Tagged, Tagged | None]:
        """Return what to train on and what to hold out."""
        corpus, (given, held_out) = self.config.corpus, self._memory
        tagged = given or read_tagged(corpus.data, corpus.columns)
        if corpus.valid:
            held_out = read_tagged(corpus.valid, corpus.columns)
        elif held_out is None and corpus.valid_fraction:
            return divide(tagged, corpus.valid_fraction, corpus.data or "the data")
        return tagged, held_out

    def _encode(self, train: Tagged, valid: Tagged | None) -> TaggerData:
        source, valid_source = self.sources()
        encoded = encode_tagged(train, self.numbering, source or "the training data")
        held_out = None
        if valid is not None:
            held_out = encode_tagged(valid, self.numbering, valid_source or source or "the held-out data")
        known = self.numbering
        return TaggerData(encoded, held_out, known.tags, describe(encoded, held_out, known))

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
        scores: dict[str, Any] = {}
        if data.valid is not None:
            scores["valid"] = self._score(data.valid, shown=shown).to_json()
        if self.config.corpus.test:
            scores["test"] = self.evaluate(self.config.corpus.test, progress=shown).to_json()
        return scores

    def evaluate(self, data: str | Path | Tagged, *, progress: bool = False) -> TaggerScore:
        """Score tagged sentences: a file, a data set, or sentences.

        Raises:
            DataError: if they cannot be read, or have tags that the model does not know.
        """
        if isinstance(data, Tagged):
            return self._score(encode_tagged(data, self.numbering, "the data"), shown=progress)
        return self._score(self._read(str(data)), shown=progress)

    def predict(self, sentences: list[list[str]]) -> list[list[str]]:
        """Return the tags of the words of each sentence.

        Raises:
            ConfigError: if a sentence is not a list of words.
        """
        if any(isinstance(s, str) for s in sentences):
            raise ConfigError("sentences are lists of words: [['time', 'flies']]; split the text first")
        filled = [sentence for sentence in sentences if sentence]
        if not filled:
            return [[] for _ in sentences]
        encoded = EncodedSentences(filled, self.numbering)
        tagged, _ = tag_sentences(self.model, encoded, self.numbering.tags)
        found = iter(tagged)
        return [next(found) if sentence else [] for sentence in sentences]

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write a ``.conllu`` file with the tags put in, all else as it was; or word and tag in columns.

        Of a file that is not ``.conllu`` the word column is read; a tagger that was trained on CoNLL-U
        reads one word a line, a blank line after each sentence.

        Raises:
            DataError: if the file cannot be read.
        """
        path, columns = open_path(data), self.config.corpus.columns
        if path.suffix == ".conllu":
            self._predict_conllu(path, columns, out)
            return
        numbered = columns.word.lstrip("-").isdecimal()
        column = columns.word if numbered else "1"
        words = read_tagged(path, Columns(column, column), single=not numbered).words
        for sentence, tags in zip(words, self.predict(words), strict=True):
            out.writelines(f"{word}\t{tag}\n" for word, tag in zip(sentence, tags, strict=True))
            out.write("\n")

    def _predict_conllu(self, path: Path, columns: Columns, out: TextIO) -> None:
        check_conllu_columns(path, columns)
        parsed = parse_conllu(path, read_text(path))
        words = [[token[columns.word] for token in sentence if is_word(token)] for sentence in parsed]
        for sentence, tags in zip(parsed, self.predict(words), strict=True):
            for token, tag in zip(filter(is_word, sentence), tags, strict=True):
                token[columns.tag] = tag
            out.write(sentence.serialize())

    def _read(self, source: str) -> EncodedSentences:
        return encode_tagged(read_tagged(source, self.config.corpus.columns), self.numbering, source)

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[TaggerJob, Sample]:
        corpus = self.config.corpus
        if data is None:
            self._read_again()
            tagged, source = self._tagged()[1], self._held_out_source()
        else:
            tagged, source = read_tagged(data, corpus.columns), str(data)
        if tagged is None:
            raise self._nothing_held_out()
        words, tags = ([s[: size.steps] for s in part[: size.rows]] for part in (tagged.words, tagged.tags))
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
