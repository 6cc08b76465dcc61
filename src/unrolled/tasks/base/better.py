"""A model compared with simple baselines, and what its report says first where one of them is better."""

import math
from collections.abc import Mapping
from typing import Any

from unrolled.errors import ConfigError


def beside(
    figure: str,
    own: float,
    baselines: Mapping[str, float],
    *,
    higher: bool,
    margin: float = 0.0,
    error: float = 0.0,
) -> dict[str, Any]:
    """Return what ``result.json`` holds of a model beside baselines; see :func:`better_baseline`."""
    known = {name: value for name, value in baselines.items() if math.isfinite(value)}
    sentence = better_baseline(figure, own, baselines, higher=higher, margin=margin, error=error)
    return {
        "beside": {"figure": figure, "higher": higher, "own": own, "baselines": known},
        "better_baseline": sentence,
    }


def better_baseline(
    figure: str,
    own: float,
    baselines: Mapping[str, float],
    *,
    higher: bool,
    margin: float = 0.0,
    error: float = 0.0,
) -> str:
    """Return a sentence that names the best baseline if it beats the model, else "".

    Args:
        figure: with what they are compared, such as ``"accuracy"``.
        own: figure of the model.
        baselines: figures of the baselines by name, on the same data.
        higher: whether a higher figure is better.
        margin: by how much a baseline must be better to be named, in units of the figure.
        error: standard error of the difference; the sentence says so of one that is not larger.

    Raises:
        ConfigError: if the margin or the error is negative.
    """
    if margin < 0 or error < 0:
        raise ConfigError(f"margin={margin}, error={error}: must not be negative")
    sign = 1 if higher else -1
    known = [name for name, value in baselines.items() if not math.isnan(value)]
    name = max(known, key=lambda key: sign * baselines[key], default=None)
    if name is None or not sign * (baselines[name] - own) > margin:
        return ""
    figures = f"{figure} {baselines[name]:.4g}, this model {own:.4g}"
    if sign * (baselines[name] - own) <= error:
        return f"{name} does as well here: {figures} (standard error of the difference {error:.2g})"
    return f"{name} is the better choice here: {figures}"
