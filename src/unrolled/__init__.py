"""Recurrent neural networks on PyTorch: layers, training, evaluation, inspection and tools.

``import unrolled as ur``: layers (:class:`RNN`, :class:`LSTM`, :class:`GRU`), their cells, the loop
(:func:`unroll`), and tools (:class:`LanguageModel`, :func:`load`).

Names are imported on first use (PEP 562). Using a layer does not import the dependencies of the tools, and
the command line can set the OpenMP environment before torch is loaded (:mod:`unrolled.threads`).
"""

from typing import TYPE_CHECKING

from unrolled import errors
from unrolled.lazy import lazy_names

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Classifier",
    "ClassifierConfig",
    "ClassifierScore",
    "Forecaster",
    "ForecasterConfig",
    "GRUCell",
    "Interpolated",
    "LSTMCell",
    "LanguageModel",
    "LanguageModelConfig",
    "LanguageScore",
    "LockedDropout",
    "MusicModel",
    "MusicModelConfig",
    "NGram",
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
    "export",
    "extension",
    "inspect",
    "load",
    "runtime",
    "stream",
    "unroll",
    "write_report",
]

_PUBLIC_NAMES = {
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
    "exporters.export": ("export",),
    "layers.stream": ("stream",),
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
        "MusicModel",
        "MusicModelConfig",
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
_PUBLIC_MODULES = (
    "cells",
    "diagnostics",
    "extension",
    "layers",
    "models",
    "backends",
    "runtime",
    "tasks",
    "text",
    "training",
)

_RENAMED = {"PianoRoll": "MusicModel", "PianoRollConfig": "MusicModelConfig"}

if TYPE_CHECKING:
    from unrolled import cells, diagnostics, extension, runtime
    from unrolled.backends import Unrolled, unroll
    from unrolled.baselines.interpolation import Interpolated
    from unrolled.baselines.ngram import NGram, UnigramCache
    from unrolled.experiments.comparison import compare
    from unrolled.exporters.export import export
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
    from unrolled.layers.stream import stream
    from unrolled.tasks import (
        Classifier,
        ClassifierConfig,
        ClassifierScore,
        Forecaster,
        ForecasterConfig,
        LanguageModel,
        LanguageModelConfig,
        LanguageScore,
        MusicModel,
        MusicModelConfig,
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
    # Hidden from type checkers: with a __getattr__ they accept every misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _PUBLIC_NAMES, _PUBLIC_MODULES, renamed=_RENAMED)
