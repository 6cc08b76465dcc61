"""What the files of a run must hold for a loaded model, besides its configuration."""

import math
from typing import Annotated

import msgspec

from unrolled.extras import extra
from unrolled.training.records import Count

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class Facts(msgspec.Struct):
    """Those of every task: fingerprints of the data."""

    sha256: str
    held_out_sha256: str
    vector_size: Positive | None = None
    """Of word vectors that were given."""


class LanguageFacts(Facts):
    """Of a language model."""

    unknown: Count = 0
    """Tokens of the training text that are <unk>."""


class ClassifierFacts(Facts, kw_only=True):
    """Of a classifier."""

    classes: list[str | int | float]
    features: Count
    """Of a sequence of vectors; 0 for texts."""

    def __post_init__(self) -> None:
        if any(isinstance(c, float) and not math.isfinite(c) for c in self.classes):
            raise ValueError("a label among classes is not finite")
        if len({type(c) is str for c in self.classes}) != 1 or len(set(self.classes)) != len(self.classes):
            raise ValueError("classes must be distinct labels of one kind")


class SidesUnknown(msgspec.Struct):
    """Tokens of training pairs that are <unk>, by side."""

    source: Count
    target: Count


class TranslatorFacts(Facts, kw_only=True):
    """Of a translator."""

    unknown: SidesUnknown
    target_words: Positive


class FittedAutoregression(msgspec.Struct):
    """A baseline that was fitted in training."""

    intercept: float
    coefficients: list[float]


class SeriesFacts(msgspec.Struct):
    """Of one series."""

    learnt_until: str
    mase_scale: float | None
    autoregression: FittedAutoregression | None = None

    def __post_init__(self) -> None:
        with extra("forecast", "a forecaster"):
            import pandas as pd

        if pd.isna(pd.Timestamp(self.learnt_until)):
            raise ValueError("learnt_until is not a time stamp")


class ForecasterFacts(Facts, kw_only=True):
    """Of a forecaster."""

    season: Positive
    series: dict[str, SeriesFacts]


class PartResult(msgspec.Struct):
    """Scores on one part of the data; those of labels have a confusion matrix."""

    confusion: list[list[Count]] | None = None
    classes: list[str] | None = None
    tags: list[str] | None = None

    def __post_init__(self) -> None:
        size = len(self.classes or self.tags or ())
        if self.confusion is not None and [len(row) for row in self.confusion] != [size] * size:
            raise ValueError("the confusion matrix does not fit the labels")


class Result(msgspec.Struct):
    """Of a training, in ``result.json``."""

    steps: Count
    epochs: float
    training_seconds: float
    valid: PartResult | None = None
    test: PartResult | None = None
