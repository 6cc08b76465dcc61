"""Requests to a translator, and its answers."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from unrolled.tasks.base.service import Answer, Items, Request, Text

MOST_BEAMS = 32
"""Maximum number of hypotheses per step in a request."""
OPTIONS = ("beams", "normalisation", "block_repeats", "length_ratio", "copy_unknown")
"""Options of the search, in requests and in the configuration."""

BlockRepeats = Annotated[
    int,
    Meta(
        ge=0,
        le=1000,
        description="Length n of the n-grams that may occur only once; 0 allows all repetitions.",
    ),
]
LengthRatio = Annotated[
    float,
    Meta(
        ge=0,
        le=1000,
        description="Maximum length: this number of tokens per source token, plus 10. 0: one and a half "
        "times the longest translation in training, plus 10.",
    ),
]
CopyUnknown = Annotated[
    bool,
    Meta(
        description="Replace an unknown word by the source word with the most attention. Needs words and "
        "attention."
    ),
]
Weights = Annotated[
    list[list[float]],
    Meta(
        description="Attention weights: a row per target token, a number per source token. A row sums to 1."
    ),
]
LogProbability = Annotated[float, Meta(description="Σ ln p over the tokens.")]
Score = Annotated[
    float,
    Meta(description="log_probability / length^α, by which translations are ranked; α is normalisation."),
]
Cut = Annotated[bool, Meta(description="Whether it was cut off at the maximum length.")]
Unknown = Annotated[list[str], Meta(description="Tokens of the source that are not in the vocabulary.")]
Unread = Annotated[int, Meta(description="Tokens at the end of the source that the model does not read.")]


class Search(Request, frozen=True, kw_only=True):
    """Options of the search for translations. The model has a default for each."""

    beams: (
        Annotated[
            int,
            Meta(ge=1, le=MOST_BEAMS, description="Number of hypotheses kept at every step; 1 is greedy."),
        ]
        | None
    ) = None
    normalisation: (
        Annotated[
            float,
            Meta(ge=0, le=10, description="α in score = log p / length^α; 0 favours short translations."),
        ]
        | None
    ) = None
    block_repeats: BlockRepeats | None = None
    length_ratio: LengthRatio | None = None
    copy_unknown: CopyUnknown | None = None


class Translate(Search, frozen=True, kw_only=True):
    """Translate texts."""

    texts: Annotated[Items, Meta(description="Texts to translate independently.")]
    n_best: Annotated[
        int, Meta(ge=1, le=MOST_BEAMS, description="Number of translations of each text to return.")
    ] = 1


class Alternative(Answer, frozen=True, kw_only=True):
    """A translation that is not the best one."""

    text: str
    score: Score
    log_probability: LogProbability
    cut: Cut


class Translation(Answer, frozen=True, kw_only=True):
    """The best translation of a text."""

    text: str
    score: Score
    log_probability: LogProbability
    cut: Cut
    unknown: Unknown
    unread: Unread
    others: Annotated[list[Alternative], Meta(description="The next best translations, the best first.")]


class Translations(Answer, frozen=True, kw_only=True):
    """Translations of texts, in their order."""

    translations: list[Translation]


class WordSpan(Answer, frozen=True, kw_only=True):
    """A word, and its tokens."""

    text: str
    begin: Annotated[int, Meta(description="Index of its first token.")]
    end: Annotated[int, Meta(description="Index after its last token.")]


class Attend(Search, frozen=True, kw_only=True):
    """Return the attention weights while the model writes a translation."""

    text: Annotated[Text, Meta(description="Text to translate.")]
    translation: Annotated[
        Text | None, Meta(description="The translation; null: the best one that the search finds.")
    ] = None


class Attention(Answer, frozen=True, kw_only=True):
    """Attention weights on the source tokens for each token of a translation."""

    text: Annotated[str, Meta(description="The translation.")]
    source: Annotated[list[str], Meta(description="Source tokens; ▁ is a space.")]
    target: Annotated[list[str], Meta(description="Tokens of the translation.")]
    weights: Weights
    source_words: Annotated[list[WordSpan], Meta(description="The words that the source tokens form.")]
    target_words: Annotated[list[WordSpan], Meta(description="The words that the target tokens form.")]


class Write(Request, frozen=True, kw_only=True):
    """Translate a text token by token, with greedy search."""

    text: Annotated[Text, Meta(description="Text to translate.")]
    attention: Annotated[bool, Meta(description="Also return the attention weights.")] = False
    block_repeats: BlockRepeats | None = None
    length_ratio: LengthRatio | None = None
    copy_unknown: CopyUnknown | None = None


class Written(Answer, frozen=True, kw_only=True):
    """What was written since the last event. The first event describes the source."""

    text: Annotated[str, Meta(description="Text that the tokens add.")] = ""
    target: Annotated[list[str], Meta(description="Tokens that were written; ▁ is a space.")] = field(
        default_factory=list
    )
    weights: Weights = field(default_factory=list)
    source: Annotated[list[str], Meta(description="Source tokens.")] = field(default_factory=list)
    source_words: Annotated[list[WordSpan], Meta(description="The words that the source tokens form.")] = (
        field(default_factory=list)
    )


class WrittenTranslation(Answer, frozen=True, kw_only=True):
    """A translation that was written token by token."""

    text: str
    score: Score
    log_probability: LogProbability
    cut: Cut
    unknown: Unknown
    unread: Unread
    source: list[str]
    target: list[str]
    weights: Weights
    source_words: list[WordSpan]
    target_words: list[WordSpan]


def search_options(request: Search | Write) -> dict[str, Any]:
    """Return the options of the search that a request gives."""
    fields = {f.name: getattr(request, f.name) for f in msgspec.structs.fields(request)}
    return {name: fields[name] for name in OPTIONS if fields.get(name) is not None}
