"""The operations of a tagger."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from unrolled.data.tagged.schemes import BARE, are_spans
from unrolled.data.tagged.tagsets import UNIVERSAL, are_parts_of_speech
from unrolled.errors import ConfigError
from unrolled.tasks.base.service import Operation, Service, State, StatefulOperation
from unrolled.tasks.base.service.checks import check_shown, check_texts
from unrolled.tasks.base.service.operations import AnyOperation
from unrolled.tasks.tag.runtime import TaggerRuntime
from unrolled.tasks.tag.service.examples import example_texts
from unrolled.tasks.tag.service.messages import (
    PredictTags,
    Read,
    ReadWords,
    Span,
    TaggedSentence,
    TaggedSentences,
)
from unrolled.tasks.tag.service.splitting import Place, WordSplitter
from unrolled.tasks.tag.service.tagging import Tags, tag_sentences
from unrolled.tasks.tag.spans import extract_spans


class Sentence(NamedTuple):
    """A sentence of a request."""

    source: int
    words: list[str]
    places: list[Place]


class TaggerService(Service[TaggerRuntime]):
    """The operations of a tagger; see :class:`Service`."""

    @property
    def unit(self) -> str:
        """See :meth:`Service.unit`."""
        return "words"

    def operations(self) -> Sequence[AnyOperation]:
        """See :meth:`Service.operations`."""
        predict = Operation(
            "predict",
            "The tags of words",
            PredictTags,
            TaggedSentences,
            self.predict,
            example={"texts": ["The dog barks."]},
        )
        if self.runtime.spec.stack.bidirectional:
            return [predict]
        summary = "The tags of words that arrive in parts"
        example = {"words": ["The", "dog"], "keep": "session"}
        return [predict, StatefulOperation("read", summary, ReadWords, Read, self.read, example)]

    def details(self) -> dict[str, Any]:
        """See :meth:`Service.details`."""
        runtime, data, facts = self.runtime, self.runtime.config.corpus.data, self.runtime.data_info
        return {
            "tags": runtime.tags,
            "spans": self._marks_spans,
            "parts_of_speech": _parts_of_speech(set(runtime.tags)),
            "examples": example_texts(data),
            "data": data if data.startswith("@") else "",
            "training_sentences": facts.get("sentences"),
            "training_words": facts.get("words"),
            "vocabulary": len(runtime.vocabularies.words),
            "reads_characters": runtime.spec.spelling is not None,
            "output": runtime.config.tags.output,
            "bidirectional": runtime.spec.stack.bidirectional,
        }

    def predict(self, requests: Sequence[PredictTags]) -> list[TaggedSentences]:
        """Return the tags of all sentences of all requests, read in one batch."""
        groups = [self._sentences(request) for request in requests]
        for request, group in zip(requests, groups, strict=True):
            shown = min(request.top, len(self.runtime.tags)) * sum(len(sentence.words) for sentence in group)
            check_shown(shown, "top", "fewer words")
        words = [sentence.words for group in groups for sentence in group]
        tops = [request.top for request, group in zip(requests, groups, strict=True) for _ in group]
        tags = iter(tag_sentences(self.runtime, words, tops))
        return [
            TaggedSentences(sentences=[self._answer(sentence, next(tags)) for sentence in group])
            for group in groups
        ]

    def read(self, request: ReadWords, state: State | None) -> tuple[Read, State]:
        """Return the tag of each word when it was read, and the state after them."""
        check_texts([" ".join(request.words)], self.limits, "words")
        stream = self.runtime.stream()
        if state is not None:
            stream.restore(state)
        return Read(tags=[stream.push(_filled(word, "words")) for word in request.words]), stream.state()

    @cached_property
    def _marks_spans(self) -> bool:
        return are_spans(self.runtime.tags)

    @cached_property
    def _splitter(self) -> WordSplitter:
        return WordSplitter(self.runtime.vocabularies.words)

    def _sentences(self, request: PredictTags) -> list[Sentence]:
        if bool(request.texts) == bool(request.sentences):
            raise ConfigError("texts, sentences: give one of them")
        if not request.texts:
            check_texts([" ".join(words) for words in request.sentences], self.limits, "sentences")
            return [
                Sentence(number, [_filled(word, f"sentences[{number}]") for word in words], [])
                for number, words in enumerate(request.sentences)
            ]
        check_texts(request.texts, self.limits)
        return [
            Sentence(number, [text[place.begin : place.end] for place in places], places)
            for number, text in enumerate(request.texts)
            for places in self._splitter.sentences(text)
        ]

    def _answer(self, sentence: Sentence, tags: Tags) -> TaggedSentence:
        found = sorted(extract_spans(tags.best), key=lambda span: span[2]) if self._marks_spans else []
        spans = [
            Span(
                begin=first,
                end=last + 1,
                label="" if kind == BARE else kind,
                text=" ".join(sentence.words[first : last + 1]),
            )
            for _, kind, first, last in found
        ]
        return TaggedSentence(
            source=sentence.source,
            words=sentence.words,
            tags=tags.best,
            spans=spans,
            places=[(place.begin, place.end) for place in sentence.places],
            probabilities=tags.probabilities,
        )


def _parts_of_speech(tags: set[str]) -> str:
    """Return which names of parts of speech the tags are: "universal", "penn", or "" for others."""
    if not are_parts_of_speech(tags):
        return ""
    return "universal" if tags <= UNIVERSAL else "penn"


def _filled(word: str, where: str) -> str:
    if not word.strip():
        raise ConfigError(f"{where}: a word is blank; leave it out")
    return word
