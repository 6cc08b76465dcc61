"""Compare a model with simple baselines, and name a baseline that is better."""

import math
from collections.abc import Mapping
from typing import Any

from unrolled.errors import ConfigError


def compare_with_baselines(
    figure: str,
    own: float,
    baselines: Mapping[str, float],
    *,
    higher: bool,
    margin: float = 0.0,
    error: float = 0.0,
) -> dict[str, Any]:
    """Return the comparison of a model with baselines for ``result.json``; see :func:`better_baseline`."""
    finite_baselines = {name: value for name, value in baselines.items() if math.isfinite(value)}
    sentence = better_baseline(figure, own, baselines, higher=higher, margin=margin, error=error)
    return {
        "beside": {"figure": figure, "higher": higher, "own": own, "baselines": finite_baselines},
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
        figure: name of the metric, such as ``"accuracy"``.
        own: score of the model.
        baselines: scores of the baselines by name, on the same data.
        higher: True if a higher score is better.
        margin: a baseline is named only if it is better by more than this, in units of the metric.
        error: standard error of the difference; a difference up to this size is reported as a tie.

    Raises:
        ConfigError: if the margin or the error is negative.
    """
    if margin < 0 or error < 0:
        raise ConfigError(f"margin={margin}, error={error}: must not be negative")
    sign = 1 if higher else -1
    names = [name for name, value in baselines.items() if not math.isnan(value)]
    best = max(names, key=lambda name: sign * baselines[name], default=None)
    if best is None or not sign * (baselines[best] - own) > margin:
        return ""
    comparison = f"{figure} {baselines[best]:.4g}, this model {own:.4g}"
    if sign * (baselines[best] - own) <= error:
        return f"{best} does as well here: {comparison} (standard error of the difference {error:.2g})"
    return f"{best} is the better choice here: {comparison}"
