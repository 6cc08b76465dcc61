"""Leave out series that are too short to train on."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.data.series import Series
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.defaults import MIN_HORIZONS, fill_defaults
from unrolled.tasks.forecast.notes import list_names
from unrolled.tasks.forecast.parts import held_out_steps, steps_before


@dataclass(frozen=True)
class ResolvedSeries:
    """The series to train on, and the configuration with all options resolved for them."""

    series: list[Series]
    config: ForecasterConfig
    left_out: list[str]
    """Names of the series that are too short."""
    notes: tuple[str, ...]


def resolve_series(config: ForecasterConfig, series: Sequence[Series]) -> ResolvedSeries:
    """Resolve open options, and leave out series that are too short for them.

    If all series are too short, all are kept; a later step raises the error.

    Raises:
        DataError: see :func:`fill_defaults`.
    """
    selected, resolved = _long_enough(series, config), config
    while True:
        resolved, choices = fill_defaults(config, selected)
        longer = _long_enough(selected, resolved)
        if len(longer) == len(selected):
            break
        selected = longer
    left_out = [s.name for s in series if all(s is not k for k in selected)]
    if not left_out:
        return ResolvedSeries(selected, resolved, [], choices)
    short = "too short" + (" or end before --test-start" if config.data.test_start else "")
    note = f"{len(left_out):,} of {len(series):,} series are {short} and left out: {list_names(left_out)}"
    return ResolvedSeries(selected, resolved, left_out, (note, *choices))


def _long_enough(series: Sequence[Series], config: ForecasterConfig) -> list[Series]:
    """Return the series with enough steps, or all if none has; open options count as their minimum."""
    selected = [s for s in series if _is_long_enough(s, config)] if len(series) > 1 else []
    return selected or list(series)


def _is_long_enough(s: Series, config: ForecasterConfig) -> bool:
    if s.steps < MIN_HORIZONS:
        return False
    end, horizon = s.steps, config.forecast.horizon or 1
    if config.data.test_start:
        end = steps_before(s, config.data.test_start)
        if end == s.steps:
            return False
    training = end - held_out_steps(end, config.data, horizon)
    lost_steps = max(config.features.difference, 0) + max(config.features.lags, default=0)
    return end >= MIN_HORIZONS and training > lost_steps + 1
