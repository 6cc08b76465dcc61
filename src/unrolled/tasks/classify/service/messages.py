"""Requests to a classifier, and its answers."""

from typing import Annotated

from msgspec import Meta

from unrolled.tasks.base.service import Answer, Continued, Continuing, Items, Request, Text, limited
from unrolled.tasks.classify.service.parts import Unit

Label = Annotated[str, Meta(max_length=10_000)]
Top = Annotated[
    int, Meta(ge=0, le=100_000, description="Number of most probable labels to return; 0: every label.")
]
Probabilities = Annotated[
    dict[str, float], Meta(description="Probability by label, the most probable one first.")
]
Vectors = Annotated[
    list[float | list[float]],
    limited(
        "characters",
        max_length=100_000,
        description="A sequence: one vector for each step. For a model that reads one number in each step, "
        "the numbers alone are enough.",
    ),
]


class PredictTexts(Request, frozen=True, kw_only=True):
    """Classify texts."""

    texts: Annotated[Items, Meta(description="Texts to classify.")]
    top: Top = 0


class PredictSequences(Request, frozen=True, kw_only=True):
    """Classify sequences of vectors."""

    sequences: Annotated[
        list[Vectors],
        limited("items", min_length=1, max_length=10_000, description="Sequences to classify."),
    ]
    top: Top = 0


class Prediction(Answer, frozen=True, kw_only=True):
    """The most probable label of one text or sequence."""

    label: str
    probability: float
    probabilities: Probabilities


class Predictions(Answer, frozen=True, kw_only=True):
    """One prediction for each text or sequence, in their order."""

    predictions: list[Prediction]


class ExplainText(Request, frozen=True, kw_only=True):
    """Explain the label of a text: leave out each word once."""

    text: Annotated[Text, Meta(description="The text.")]
    label: Annotated[Label, Meta(description="Label to explain. Empty: the most probable label.")] = ""
    unit: Annotated[
        Unit,
        Meta(
            description="What is left out at a time: words (and punctuation marks), characters or sentences. "
            "auto: words, or characters for a text of a few words if the model reads characters, or "
            "sentences for a text with too many words."
        ),
    ] = "auto"


class Contribution(Answer, frozen=True, kw_only=True):
    """What one word of a text contributed to a label."""

    text: str
    begin: Annotated[int, Meta(description="Index of its first character in the text.")]
    end: Annotated[int, Meta(description="Index after its last character.")]
    contribution: Annotated[
        float,
        Meta(
            description="Log-odds of the label for the whole text, minus its log-odds for the text without "
            "this word. Positive: the word is evidence for the label."
        ),
    ]
    probability_without: Annotated[float, Meta(description="Probability of the label without this word.")]
    label_without: Annotated[str, Meta(description="Most probable label without this word.")]


class Explanation(Answer, frozen=True, kw_only=True):
    """What each word of a text contributed to a label."""

    label: Annotated[str, Meta(description="The label that is explained.")]
    probability: Annotated[float, Meta(description="Its probability for the whole text.")]
    unit: Annotated[str, Meta(description="What was left out at a time: words, characters or sentences.")]
    words: list[Contribution]
    probabilities: Probabilities


class PrefixesOfText(Request, frozen=True, kw_only=True):
    """Classify every beginning of a text: one word, two words, and so on."""

    text: Annotated[Text, Meta(description="The text.")]
    unit: Annotated[Unit, Meta(description="What is added at a time; see explain.")] = "auto"
    top: Annotated[
        int,
        Meta(ge=1, le=1000, description="Number of labels: those that are most probable after any word."),
    ] = 6


class Prefix(Answer, frozen=True, kw_only=True):
    """A beginning of a text, which ends with this word."""

    text: Annotated[str, Meta(description="Its last word.")]
    begin: int
    end: int
    label: Annotated[str, Meta(description="Most probable label of the text up to this word.")]


class Prefixes(Answer, frozen=True, kw_only=True):
    """The labels of every beginning of a text."""

    unit: Annotated[str, Meta(description="What was added at a time: words, characters or sentences.")]
    words: list[Prefix]
    probabilities: Annotated[
        dict[str, list[float]], Meta(description="By label: its probability after each word.")
    ]


class ReadText(Continuing, frozen=True, kw_only=True):
    """Read the next part of a text; return the label of all that was read so far."""

    text: Annotated[Text, Meta(description="Next part of the text. It must not begin or end inside a word.")]


class ReadVectors(Continuing, frozen=True, kw_only=True):
    """Read the next steps of a sequence; return the label of all that was read so far."""

    vectors: Annotated[Vectors, Meta(min_length=1, description="Next steps of the sequence.")]


class Reading(Continued, frozen=True, kw_only=True):
    """The label of all that was read so far."""

    label: str
    probability: float
    probabilities: Probabilities
