"""Recurrent neural networks on PyTorch: train, measure, look inside, use.

``import unrolled as ur``: layers (:class:`RNN`, :class:`LSTM`, :class:`GRU`), their cells, the loop
(:func:`unroll`), and tools (:class:`LanguageModel`, :func:`load`).
"""

from unrolled import cells, errors, extension
from unrolled.layers import (
    GRU,
    LSTM,
    RNN,
    GRUCell,
    LockedDropout,
    LSTMCell,
    RecurrentDrop,
    RNNCell,
)
from unrolled.recurrence import Unrolled, unroll
from unrolled.tasks import LanguageModel, LanguageModelConfig, LanguageScore
from unrolled.version import __version__

load = LanguageModel.load

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "LanguageModel",
    "LanguageModelConfig",
    "LanguageScore",
    "LockedDropout",
    "RNNCell",
    "RecurrentDrop",
    "Unrolled",
    "__version__",
    "cells",
    "errors",
    "extension",
    "load",
    "unroll",
]
