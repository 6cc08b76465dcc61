"""The training loop, optimizers, learning rate schedules, checkpoints and the log."""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

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

_HOMES = {
    "config": ("OptimizerConfig", "TrainingConfig"),
    "files": ("CHECKPOINT", "LOG", "MODEL"),
    "job": (
        "Callback",
        "CallbackList",
        "Job",
        "Progress",
        "StepLoss",
        "StepLosses",
        "StepStats",
        "Validation",
    ),
    "loop": ("Trainer",),
    "stopping": ("NewLimits",),
    "watcher": ("Watcher",),
}

_RENAMED = {"Update": "StepStats", "Watchers": "CallbackList"}

if TYPE_CHECKING:
    from unrolled.training.config import OptimizerConfig, TrainingConfig
    from unrolled.training.files import CHECKPOINT, LOG, MODEL
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
    from unrolled.training.loop import Trainer
    from unrolled.training.stopping import NewLimits
    from unrolled.training.watcher import Watcher
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES, renamed=_RENAMED)
