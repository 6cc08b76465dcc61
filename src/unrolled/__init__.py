"""Recurrent neural networks on PyTorch: train, measure, look inside, use.

``import unrolled as ur``: layers (:class:`RNN`, :class:`LSTM`, :class:`GRU`), their cells, the loop
(:func:`unroll`), and tools (:class:`LanguageModel`, :func:`load`).

A name is imported when it is first used (PEP 562), so that layers do not wait for what only tools need, and
the command line can settle how threads wait before torch is loaded (:mod:`unrolled.threads`).
"""

from typing import TYPE_CHECKING

from unrolled import errors
from unrolled.lazy import lazy_names

__all__ = [
    "Forecaster",
    "ForecasterConfig",
    "GRU",
    "LSTM",
    "RNN",
    "Classifier",
    "ClassifierConfig",
    "ClassifierScore",
    "GRUCell",
    "Interpolated",
    "LSTMCell",
    "LanguageModel",
    "LanguageModelConfig",
    "LanguageScore",
    "LockedDropout",
    "NGram",
    "PianoRoll",
    "PianoRollConfig",
    "RNNCell",
    "RecurrentDrop",
    "Tagger",
    "TaggerConfig",
    "TaggerScore",
    "TranslationScore",
    "Translator",
    "TranslatorConfig",
    "UnigramCache",
    "Unrolled",
    "Window",
    "__version__",
    "cells",
    "compare",
    "diagnostics",
    "errors",
    "extension",
    "inspect",
    "load",
    "unroll",
    "write_report",
]

_HOMES = {
    "baselines.interpolation": ("Interpolated",),
    "baselines.ngram": ("NGram", "UnigramCache"),
    "inspection": ("inspect", "write_report"),
    "experiments.comparison": ("compare",),
    "layers": (
        "GRU",
        "LSTM",
        "RNN",
        "GRUCell",
        "LSTMCell",
        "LockedDropout",
        "RNNCell",
        "RecurrentDrop",
        "Window",
    ),
    "backends": ("Unrolled", "unroll"),
    "tasks": (
        "Classifier",
        "ClassifierConfig",
        "ClassifierScore",
        "Forecaster",
        "ForecasterConfig",
        "LanguageModel",
        "LanguageModelConfig",
        "LanguageScore",
        "PianoRoll",
        "PianoRollConfig",
        "Tagger",
        "TaggerConfig",
        "TaggerScore",
        "TranslationScore",
        "Translator",
        "TranslatorConfig",
        "load",
    ),
    "version": ("__version__",),
}
_MODULES = (
    "cells",
    "diagnostics",
    "extension",
    "layers",
    "models",
    "backends",
    "tasks",
    "text",
    "training",
)

if TYPE_CHECKING:
    from unrolled import cells, diagnostics, extension
    from unrolled.backends import Unrolled, unroll
    from unrolled.baselines.interpolation import Interpolated
    from unrolled.baselines.ngram import NGram, UnigramCache
    from unrolled.experiments.comparison import compare
    from unrolled.inspection import inspect, write_report
    from unrolled.layers import (
        GRU,
        LSTM,
        RNN,
        GRUCell,
        LockedDropout,
        LSTMCell,
        RecurrentDrop,
        RNNCell,
        Window,
    )
    from unrolled.tasks import (
        Classifier,
        ClassifierConfig,
        ClassifierScore,
        Forecaster,
        ForecasterConfig,
        LanguageModel,
        LanguageModelConfig,
        LanguageScore,
        PianoRoll,
        PianoRollConfig,
        Tagger,
        TaggerConfig,
        TaggerScore,
        TranslationScore,
        Translator,
        TranslatorConfig,
        load,
    )
    from unrolled.version import __version__
else:
    # Hidden from type checkers, which would otherwise take every misspelt name for one of ours.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES, _MODULES)
