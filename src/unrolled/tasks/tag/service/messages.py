"""Requests to a tagger, and its answers."""

from typing import Annotated

from msgspec import Meta, field

from unrolled.tasks.base.service import Answer, Continued, Continuing, Request, limited

Word = Annotated[str, Meta(min_length=1, max_length=1000)]
Words = Annotated[tuple[Word, ...], limited("characters", max_length=100_000)]


class PredictTags(Request, frozen=True, kw_only=True):
    """Tag the words of texts, or of sentences that are already split into words."""

    texts: Annotated[
        tuple[Annotated[str, limited("characters")], ...],
        limited("items", max_length=10_000, description="Texts. They are split into sentences and words."),
    ] = ()
    sentences: Annotated[
        tuple[Words, ...],
        limited("items", max_length=10_000, description="The words of each sentence, instead of texts."),
    ] = ()
    top: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Number of most probable tags to return for each word; 0: none."),
    ] = 0


class Span(Answer, frozen=True, kw_only=True):
    """A span of words that the tags mark."""

    begin: Annotated[int, Meta(description="Index of its first word.")]
    end: Annotated[int, Meta(description="Index after its last word.")]
    label: Annotated[str, Meta(description="Its kind; empty if the tags name no kinds.")]
    text: Annotated[str, Meta(description="Its words.")]


class TaggedSentence(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """A sentence with a tag for each word."""

    source: Annotated[int, Meta(description="Index of its text or sentence in the request.")]
    words: list[str]
    tags: list[str]
    spans: Annotated[list[Span], Meta(description="Spans, if the tags mark spans, as B-PER and I-PER do.")]
    places: Annotated[
        list[tuple[int, int]],
        Meta(description="For a text: begin and end of each word, as indices of characters."),
    ] = field(default_factory=list)
    probabilities: Annotated[
        list[dict[str, float]],
        Meta(description="With `top`: the most probable tags of each word, the most probable one first."),
    ] = field(default_factory=list)


class TaggedSentences(Answer, frozen=True, kw_only=True):
    """The sentences of all texts, in their order."""

    sentences: list[TaggedSentence]


class ReadWords(Continuing, frozen=True, kw_only=True):
    """Read the next words of a sentence; return their tags."""

    words: Annotated[Words, Meta(min_length=1, description="Next words of the sentence.")]


class Read(Continued, frozen=True, kw_only=True):
    """The tags of the words that were read."""

    tags: Annotated[
        list[str],
        Meta(
            description="Tag of each word of the request, predicted from this word and the words before it."
        ),
    ]
