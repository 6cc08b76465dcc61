"""The learning rate over the course of training."""

import math
from dataclasses import dataclass

from unrolled.training.config import OptimizerConfig

GRACE = 0.05
"""Share of a limit of time that may pass before the rate goes by it, where updates are limited as well: the
first ones are slow, and a training that ends by its updates well in time then has the rates, and the bits,
that it has without the limit."""


@dataclass
class Plateau:
    """Decay of the rate each time validation has not improved for ``patience`` validations."""

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0

    def validated(self, score: float, decay: float, patience: int) -> None:
        """Take note of a validation (lower is better)."""
        if score < self.best:
            self.best, self.waited = score, 0
            return
        self.waited += 1
        if self.waited > patience:
            self.factor *= decay
            self.waited = 0


def learning_rate(
    config: OptimizerConfig,
    step: int,
    total_steps: int | None,
    epoch: int,
    plateau: Plateau,
    share_of_time: float = 0.0,
) -> float:
    """Return the rate of an update.

    Args:
        config: schedule and its options.
        step: updates done before this one.
        total_steps: updates of the whole training; None where only its time is limited.
        epoch: epochs finished before this one.
        plateau: state of the plateau schedule.
        share_of_time: how much of the time of the training is spent, warmup included, since how long a
            warmup takes is not known before it; 0 where time has no limit. Cosine goes by it, less
            :data:`GRACE`, where it is ahead of the share of the updates.
    """
    rate = config.lr
    match config.schedule:
        case "step":
            rate *= config.decay ** max(epoch + 1 - config.decay_after, 0)
        case "plateau":
            rate *= plateau.factor
        case "cosine":
            done = share_of_time
            if total_steps is not None:
                span = max(total_steps - config.warmup, 1)
                done = max((done - GRACE) / (1 - GRACE), max(step - config.warmup, 0) / span)
            done = min(done, 1.0)
            share = 0.5 * (1.0 + math.cos(math.pi * done))
            rate *= config.lr_floor + (1.0 - config.lr_floor) * share
        case "constant":
            pass
    if step < config.warmup:
        rate *= (step + 1) / config.warmup
    return rate
