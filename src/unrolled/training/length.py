"""How long training goes on: so many updates, so much time, or whichever of the two is over first."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Self

from unrolled.config import require, require_at_least
from unrolled.training.config import TrainingConfig

AUTOMATIC_UPDATES = 4000
AUTOMATIC_EPOCHS = 60
"""The most that is taken of few batches."""
MARKS = 400
"""Records of the training loss over a whole training."""


@dataclass(frozen=True)
class NewEnd:
    """A later end for a run: passes, updates or minutes in all; 0 is none. It replaces all limits of the run.

    Raises:
        ConfigError: if one is negative or infinite.
    """

    epochs: int = 0
    max_steps: int = 0
    minutes: float = 0.0

    def __post_init__(self) -> None:
        require_at_least(self, {"epochs": 0, "max_steps": 0, "minutes": 0})
        require(math.isfinite(self.minutes), f"minutes={self.minutes}: must be finite")

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return bool(self.epochs or self.max_steps or self.minutes)

    def limits(self) -> dict[str, float]:
        """Return the options of :class:`TrainingConfig` that it replaces."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Length:
    """The ends of a training, of which one at least is set; the nearer one counts."""

    steps: int | None
    """Updates; None is no limit."""
    seconds: float | None = None
    """Time of updates alone; None is no limit."""

    @classmethod
    def planned(cls, training: TrainingConfig, updates: int) -> Self:
        """Return the ends that a configuration sets, for so many updates an epoch.

        Without a number of epochs, a limit of time stands alone, else the updates are about 4000.
        """
        epochs = training.epochs
        if not epochs and not training.minutes:
            epochs = min(max(round(AUTOMATIC_UPDATES / updates), 1), AUTOMATIC_EPOCHS)
        steps = [updates * epochs] if epochs else []
        steps += [training.max_steps] if training.max_steps else []
        return cls(min(steps, default=None), 60.0 * training.minutes or None)

    def over(self, step: int, seconds: float) -> bool:
        """Tell whether training ends after so many updates that took so long."""
        return (self.steps is not None and step >= self.steps) or self.share_of_time(seconds) >= 1.0

    def share_of_time(self, seconds: float) -> float:
        """Return the share of the time that is spent, 0 where time has no limit."""
        return 0.0 if self.seconds is None else seconds / self.seconds

    def share(self, step: int, seconds: float) -> float:
        """Return the share of the training that is done, in [0, 1]."""
        of_steps = 0.0 if self.steps is None else step / max(self.steps, 1)
        return min(max(of_steps, self.share_of_time(seconds)), 1.0)

    def marked(self, step: int, seconds: float, before: float) -> bool:
        """Tell whether the loss is logged after an update; about 400 of them are.

        Args:
            step: updates done, this one included.
            seconds: what they took.
            before: what those before it took.
        """
        if self.seconds is None:
            assert self.steps is not None
            return step % max(1, self.steps // MARKS) == 0
        return int(MARKS * self.share(step, seconds)) > int(MARKS * self.share(step - 1, before))

    def left(self, step: int, seconds: float) -> float:
        """Return the seconds to come, if updates go on as fast as they did."""
        found = [] if self.seconds is None else [self.seconds - seconds]
        if self.steps is not None:
            found.append(seconds / max(step, 1) * (self.steps - step))
        return max(min(found), 0.0)
