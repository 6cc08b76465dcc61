"""Recurrent neural networks on PyTorch: train, measure, look inside, use.

``import unrolled as ur``: layers (:class:`RNN`, :class:`LSTM`, :class:`GRU`), their cells, the loop
(:func:`unroll`), and tools (:class:`LanguageModel`, :func:`load`).

A name is imported when it is first used (PEP 562), so that layers do not wait for what only tools need, and
the command line can settle how threads wait before torch is loaded (:mod:`unrolled.threads`).
"""

import importlib
from typing import TYPE_CHECKING, Any

from unrolled import errors

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
_HOME = {name: home for home, names in _HOMES.items() for name in names}
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


def _find(name: str) -> Any:
    """Import a public name at its first use; it stays as a global, so this is called once a name."""
    value: Any
    if name in _HOME:
        value = getattr(importlib.import_module(f"unrolled.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"unrolled.{name}")
    else:
        raise AttributeError(f"module 'unrolled' has no attribute {name!r}", name=name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
    __getattr__ = _find
