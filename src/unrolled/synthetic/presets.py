"""Settings for each problem, by name: those that solve it, and those that show why others do not.

They depend on the distance, which the start of the gates has to bridge.
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
    """Options by their own names."""

    says: str
    """What it is and what comes of it at the usual distance."""
    options: Callable[[int], dict[str, Any]]
    """Of the distance, or of 2 where it is less."""


def _identity_start(distance: int) -> dict[str, Any]:
    return {"cell": "elman", "nonlinearity": "relu", "recurrent_init": "identity", "lr": 0.0003}


PRESETS: Mapping[ProblemName, Mapping[str, Preset]] = {
    "adding": {
        "gru": Preset("GRU with its usual start: solves it", lambda distance: {"cell": "gru"}),
        "lstm": Preset(
            "LSTM whose gates start for the distance (chrono): solves it",
            lambda distance: {"cell": "lstm", "chrono": distance},
        ),
        "lstm-usual": Preset(
            "LSTM with its usual start: hardly better than always guessing the mean",
            lambda distance: {"cell": "lstm", "updates": 2000},
        ),
        "elman": Preset(
            "tanh network: no better than always guessing the mean",
            lambda distance: {"cell": "elman", "updates": 2000},
        ),
    },
    "copy": {
        "lstm": Preset(
            "LSTM whose gates start for the distance (chrono), at which it arrives by way of shorter ones: a "
            "quarter of the cost of guessing",
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
            "LSTM whose gates start for the distance (chrono): solves it",
            lambda distance: {"cell": "lstm", "chrono": distance},
        ),
        "lstm-forget-bias": Preset(
            "LSTM with a forget bias of ln(distance), slowly learnt: solves it",
            lambda distance: {"cell": "lstm", "forget_bias": round(math.log(distance), 2), "lr": 0.0003},
        ),
        "lstm-usual": Preset(
            "LSTM with its usual start: stays at chance",
            lambda distance: {"cell": "lstm", "updates": 2000},
        ),
        "gru": Preset(
            "GRU whose gate starts for the distance (chrono): solves it",
            lambda distance: {"cell": "gru", "chrono": distance},
        ),
        "irnn": Preset(
            "ReLU network that starts at the identity (Le et al. 2015): solves it", _identity_start
        ),
        "elman": Preset(
            "sigmoid network: stays at chance, its gradient vanishes",
            lambda distance: {"cell": "elman", "nonlinearity": "sigmoid", "updates": 2000, "lr": 0.001},
        ),
    },
}
"""The first of each problem is its default."""


def preset(problem: ProblemName, name: str = "", distance: int | None = None) -> LearnConfig:
    """Return the configuration of a preset.

    Args:
        problem: its word.
        name: of the preset; "" is the problem's default.
        distance: steps back to the answer; None is the problem's usual one.

    Raises:
        ConfigError: for a name that the problem does not have.
    """
    known = PRESETS[problem]
    name = name or next(iter(known))
    if name not in known:
        raise ConfigError(f"preset {name!r}: {problem} has {', '.join(known)}{suggestion(name, known)}")
    distance = PROBLEMS[problem].distance if distance is None else distance
    options = {"problem": problem, "distance": distance} | known[name].options(max(distance, 2))
    return with_options(LearnConfig(), options, f"preset {name!r}")
