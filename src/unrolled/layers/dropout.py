"""Dropout in and between recurrent layers: functions and modules."""

from torch import Tensor, nn

from unrolled.layers.masks import drop
from unrolled.layers.recurrent_drop import check_rate


class Dropout(nn.Module):
    """Drop single elements independently (Srivastava et al. 2014)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        check_rate("Dropout", rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return x; in training, set random elements to zero and scale the others by 1/(1−rate)."""
        return dropout(x, self.rate, self.training)

    def extra_repr(self) -> str:
        """Show the rate."""
        return f"rate={self.rate}"


class LockedDropout(nn.Module):
    """Drop the same units at every time step of a row (Gal & Ghahramani 2016).

    Input and output are (T, B, size).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        check_rate("LockedDropout", rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return x; in training, drop the same units at all steps and scale the others by 1/(1−rate)."""
        return locked_dropout(x, self.rate, self.training)

    def extra_repr(self) -> str:
        """Show the rate."""
        return f"rate={self.rate}"


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """Return x, in training with single elements dropped; as in torch, a rate of 1 drops all."""
    if not training or not rate:
        return x
    return drop(x, rate) if rate < 1 else x * 0.0


def locked_dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """Return x (T, B, size), in training with the same mask applied to all steps."""
    return drop(x, rate, (1, *x.shape[1:])) if training and rate else x


def weight_dropout(weight: Tensor, rate: float, training: bool) -> Tensor:
    """Return the recurrent weight, in training with single connections dropped."""
    return dropout(weight, rate, training)
