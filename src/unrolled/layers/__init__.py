"""Recurrent layers as torch modules."""

from unrolled.layers.dropout import Dropout, LockedDropout, RecurrentDrop
from unrolled.layers.gru import GRU
from unrolled.layers.lstm import LSTM
from unrolled.layers.output import SoftmaxOutput, token_losses
from unrolled.layers.recurrent import Recurrent
from unrolled.layers.result import Explanation, Traced
from unrolled.layers.rnn import RNN
from unrolled.layers.single_step import GRUCell, LSTMCell, RNNCell
from unrolled.layers.window import Window

Stack = Recurrent | Window
"""Layers that process a sequence step by step and carry a state."""

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Dropout",
    "Explanation",
    "GRUCell",
    "LSTMCell",
    "LockedDropout",
    "RNNCell",
    "Recurrent",
    "RecurrentDrop",
    "SoftmaxOutput",
    "Stack",
    "Traced",
    "Window",
    "token_losses",
]


def __dir__() -> list[str]:
    return sorted(__all__)
