"""The facts of a run that a loaded model relies on, by task; a run holds others besides, for its report."""

import math
from typing import Annotated

import msgspec
import pandas as pd

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
        if pd.isna(pd.Timestamp(self.learnt_until)):
            raise ValueError("learnt_until is not a time stamp")


class ForecasterFacts(Facts, kw_only=True):
    """Of a forecaster."""

    season: Positive
    series: dict[str, SeriesFacts]
