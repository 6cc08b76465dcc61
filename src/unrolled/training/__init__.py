"""The training loop and what it needs: optimisers, schedules, checkpoints, the log."""

from unrolled.training.config import OptimizerConfig, TrainingConfig
from unrolled.training.job import Job, Progress, StepLoss, Validation, Watcher
from unrolled.training.loop import CHECKPOINT, LOG, MODEL, Trainer

__all__ = [
    "CHECKPOINT",
    "LOG",
    "MODEL",
    "Job",
    "OptimizerConfig",
    "Progress",
    "StepLoss",
    "Trainer",
    "TrainingConfig",
    "Validation",
    "Watcher",
]
