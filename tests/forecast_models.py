"""Small forecasters of every output and strategy, and series to train them on."""

from typing import Any

import numpy as np
import pandas as pd

PLAIN = {"strategy": "recursive", "linear": "none", "transform": "none", "difference": 0, "calendar": ()}
TINY: dict[str, Any] = PLAIN | {
    "hidden": 6,
    "window": 12,
    "horizon": 4,
    "batch": 16,
    "max_steps": 12,
    "threads": 1,
    "lr": 0.02,
}
DISTRIBUTION = {"output": "gaussian", "samples": 20}
LINEAR = {"strategy": "direct", "linear": "autoregression"}
VARIANTS: dict[str, dict[str, Any]] = {
    "recursive": {"calendar": ("month",)},
    "recursive distribution": DISTRIBUTION | {"difference": 1},
    "direct": {"strategy": "direct", "cell": "gru", "calendar": ("month",)},
    "direct distribution": {"strategy": "direct", "output": "student-t", "samples": 20, "difference": 3},
    "quantiles": {"strategy": "direct", "output": "quantile", "difference": 1, "layers": 2},
    "stream": {"mode": "stream", "batch": 3, "transform": "log"},
    "lags": {"lags": (4, 12), "difference": 1},
    "direct lags": {"lags": (12,), "strategy": "direct", "loss": "absolute"},
    "linear": LINEAR | {"calendar": ("month",)},
    "linear quantiles of changes": LINEAR | {"output": "quantile", "difference": 3},
    "linear distribution": LINEAR | {"output": "gaussian", "samples": 20, "difference": 1},
    "linear stream": LINEAR | {"mode": "stream", "batch": 2, "lags": (12,)},
    "recursive linear": LINEAR | {"strategy": "recursive", "difference": 2},
    "recursive naive distribution": DISTRIBUTION | {"linear": "naive", "season": 12},
    "direct stream": {"mode": "stream", "batch": 2, "strategy": "direct", "calendar": ("month",)},
    "stream distribution": DISTRIBUTION | {"mode": "stream", "batch": 2},
    "members": {"members": 3},
    "members' distribution": DISTRIBUTION | {"members": 3},
    "members' direct distribution": DISTRIBUTION | {"members": 3, "strategy": "direct"},
    "members of a stream": {"members": 2, "mode": "stream", "batch": 3, "strategy": "direct"},
    "windows of inputs": {"cell": "tdnn", "context": 3, "strategy": "direct"},
}
COVARIATES: dict[str, dict[str, Any]] = {
    "known": {"target": ("y",), "known": ("price",)},
    "known, direct": {"target": ("y",), "known": ("price",), "past": ("rain",), "strategy": "direct"},
    "known, stream": {"target": ("y",), "known": ("price",), "mode": "stream", "batch": 2},
}


def waves(steps: int = 120, seed: int = 0, level: float = 20.0) -> pd.DataFrame:
    """Return a monthly series with a season of 12 steps, a trend and a little noise."""
    t = np.arange(steps)
    noise = np.random.default_rng(seed).normal(0, 0.3, steps)
    values = level + 0.05 * t + 5 * np.sin(2 * np.pi * t / 12) + noise
    return pd.DataFrame({"y": values}, index=pd.date_range("2000-01-01", periods=steps, freq="MS"))


def with_covariates(steps: int = 120) -> pd.DataFrame:
    """Return a daily series that follows two covariates."""
    price, rain = np.random.default_rng(3).normal(size=(2, 200))[:, :steps]
    y = 3 * price + 2 * np.concatenate([[0], rain[:-1]])
    index = pd.date_range("2020-01-01", periods=steps, freq="D")
    return pd.DataFrame({"y": y, "price": price, "rain": rain}, index=index)
