"""Whole tools, one a task: fit, evaluate, use, save and load.

A name is imported when it is first used (PEP 562), so that one task does not load the packages of the others.
"""

import importlib
from typing import TYPE_CHECKING, Any

__all__ = [
    "Forecaster",
    "ForecasterConfig",
    "LanguageModel",
    "LanguageModelConfig",
    "LanguageScore",
    "PianoRoll",
    "PianoRollConfig",
    "Task",
    "load",
    "run_type",
    "task_type",
]

_HOMES = {
    "base.task": ("Task",),
    "forecast.config": ("ForecasterConfig",),
    "forecast.task": ("Forecaster",),
    "lm.config": ("LanguageModelConfig",),
    "lm.job": ("LanguageScore",),
    "lm.task": ("LanguageModel",),
    "music.config": ("PianoRollConfig",),
    "music.task": ("PianoRoll",),
    "registry": ("load", "run_type", "task_type"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def _find(name: str) -> Any:
    """Import a public name at its first use; it stays as a global, so this is called once a name."""
    if name not in _HOME:
        raise AttributeError(f"module 'unrolled.tasks' has no attribute {name!r}", name=name)
    value = getattr(importlib.import_module(f"unrolled.tasks.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if TYPE_CHECKING:
    from unrolled.tasks.base.task import Task
    from unrolled.tasks.forecast.config import ForecasterConfig
    from unrolled.tasks.forecast.task import Forecaster
    from unrolled.tasks.lm.config import LanguageModelConfig
    from unrolled.tasks.lm.job import LanguageScore
    from unrolled.tasks.lm.task import LanguageModel
    from unrolled.tasks.music.config import PianoRollConfig
    from unrolled.tasks.music.task import PianoRoll
    from unrolled.tasks.registry import load, run_type, task_type
else:
    # Hidden from type checkers, which would otherwise take every misspelt name for one of ours.
    __getattr__ = _find
