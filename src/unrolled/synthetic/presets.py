"""Named presets for each problem: some that solve it, and some that fail, for comparison.

They depend on the distance, because the initialisation of the gates depends on it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unrolled.config import with_options
from unrolled.errors import ConfigError, suggestion
from unrolled.synthetic.config import LearnConfig
from unrolled.synthetic.problems import PROBLEMS, ProblemName


@dataclass(frozen=True)
class Preset:
    """A named set of options for a problem."""

    says: str
    """Description of the network, and its result at the default distance."""
    options: Callable[[int], dict[str, Any]]
    """Returns the options by name for a distance, which is at least 2."""


def _identity_options(distance: int) -> dict[str, Any]:
    return {"cell": "elman", "nonlinearity": "relu", "recurrent_init": "identity", "lr": 0.0003}


PRESETS: Mapping[ProblemName, Mapping[str, Preset]] = {
    "adding": {
        "gru": Preset("GRU with default initialisation: solves it", lambda distance: {"cell": "gru"}),
        "lstm": Preset(
            "LSTM with gates initialised for the distance (chrono): solves it",
            lambda distance: {"cell": "lstm", "chrono": distance},
        ),
        "lstm-usual": Preset(
            "LSTM with default initialisation: hardly better than always guessing the mean",
            lambda distance: {"cell": "lstm", "updates": 2000},
        ),
        "elman": Preset(
            "tanh network: no better than always guessing the mean",
            lambda distance: {"cell": "elman", "updates": 2000},
        ),
    },
    "copy": {
        "lstm": Preset(
            "LSTM with gates initialised for the distance (chrono), trained on growing distances: a quarter "
            "of the baseline loss",
            lambda distance: {
                "cell": "lstm",
                "chrono": distance,
                "grow_from": 10 if distance > 10 else 0,
                "updates": 10_000,
                "validate_every": 500,
                "held_out": 200,
            },
        ),
    },
    "recall": {
        "lstm": Preset(
            "LSTM with gates initialised for the distance (chrono): solves it",
            lambda distance: {"cell": "lstm", "chrono": distance},
        ),
        "lstm-forget-bias": Preset(
            "LSTM with a forget bias of ln(distance) and a low learning rate: solves it",
            lambda distance: {"cell": "lstm", "forget_bias": round(math.log(distance), 2), "lr": 0.0003},
        ),
        "lstm-usual": Preset(
            "LSTM with default initialisation: stays at chance",
            lambda distance: {"cell": "lstm", "updates": 2000},
        ),
        "gru": Preset(
            "GRU with its update gate initialised for the distance (chrono): solves it",
            lambda distance: {"cell": "gru", "chrono": distance},
        ),
        "irnn": Preset(
            "ReLU network with U initialised to the identity (Le et al. 2015): solves it", _identity_options
        ),
        "elman": Preset(
            "sigmoid network: stays at chance because its gradient vanishes",
            lambda distance: {"cell": "elman", "nonlinearity": "sigmoid", "updates": 2000, "lr": 0.001},
        ),
    },
}
"""Presets by problem and name; the first of each problem is its default."""


def load_preset(problem: ProblemName, name: str = "", distance: int | None = None) -> LearnConfig:
    """Return the configuration of a preset.

    Args:
        problem: name of the problem.
        name: name of the preset; "" is the problem's default.
        distance: steps between the input and the answer; None is the problem's default.

    Raises:
        ConfigError: if the problem has no preset of that name.
    """
    presets = PRESETS[problem]
    name = name or next(iter(presets))
    if name not in presets:
        raise ConfigError(f"preset {name!r}: {problem} has {', '.join(presets)}{suggestion(name, presets)}")
    distance = PROBLEMS[problem].distance if distance is None else distance
    options = {"problem": problem, "distance": distance} | presets[name].options(max(distance, 2))
    return with_options(LearnConfig(), options, f"preset {name!r}")
