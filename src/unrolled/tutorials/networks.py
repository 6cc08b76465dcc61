"""The networks of the lessons: five cells with default initialisation, and three with a better one.

The learning rate depends on the cell only, so that a network and its improved version share it.
"""

import math

from unrolled.tutorials.trial import Trial

ELMAN, GATED = {"cell": "elman", "lr": 0.0005}, {"lr": 0.005}

DEFAULT_NETWORKS = (
    Trial("sigmoid", ELMAN | {"nonlinearity": "sigmoid"}),
    Trial("tanh", ELMAN | {"nonlinearity": "tanh"}),
    Trial("ReLU", ELMAN | {"nonlinearity": "relu"}),
    Trial("LSTM", GATED | {"cell": "lstm"}),
    Trial("GRU", GATED | {"cell": "gru"}),
)


def improved_networks(distance: int) -> tuple[Trial, ...]:
    """Return networks initialised so that their gradients reach back over the distance."""
    return (
        Trial("ReLU, identity", ELMAN | {"nonlinearity": "relu", "recurrent_init": "identity"}),
        Trial("LSTM, chrono", GATED | {"cell": "lstm", "chrono": distance}),
        Trial("GRU, chrono", GATED | {"cell": "gru", "chrono": distance}),
    )


def format_flags(trial: Trial) -> str:
    """Return the options of a trial as command-line flags."""
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in trial.options.items())


def forget_bias(distance: int) -> float:
    """Return ln n, the bias with which a forget gate keeps 1/e of the state for about n steps."""
    return round(math.log(distance), 2)
