"""Whole tools, one a task: fit, evaluate, use, save and load."""

from unrolled.tasks.language_config import LanguageModelConfig
from unrolled.tasks.language_job import LanguageScore
from unrolled.tasks.language_model import LanguageModel

__all__ = ["LanguageModel", "LanguageModelConfig", "LanguageScore"]
