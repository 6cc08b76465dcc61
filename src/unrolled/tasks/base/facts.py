"""What the JSON files of a run must hold, besides configuration and artifacts."""

import msgspec

from unrolled.training.records import Count


class Facts(msgspec.Struct):
    """Facts about the data that a resumed training relies on: their fingerprints."""

    sha256: str
    held_out_sha256: str
    notes: list[str] = []


class PartResult(msgspec.Struct):
    """Scores on one part of the data; those of labels have a confusion matrix."""

    confusion: list[list[Count]] | None = None
    classes: list[str] | None = None
    tags: list[str] | None = None

    def __post_init__(self) -> None:
        size = len(self.classes or self.tags or ())
        if self.confusion is not None and [len(row) for row in self.confusion] != [size] * size:
            raise ValueError("the confusion matrix does not fit the labels")


class Beside(msgspec.Struct):
    """A figure of the model and of simple baselines, on the data that were held out."""

    figure: str
    higher: bool
    """Whether a higher figure is better."""
    own: float
    baselines: dict[str, float]


class Result(msgspec.Struct):
    """Of a training, in ``result.json``."""

    steps: Count
    epochs: float
    training_seconds: float
    valid: PartResult | None = None
    test: PartResult | None = None
    beside: Beside | None = None
    better_baseline: str = ""
    """First line of the report where a baseline is the better choice."""
