"""Averages of the weights over steps, used for validation and for the saved model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unrolled.training.config import OptimizerConfig
from unrolled.training.records import Count


@dataclass(frozen=True)
class AverageState:
    """State of an average in a checkpoint, without the tensors."""

    count: Count
    """Number of steps in the mean."""
    history: list[float]
    """Scores of all validations so far."""


class WeightAverage(ABC):
    """Mean of the weights over steps. :meth:`swap` exchanges it with the weights.

    Args:
        parameters: the parameters to average.
    """

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._parameters = parameters
        self.mean: list[Tensor] = []
        self.count = 0
        self.history: list[float] = []

    @property
    def active(self) -> bool:
        """True once averaging has begun."""
        return bool(self.mean)

    def begin(self) -> None:
        """Start the mean with the current weights."""
        self.mean = [p.detach().clone() for p in self._parameters]
        self.count = 1

    def restore(self, state: AverageState, mean: list[Tensor]) -> None:
        """Restore the state of a checkpoint.

        Raises:
            ValueError: if the tensors of ``mean`` do not have the shapes of the parameters.
        """
        if mean and [m.shape for m in mean] != [p.shape for p in self._parameters]:
            raise ValueError("the averaged weights do not have the shapes of the weights")
        self.mean, self.count, self.history = mean, state.count, state.history

    def record_validation(self, score: float) -> bool:
        """Record a validation score; return True if it starts the averaging."""
        self.history.append(score)
        return False

    @abstractmethod
    def update(self) -> None:
        """Add the current weights to the mean."""

    @torch.no_grad()
    def _interpolate(self, weight: float) -> None:
        self.count += 1
        torch._foreach_lerp_(self.mean, [p.detach() for p in self._parameters], weight)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights with their mean. A second call restores them."""
        for p, mean in zip(self._parameters, self.mean, strict=False):
            weights = p.detach().clone()
            p.copy_(mean)
            mean.copy_(weights)


class TriggeredAverage(WeightAverage):
    """Mean of the weights since validation stopped improving.

    Source: Merity, Keskar & Socher, Regularizing and optimizing LSTM language models (2018), algorithm 1.
    """

    def __init__(self, parameters: list[nn.Parameter], average_after: int) -> None:
        super().__init__(parameters)
        self._average_after = average_after

    def record_validation(self, score: float) -> bool:
        """See :meth:`WeightAverage.record_validation`."""
        earlier = self.history[: -self._average_after]
        trigger = not self.active and bool(earlier) and score > min(earlier)
        self.history.append(score)
        if trigger:
            self.begin()
        return trigger

    def update(self) -> None:
        """See :meth:`WeightAverage.update`; all steps since averaging began have equal weight."""
        if self.active:
            self._interpolate(1 / (self.count + 1))


class MovingAverage(WeightAverage):
    """Exponential moving average of the weights, m ← d m + (1 − d) w, from the first step on.

    After n steps, d is the smaller of ``decay`` and (1 + n) / (10 + n), so that the initial weights soon lose
    their influence. Source: Polyak & Juditsky, Acceleration of stochastic approximation by averaging (1992),
    in the exponential form usual for neural networks.
    """

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        super().__init__(parameters)
        self._decay = decay

    def update(self) -> None:
        """See :meth:`WeightAverage.update`."""
        if not self.active:
            self.begin()
            return
        self._interpolate(1 - min(self._decay, (1 + self.count) / (10 + self.count)))


def make_average(config: OptimizerConfig, parameters: list[nn.Parameter]) -> WeightAverage | None:
    """Return the weight average that a config selects, or None."""
    if config.method == "nt-asgd":
        return TriggeredAverage(parameters, config.average_after)
    return MovingAverage(parameters, config.moving_average) if config.moving_average else None
