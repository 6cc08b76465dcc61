"""Requests to a language model, and its answers."""

from typing import Annotated, Literal

from msgspec import Meta, field

from unrolled.tasks.base.service import (
    Answer,
    Continued,
    Continuing,
    Items,
    Request,
    Seed,
    Temperature,
    Text,
    limited,
)


class Next(Continuing, frozen=True, kw_only=True):
    """Read a text; return the most probable next tokens."""

    text: Annotated[
        Text, Meta(description="Text to read. Empty, without a state: the beginning of a text.")
    ] = ""
    top: Annotated[int, Meta(ge=1, le=1000, description="Number of tokens to return.")] = 10
    temperature: Annotated[float, Meta(ge=0.001, le=100, description="Divisor of the logits.")] = 1.0
    scores: Annotated[
        bool, Meta(description="Also return the log-probability of each token of the text.")
    ] = False
    activations: Annotated[bool, Meta(description="Also return the hidden state of each layer.")] = False
    history: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="Number of last tokens of the text after which the hidden states are also returned.",
        ),
    ] = 0


class Token(Answer, frozen=True, kw_only=True):
    """A token that may come next."""

    token: int
    text: str
    probability: float


class ReadToken(Answer, frozen=True, kw_only=True):
    """A token of a text."""

    text: str
    log_probability: Annotated[float, Meta(description="ln p, given the tokens before it.")]


class Activations(Answer, frozen=True, kw_only=True):
    """The hidden state of a layer."""

    name: str
    values: list[float]


class History(Answer, frozen=True, kw_only=True):
    """The hidden states of a layer after each of the last tokens, oldest first."""

    name: str
    values: list[list[float]]


class NextTokens(Continued, frozen=True, kw_only=True):
    """The most probable next tokens."""

    tokens: list[Token]
    entropy: Annotated[float, Meta(description="Entropy of the distribution, in bits.")]
    unknown: Annotated[int, Meta(description="Tokens of the text that are not in the vocabulary.")]
    read: list[ReadToken] = field(default_factory=list)
    activations: list[Activations] = field(default_factory=list)
    history: list[History] = field(default_factory=list)


class Generate(Continuing, frozen=True, kw_only=True):
    """Read a text, and write its continuation."""

    text: Annotated[Text, Meta(description="Text to continue.")] = ""
    length: Annotated[int, limited("steps", ge=0, description="Number of tokens to write.")] = 200
    temperature: Annotated[
        Temperature,
        Meta(description="Divisor of the logits; 0 takes the most probable token."),
    ] = 1.0
    top_k: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="Sample from the k most probable tokens; 0: all.")
    ] = 0
    top_p: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="Sample from the most probable tokens, as many as reach this probability together.",
        ),
    ] = 1.0
    seed: Annotated[
        Seed | None, Meta(description="The same seed gives the same text. null: a random one.")
    ] = None
    stop: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=100)]],
        Meta(max_length=8, description="Stop before the first of these texts."),
    ] = field(default_factory=list)


class Written(Answer, frozen=True, kw_only=True):
    """Text that was written since the last event."""

    text: str
    tokens: int


class Generated(Continued, frozen=True, kw_only=True):
    """A text that was written."""

    text: Annotated[str, Meta(description="The continuation, without the text of the request.")]
    tokens: Annotated[int, Meta(description="Number of tokens that were written.")]
    finish: Annotated[
        Literal["length", "stop"],
        Meta(description="Why it ended: all tokens are written, or a stop text came."),
    ]
    seed: Annotated[int, Meta(description="Seed that was used.")]


class Score(Request, frozen=True, kw_only=True):
    """Score texts."""

    texts: Annotated[Items, Meta(description="Texts to score independently.")]
    tokens: Annotated[bool, Meta(description="Also return the score of each token.")] = False


class TextScore(Answer, frozen=True, kw_only=True):
    """How probable a text is."""

    log_probability: Annotated[float, Meta(description="Σ ln p over its tokens.")]
    count: Annotated[int, Meta(description="Number of tokens.")]
    unknown: Annotated[int, Meta(description="Tokens that are not in the vocabulary.")]
    perplexity: Annotated[float | None, Meta(description="exp(−mean ln p); null for an empty text.")]
    tokens: list[ReadToken] = field(default_factory=list)


class Scores(Answer, frozen=True, kw_only=True):
    """Scores of texts, in their order."""

    scores: list[TextScore]
