"""Whole tools, one a task: fit, evaluate, use, save and load."""

from unrolled.tasks.forecast_config import ForecasterConfig
from unrolled.tasks.forecaster import Forecaster
from unrolled.tasks.language_config import LanguageModelConfig
from unrolled.tasks.language_job import LanguageScore
from unrolled.tasks.language_model import LanguageModel
from unrolled.tasks.music import PianoRoll
from unrolled.tasks.music_config import PianoRollConfig
from unrolled.tasks.registry import load, run_type, task_type
from unrolled.tasks.task import Task

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
