"""The networks of the lessons: five kinds as they usually start, and starts that mend them.

Rates of learning go by the kind, so that a network and its remedy have the same one.
"""

import math

from unrolled.tutorials.practice import Trial

ELMAN, GATED = {"cell": "elman", "lr": 0.0005}, {"lr": 0.005}

USUAL = (
    Trial("sigmoid", ELMAN | {"nonlinearity": "sigmoid"}),
    Trial("tanh", ELMAN | {"nonlinearity": "tanh"}),
    Trial("ReLU", ELMAN | {"nonlinearity": "relu"}),
    Trial("LSTM", GATED | {"cell": "lstm"}),
    Trial("GRU", GATED | {"cell": "gru"}),
)


def mended(distance: int) -> tuple[Trial, ...]:
    """Return starts whose gradients reach so far."""
    return (
        Trial("ReLU, identity", ELMAN | {"nonlinearity": "relu", "recurrent_init": "identity"}),
        Trial("LSTM, chrono", GATED | {"cell": "lstm", "chrono": distance}),
        Trial("GRU, chrono", GATED | {"cell": "gru", "chrono": distance}),
    )


def flags(trial: Trial) -> str:
    """Return the options of a trial as the command line has them."""
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in trial.options.items())


def forget_bias(distance: int) -> float:
    """Return ln n: the bias at which a forget gate keeps 1/e over about n steps."""
    return round(math.log(distance), 2)
