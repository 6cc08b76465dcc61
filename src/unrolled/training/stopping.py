"""When training stops: after a number of steps, after some time, or at whichever limit comes first."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Self

from unrolled.config import require, require_at_least
from unrolled.training.config import TrainingConfig

AUTOMATIC_UPDATES = 4000
"""Approximate number of steps if neither ``epochs`` nor ``minutes`` is set."""
AUTOMATIC_EPOCHS = 60
"""Maximum number of epochs if an epoch has few batches."""
LOG_RECORDS = 400
"""Number of training loss records in the log of a whole training."""


@dataclass(frozen=True)
class NewLimits:
    """New limits for a resumed run: total epochs, steps or minutes; 0 is no limit.

    If any is set, they replace all limits of the run.

    Raises:
        ConfigError: if a limit is negative or infinite.
    """

    epochs: int = 0
    max_steps: int = 0
    minutes: float = 0.0

    def __post_init__(self) -> None:
        require_at_least(self, {"epochs": 0, "max_steps": 0, "minutes": 0})
        require(math.isfinite(self.minutes), f"minutes={self.minutes}: must be finite")

    @property
    def given(self) -> bool:
        """True if any limit is set."""
        return bool(self.epochs or self.max_steps or self.minutes)

    def limits(self) -> dict[str, float]:
        """Return the limits as options of :class:`TrainingConfig`."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class StoppingCriterion:
    """The limits of a training. At least one is set; the first one reached ends the training."""

    steps: int | None
    """Number of steps; None is no limit."""
    seconds: float | None = None
    """Training time without validation; None is no limit."""

    @classmethod
    def from_config(cls, training: TrainingConfig, steps_per_epoch: int) -> Self:
        """Return the limits that a config sets, for a number of steps per epoch.

        If ``epochs`` is 0, a time limit is the only limit (besides ``max_steps``); without one, the limit is
        about 4000 steps.
        """
        epochs = training.epochs
        if not epochs and not training.minutes:
            epochs = min(max(round(AUTOMATIC_UPDATES / steps_per_epoch), 1), AUTOMATIC_EPOCHS)
        steps = [steps_per_epoch * epochs] if epochs else []
        steps += [training.max_steps] if training.max_steps else []
        return cls(min(steps, default=None), 60.0 * training.minutes or None)

    def is_reached(self, step: int, seconds: float) -> bool:
        """Return whether training ends after this many steps and seconds."""
        return (self.steps is not None and step >= self.steps) or self.time_fraction(seconds) >= 1.0

    def time_fraction(self, seconds: float) -> float:
        """Return the fraction of the time limit used so far; 0 without a time limit."""
        return 0.0 if self.seconds is None else seconds / self.seconds

    def fraction_done(self, step: int, seconds: float) -> float:
        """Return the fraction of the training that is done, in [0, 1]."""
        step_fraction = 0.0 if self.steps is None else step / max(self.steps, 1)
        return min(max(step_fraction, self.time_fraction(seconds)), 1.0)

    def should_log(self, step: int, seconds: float, seconds_before: float) -> bool:
        """Return whether to log the loss after a step; about 400 steps of a training are logged.

        Args:
            step: number of steps done, this one included.
            seconds: training time, this step included.
            seconds_before: training time before this step.
        """
        if self.seconds is None:
            assert self.steps is not None
            return step % max(1, self.steps // LOG_RECORDS) == 0
        fraction, fraction_before = (
            self.fraction_done(step, seconds),
            self.fraction_done(step - 1, seconds_before),
        )
        return int(LOG_RECORDS * fraction) > int(LOG_RECORDS * fraction_before)

    def remaining_seconds(self, step: int, seconds: float) -> float:
        """Estimate the remaining training time from the mean time of a step so far."""
        estimates = [] if self.seconds is None else [self.seconds - seconds]
        if self.steps is not None:
            estimates.append(seconds / max(step, 1) * (self.steps - step))
        return max(min(estimates), 0.0)
