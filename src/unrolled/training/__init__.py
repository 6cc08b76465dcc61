"""The training loop, optimizers, learning rate schedules, checkpoints and the log."""

from unrolled.renamed import renamed_names
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
from unrolled.training.stopping import NewLimits
from unrolled.training.watcher import Watcher

__all__ = [
    "CHECKPOINT",
    "LOG",
    "MODEL",
    "Callback",
    "CallbackList",
    "Job",
    "NewLimits",
    "OptimizerConfig",
    "Progress",
    "StepLoss",
    "StepLosses",
    "StepStats",
    "Trainer",
    "TrainingConfig",
    "Validation",
    "Watcher",
]

__getattr__ = renamed_names(__name__, {"Update": "StepStats", "Watchers": "CallbackList"})


def __dir__() -> list[str]:
    return sorted(__all__)
