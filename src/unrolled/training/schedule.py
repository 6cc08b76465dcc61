"""Learning rate schedules."""

import math
from dataclasses import dataclass

from unrolled.training.config import OptimizerConfig

GRACE = 0.05
"""Fraction of the time limit that the cosine schedule ignores if the steps are limited as well.

The first steps are slow. With this margin, a training that ends by steps well before the time limit has the
same learning rates, and the same bits, as without the limit."""


@dataclass
class Plateau:
    """Plateau schedule: decays the rate after more than ``patience`` validations without improvement."""

    factor: float = 1.0
    best: float = math.inf
    waited: int = 0

    def record_validation(self, score: float, decay: float, patience: int) -> None:
        """Record a validation score (lower is better) and decay the factor if it is due."""
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
    time_fraction: float = 0.0,
) -> float:
    """Return the learning rate of a step.

    Args:
        config: the schedule and its options.
        step: steps completed before this one.
        total_steps: steps of the whole training; None if only its time is limited.
        epoch: epochs completed before this one.
        plateau: state of the plateau schedule.
        time_fraction: fraction of the time limit used so far; 0 without a limit. Includes the warmup, whose
            duration is not known in advance. The cosine schedule follows it, less :data:`GRACE`, if it is
            ahead of the fraction of the steps.
    """
    rate = config.lr
    match config.schedule:
        case "step":
            rate *= config.decay ** max(epoch + 1 - config.decay_after, 0)
        case "plateau":
            rate *= plateau.factor
        case "cosine":
            done = time_fraction
            if total_steps is not None:
                steps_after_warmup = max(total_steps - config.warmup, 1)
                done = max((done - GRACE) / (1 - GRACE), max(step - config.warmup, 0) / steps_after_warmup)
            done = min(done, 1.0)
            cosine = 0.5 * (1.0 + math.cos(math.pi * done))
            rate *= config.lr_floor + (1.0 - config.lr_floor) * cosine
        case "constant":
            pass
    if step < config.warmup:
        rate *= (step + 1) / config.warmup
    return rate
