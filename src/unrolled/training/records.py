"""The records of ``metrics.jsonl``, by their kind: what a reader may rely on."""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A whole number that a training can reach."""


class _Logged(msgspec.Struct, tag_field="kind"):
    step: Count
    epoch: Count


class TrainRecord(_Logged, tag="train"):
    """The mean loss of the updates since the record before."""

    tokens: Count
    seconds: float
    loss: float
    lr: float


class ValidRecord(_Logged, tag="valid"):
    """Held-out data; figures of the task stand beside, by their names."""

    tokens: Count
    seconds: float
    loss: float
    lr: float
    score: float


class NonFiniteRecord(_Logged, tag="nonfinite"):
    """Where training broke."""

    where: str


class Clipping(msgspec.Struct):
    """Gradient norms since the last look."""

    updates: Count
    share: float
    norm_mean: float | None
    norm_max: float | None
    clipped_norm_mean: float | None


class Reach(msgspec.Struct):
    """Gradient norms by their distance in steps from the loss."""

    distance: list[Count]
    norm: dict[str, list[float | None]]

    def __post_init__(self) -> None:
        for name, norms in self.norm.items():
            if len(norms) != len(self.distance):
                raise ValueError(f"{len(norms)} norms of {name!r} for {len(self.distance)} distances")


class WeightSizes(msgspec.Struct):
    """Norms of a weight and its gradient, and the size of an update by that of the weight."""

    norm: float | None
    ratio: float | None
    gradient: float | None


class WatchRecord(_Logged, tag="watch"):
    """What a watch saw of one update."""

    tokens: Count
    seconds: float
    clipping: Clipping
    gradients: Reach
    saturation: dict[str, tuple[float | None, float | None]]
    weights: dict[str, WeightSizes]


Record = TrainRecord | ValidRecord | NonFiniteRecord | WatchRecord
