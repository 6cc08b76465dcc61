"""The tagger without torch: tags of whole sentences, and streams of words."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.data.buckets import even_buckets
from unrolled.data.padding import pad_arrays
from unrolled.data.tagged import TaggedFile
from unrolled.decoding.viterbi import Moves
from unrolled.engine import Engine
from unrolled.errors import ConfigError, ExportError
from unrolled.models.native.tagger import SequenceTagger, SpellingEncoder, TaggerSpec
from unrolled.models.steps.stack import stack_spec, vector_size
from unrolled.models.steps.tagger import SpellingSpec, tagger_step, word_entry
from unrolled.programs.program import Program, Shape
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.tag.artifacts import TaggerArtifacts
from unrolled.tasks.tag.config import TaggerConfig
from unrolled.tasks.tag.data import EncodedSentences
from unrolled.tasks.tag.prediction import Sentences, open_for_model, predict_input, write_tagged
from unrolled.tasks.tag.rules import tag_rules
from unrolled.tasks.tag.stream import TaggerStream, TagScores
from unrolled.tasks.tag.vocabularies import Vocabularies

BATCH_SIZE = 64
BATCH_WORDS = 16_384
"""Largest number of words of a batch with several sentences, padding included."""
BACKWARDS = "this tagger also reads backwards, which needs the whole sentence"


class ScoredSentences(NamedTuple):
    """Scores of the tags of some sentences."""

    rows: Ids
    """Indices of the sentences, (B,)."""
    lengths: Ids
    """Number of words of each, (B,)."""
    emissions: NDArray[np.float32]
    """Score of each tag for each word, (T, B, K)."""


class TaggerRuntime(Runtime[TaggerConfig, TaggerArtifacts]):
    """A trained tagger in the native runtime; see :class:`Runtime`."""

    verb: ClassVar[str] = "tag"

    @cached_property
    def spec(self) -> TaggerSpec:
        """The network."""
        c, vocabularies, pretrained = self.config, self.vocabularies, self.artifacts.vector_size
        spelling = None
        if c.words.characters:
            characters = len(vocabularies.characters)
            spelling = SpellingSpec(characters, c.words.character_embedding, c.words.characters)
        words, spelling_size = len(vocabularies.words), spelling.features if spelling else 0
        size, both = vector_size(c.network, words, pretrained) + spelling_size, c.network.bidirectional
        return TaggerSpec(
            entry=word_entry(words, c.network, spelling_size, pretrained),
            stack=stack_spec(size, c.cell, c.network, c.dropout, bidirectional=both),
            tags=len(vocabularies.tags),
            spelling=spelling,
        )

    def shapes(self) -> dict[str, Shape]:
        """See :meth:`Runtime.shapes`."""
        tags, shapes = len(self.tags), self.spec.shapes()
        if self.config.tags.output == "crf":
            shapes |= {"crf.start": (tags,), "crf.transition": (tags, tags), "crf.end": (tags,)}
        return shapes

    @property
    def vocabularies(self) -> Vocabularies:
        """The words, characters and tags that the model knows."""
        return self.artifacts.vocabularies

    @property
    def tags(self) -> list[str]:
        """The tags that the model can predict."""
        return self.vocabularies.tags

    @cached_property
    def scores(self) -> TagScores:
        """How scores of tags become the best sequence of tags."""
        rules = tag_rules(self.config.tags.scheme, self.tags)
        if self.config.tags.output != "crf":
            return TagScores(rules, normalised=rules is not None)
        parts = (self.weights[f"crf.{name}"].astype(np.float64) for name in Moves._fields)
        moves = Moves(*parts)
        if rules is not None:
            moves = Moves(*(score + rule for score, rule in zip(moves, rules, strict=True)))
        return TagScores(moves, normalised=False)

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
        return predict_input(X, lambda path: self._open(path).words, self._predict_tags)

    def predict_file(self, data: str, out: TextIO) -> None:
        """Write a copy of a file with predicted tags; see :func:`write_tagged`.

        Raises:
            DataError: if the file cannot be read.
        """
        write_tagged(self._open(data), self._predict_tags, out)

    def stream(self, batch: int = 1) -> TaggerStream:
        """Return a stream of ``batch`` sentences that are read word by word.

        Raises:
            ConfigError: if the tagger also reads backwards.
        """
        if self.spec.stack.bidirectional:
            raise ConfigError(
                f"{BACKWARDS}: predict whole sentences, or train with --no-bidirectional to stream"
            )
        return TaggerStream(self._engine.stream(batch), self._spelling, self.vocabularies, self.scores)

    @cached_property
    def _tagger(self) -> SequenceTagger:
        return SequenceTagger(self.spec, self.weights, self.precision)

    def step_program(self) -> Program:
        """See :meth:`Runtime.step_program`: word, and the vector of its spelling → scores of its tags."""
        if self.spec.stack.bidirectional:
            raise ExportError(f"{BACKWARDS}: use to='onnx', or train with --no-bidirectional")
        return tagger_step(self.spec.entry, self.spec.stack, self.spec.tags)

    @cached_property
    def _engine(self) -> Engine:
        return self.make_engine(self.step_program())

    @cached_property
    def _spelling(self) -> SpellingEncoder | None:
        spelling = self.spec.spelling
        return None if spelling is None else SpellingEncoder(spelling, self.weights, self.precision)

    def emissions(self, sentences: Sentences) -> Iterator[ScoredSentences]:
        """Yield the scores of the tags of sentences, none of which is empty, batch by batch."""
        encoded = EncodedSentences(sentences, self.vocabularies)
        spelled = self._tagger.spell(encoded.spellings)
        for rows in even_buckets([len(s) for s in sentences], BATCH_SIZE, BATCH_WORDS):
            words, lengths = pad_arrays([encoded.words[i] for i in rows])
            vectors = None if spelled is None else spelled[encoded.spelled_as(rows)]
            yield ScoredSentences(rows, lengths, self._tagger.emissions(words, lengths, vectors))

    def _predict_tags(self, sentences: Sentences) -> Sentences:
        """Return the tags of each sentence, none of which is empty."""
        names = self.tags
        predicted: Sentences = [[] for _ in sentences]
        for rows, lengths, emissions in self.emissions(sentences):
            best = self.scores.best(emissions, lengths)
            for column, (row, length) in enumerate(zip(rows, lengths, strict=True)):
                predicted[row] = [names[tag] for tag in best[:length, column]]
        return predicted

    def _open(self, source: str) -> TaggedFile:
        return open_for_model(source, self.config.corpus, self.data_info, self.tags, tagged=False)
