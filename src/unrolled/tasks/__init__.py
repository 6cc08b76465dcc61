"""Whole tools, one a task: fit, evaluate, use, save and load."""

from unrolled.tasks.base.task import Task
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.task import Forecaster
from unrolled.tasks.lm.config import LanguageModelConfig
from unrolled.tasks.lm.job import LanguageScore
from unrolled.tasks.lm.task import LanguageModel
from unrolled.tasks.music.config import PianoRollConfig
from unrolled.tasks.music.task import PianoRoll
from unrolled.tasks.registry import load, run_type, task_type

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
