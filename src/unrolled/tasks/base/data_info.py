"""Required contents of the JSON files of a run, besides configuration and artifacts."""

import msgspec

from unrolled.training.records import Count


class DataInfo(msgspec.Struct):
    """Facts about the data that a resumed training relies on: the SHA-256 of each part."""

    sha256: str
    held_out_sha256: str
    notes: list[str] = []


class PartResult(msgspec.Struct):
    """Scores on one part of the data; tasks that predict labels have a confusion matrix."""

    confusion: list[list[Count]] | None = None
    classes: list[str] | None = None
    tags: list[str] | None = None

    def __post_init__(self) -> None:
        size = len(self.classes or self.tags or ())
        if self.confusion is not None and [len(row) for row in self.confusion] != [size] * size:
            raise ValueError("the confusion matrix does not fit the labels")


class BaselineFigures(msgspec.Struct):
    """Scores of the model and of simple baselines in one metric, on the same data."""

    figure: str
    higher: bool
    """True if a higher score is better."""
    own: float
    baselines: dict[str, float]


class Result(msgspec.Struct):
    """Contents of ``result.json``: scores and cost of a training."""

    steps: Count
    epochs: float
    training_seconds: float
    valid: PartResult | None = None
    test: PartResult | None = None
    beside: BaselineFigures | None = None
    better_baseline: str = ""
    """First line of the report if a baseline is better than the model; else ""."""
