"""Models by task, one class each: fit, evaluate, use, save and load.

Names are imported on first use (PEP 562), so that one task does not load the packages of the others.
"""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

__all__ = [
    "Classifier",
    "ClassifierConfig",
    "ClassifierScore",
    "Forecaster",
    "ForecasterConfig",
    "LanguageModel",
    "LanguageModelConfig",
    "LanguageScore",
    "MusicModel",
    "MusicModelConfig",
    "Tagger",
    "TaggerConfig",
    "TaggerScore",
    "Task",
    "TranslationScore",
    "Translator",
    "TranslatorConfig",
    "load",
    "run_type",
    "spec_of",
    "task_type",
]

_HOMES = {
    "base.task": ("Task",),
    "classify.config": ("ClassifierConfig",),
    "classify.score": ("ClassifierScore",),
    "classify.task": ("Classifier",),
    "forecast.config": ("ForecasterConfig",),
    "forecast.task": ("Forecaster",),
    "lm.config": ("LanguageModelConfig",),
    "lm.score": ("LanguageScore",),
    "lm.task": ("LanguageModel",),
    "music.config": ("MusicModelConfig",),
    "music.task": ("MusicModel",),
    "registry": ("spec_of", "task_type"),
    "runs": ("load", "run_type"),
    "tag.config": ("TaggerConfig",),
    "tag.score": ("TaggerScore",),
    "tag.task": ("Tagger",),
    "translate.config": ("TranslatorConfig",),
    "translate.score": ("TranslationScore",),
    "translate.task": ("Translator",),
}

_RENAMED = {"PianoRoll": "MusicModel", "PianoRollConfig": "MusicModelConfig"}

if TYPE_CHECKING:
    from unrolled.tasks.base.task import Task
    from unrolled.tasks.classify.config import ClassifierConfig
    from unrolled.tasks.classify.score import ClassifierScore
    from unrolled.tasks.classify.task import Classifier
    from unrolled.tasks.forecast.config import ForecasterConfig
    from unrolled.tasks.forecast.task import Forecaster
    from unrolled.tasks.lm.config import LanguageModelConfig
    from unrolled.tasks.lm.score import LanguageScore
    from unrolled.tasks.lm.task import LanguageModel
    from unrolled.tasks.music.config import MusicModelConfig
    from unrolled.tasks.music.task import MusicModel
    from unrolled.tasks.registry import spec_of, task_type
    from unrolled.tasks.runs import load, run_type
    from unrolled.tasks.tag.config import TaggerConfig
    from unrolled.tasks.tag.score import TaggerScore
    from unrolled.tasks.tag.task import Tagger
    from unrolled.tasks.translate.config import TranslatorConfig
    from unrolled.tasks.translate.score import TranslationScore
    from unrolled.tasks.translate.task import Translator
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES, renamed=_RENAMED)
