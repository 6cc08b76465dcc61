"""Schema of the records in ``metrics.jsonl``, one class per ``kind``."""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Non-negative integer up to 2**53, which every JSON reader represents exactly."""


class _Logged(msgspec.Struct, tag_field="kind"):
    step: Count
    epoch: Count


class TrainRecord(_Logged, tag="train"):
    """Mean training loss of the steps since the previous record."""

    tokens: Count
    seconds: float
    loss: float
    lr: float


class ValidRecord(_Logged, tag="valid"):
    """Result of a validation. The metrics of the task are further keys of the record."""

    tokens: Count
    seconds: float
    loss: float
    lr: float
    score: float


class NonFiniteRecord(_Logged, tag="nonfinite"):
    """Place of the first non-finite number, which ended the training."""

    where: str


class Clipping(msgspec.Struct):
    """Statistics of gradient clipping since the previous record."""

    updates: Count
    share: float
    norm_mean: float | None
    norm_max: float | None
    clipped_norm_mean: float | None


class GradientNorms(msgspec.Struct):
    """Gradient norms by distance from the loss, in time steps."""

    distance: list[Count]
    norm: dict[str, list[float | None]]

    def __post_init__(self) -> None:
        for name, norms in self.norm.items():
            if len(norms) != len(self.distance):
                raise ValueError(f"{len(norms)} norms of {name!r} for {len(self.distance)} distances")


class WeightSizes(msgspec.Struct):
    """Norms of a weight and its gradient, and the ratio of the norms of its update and the weight."""

    norm: float | None
    ratio: float | None
    gradient: float | None


class WatchRecord(_Logged, tag="watch"):
    """Monitoring data of one step."""

    tokens: Count
    seconds: float
    clipping: Clipping
    gradients: GradientNorms
    saturation: dict[str, tuple[float | None, float | None]]
    weights: dict[str, WeightSizes]


Record = TrainRecord | ValidRecord | NonFiniteRecord | WatchRecord
