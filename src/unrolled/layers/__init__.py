"""Recurrent layers as torch modules."""

from typing import TYPE_CHECKING

from unrolled.lazy import lazy_names

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

_HOMES = {
    "dropout": ("Dropout", "LockedDropout"),
    "gru": ("GRU",),
    "lstm": ("LSTM",),
    "output": ("SoftmaxOutput", "token_losses"),
    "recurrent": ("Recurrent",),
    "recurrent_drop": ("RecurrentDrop",),
    "result": ("Explanation", "Traced"),
    "rnn": ("RNN",),
    "single_step": ("GRUCell", "LSTMCell", "RNNCell"),
    "stateful": ("Stack",),
    "window": ("Window",),
}

if TYPE_CHECKING:
    from unrolled.layers.dropout import Dropout, LockedDropout
    from unrolled.layers.gru import GRU
    from unrolled.layers.lstm import LSTM
    from unrolled.layers.output import SoftmaxOutput, token_losses
    from unrolled.layers.recurrent import Recurrent
    from unrolled.layers.recurrent_drop import RecurrentDrop
    from unrolled.layers.result import Explanation, Traced
    from unrolled.layers.rnn import RNN
    from unrolled.layers.single_step import GRUCell, LSTMCell, RNNCell
    from unrolled.layers.stateful import Stack
    from unrolled.layers.window import Window
else:
    # Hidden from type checkers, which would otherwise accept any misspelt name.
    __getattr__, __dir__ = lazy_names(globals(), _HOMES)
