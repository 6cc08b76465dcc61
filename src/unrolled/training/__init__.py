"""The training loop and what it needs: optimisers, schedules, checkpoints, the log."""

from unrolled.training.config import OptimizerConfig, TrainingConfig
from unrolled.training.loop import Job, Progress, StepLoss, Trainer, Watcher

__all__ = [
    "Job",
    "OptimizerConfig",
    "Progress",
    "StepLoss",
    "Trainer",
    "TrainingConfig",
    "Watcher",
]
