"""The training loop, optimizers, learning rate schedules, checkpoints and the log."""

from unrolled.training.config import OptimizerConfig, TrainingConfig
from unrolled.training.job import (
    Callback,
    CallbackList,
    Job,
    Progress,
    StepLoss,
    StepLosses,
    StepStats,
    Validation,
)
from unrolled.training.loop import CHECKPOINT, LOG, MODEL, Trainer

__all__ = [
    "CHECKPOINT",
    "LOG",
    "MODEL",
    "Job",
    "OptimizerConfig",
    "Progress",
    "StepLoss",
    "StepLosses",
    "Trainer",
    "TrainingConfig",
    "StepStats",
    "Validation",
    "Callback",
    "CallbackList",
]


def __dir__() -> list[str]:
    return sorted(__all__)
