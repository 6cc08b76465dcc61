"""Averages of weights over updates: a model is validated and kept by them, while training goes on beside."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unrolled.training.config import OptimizerConfig
from unrolled.training.records import Count


@dataclass(frozen=True)
class AverageState:
    """What a checkpoint holds of an average beside its tensors."""

    count: Count
    """Updates in the mean."""
    history: list[float]
    """Scores of the validations."""


class WeightAverage(ABC):
    """A mean of the weights, which can be put in their place and taken out again.

    Args:
        parameters: what is averaged.
    """

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._parameters = parameters
        self.mean: list[Tensor] = []
        self.count = 0
        self.history: list[float] = []

    @property
    def active(self) -> bool:
        """Whether averaging has begun."""
        return bool(self.mean)

    def begin(self) -> None:
        """Take the weights of this step as the mean."""
        self.mean = [p.detach().clone() for p in self._parameters]
        self.count = 1

    def restore(self, state: AverageState, mean: list[Tensor]) -> None:
        """Go on from a checkpoint.

        Raises:
            ValueError: if the mean is not one of these weights.
        """
        if mean and [m.shape for m in mean] != [p.shape for p in self._parameters]:
            raise ValueError("the averaged weights have other shapes than the weights")
        self.mean, self.count, self.history = mean, state.count, state.history

    def validated(self, score: float) -> bool:
        """Take note of a validation; return whether this one starts the averaging."""
        self.history.append(score)
        return False

    @abstractmethod
    def update(self) -> None:
        """Take the weights of this step into the mean."""

    @torch.no_grad()
    def _move(self, share: float) -> None:
        self.count += 1
        torch._foreach_lerp_(self.mean, [p.detach() for p in self._parameters], share)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights with their mean; a second call undoes it."""
        for p, mean in zip(self._parameters, self.mean, strict=False):
            kept = p.detach().clone()
            p.copy_(mean)
            mean.copy_(kept)


class TriggeredAverage(WeightAverage):
    """Running mean of the weights from the moment validation stops improving.

    Source: Merity, Keskar & Socher, Regularizing and optimizing LSTM language models (2018), algorithm 1.
    """

    def __init__(self, parameters: list[nn.Parameter], average_after: int) -> None:
        super().__init__(parameters)
        self._average_after = average_after

    def validated(self, score: float) -> bool:
        """See :meth:`WeightAverage.validated`."""
        earlier = self.history[: -self._average_after]
        trigger = not self.active and bool(earlier) and score > min(earlier)
        self.history.append(score)
        if trigger:
            self.begin()
        return trigger

    def update(self) -> None:
        """See :meth:`WeightAverage.update`; all steps since the beginning count alike."""
        if self.active:
            self._move(1 / (self.count + 1))


class MovingAverage(WeightAverage):
    """Exponential moving mean of the weights, m ← d m + (1 − d) w from the first update on.

    d is the smaller of ``decay`` and (1 + n) / (10 + n) after n updates, so that the random start is soon
    forgotten. Source: Polyak & Juditsky, Acceleration of stochastic approximation by averaging (1992), in the
    exponential form that is usual for networks.
    """

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        super().__init__(parameters)
        self._decay = decay

    def update(self) -> None:
        """See :meth:`WeightAverage.update`."""
        if not self.active:
            self.begin()
            return
        self._move(1 - min(self._decay, (1 + self.count) / (10 + self.count)))


def make_average(config: OptimizerConfig, parameters: list[nn.Parameter]) -> WeightAverage | None:
    """Return the average that a configuration asks for, if any."""
    if config.method == "nt-asgd":
        return TriggeredAverage(parameters, config.average_after)
    return MovingAverage(parameters, config.moving_average) if config.moving_average else None
